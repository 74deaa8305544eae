"""One module for each type of fault, named like its id; each holds one constant `FAULT`."""
