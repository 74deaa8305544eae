"""Detection: from the journal's entries to faults and suspected violations, in event time."""
