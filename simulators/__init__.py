"""A city of devices that behave, fail and lie on purpose, with the ground truth of what they did."""
