"""Figures, shift digests and weekly reports. Empty until its first figure."""
