"""Traffic law and what becomes of passages: fines, limits, restrictions and sections, all dated."""
