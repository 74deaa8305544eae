"""How a simulated city is laid out: one module for each group of devices."""
