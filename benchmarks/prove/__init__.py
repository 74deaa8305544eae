"""Long proofs: one module each, with a function `prove(scale, folder)` that raises where the proof fails."""
