"""One module for each kind of device; each holds one constant `KIND`."""
