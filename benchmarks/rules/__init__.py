"""How fast rules are, beside the same conditions in other engines."""
