"""What proves the catalogue: series of readings in, faults out."""
