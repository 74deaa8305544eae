"""Management: which faults have a cause further up, which are told to people, and as what incident."""
