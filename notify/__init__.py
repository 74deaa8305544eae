"""Telling people and systems of incidents: who, through what, when again, and whether it arrived."""
