"""Backup and restore: everything at rest as chunks in one canonical form, whichever backend holds it."""
