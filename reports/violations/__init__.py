"""Export packs of violations: what an officer hands on, with the hashes that prove it."""
