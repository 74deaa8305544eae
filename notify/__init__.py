"""Channels that carry notifications to people and systems. Empty until its first channel."""
