"""The language of conditions: a subset of CEL, checked against the catalogue and compiled to polars."""
