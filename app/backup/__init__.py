"""Backup, restore and copy at the command line and in a running service."""
