"""Dated tables of values that rules look up; data only."""
