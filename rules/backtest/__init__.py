"""Backtests: stored readings through the engine again, and what would have been otherwise."""
