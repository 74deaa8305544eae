"""What officers do with suspected violations: the life of a suspicion, and how certain it is."""
