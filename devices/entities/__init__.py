"""Kinds of dated entity, one file each with one constant `ENTITY` and the type it makes."""
