"""One module for each kind of device, named like its table; each holds one constant `BEHAVIOUR`."""
