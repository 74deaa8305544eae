"""How good detection was: what was raised, compared with what was really wrong."""
