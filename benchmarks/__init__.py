"""Measurements and long proofs; imported by nothing."""
