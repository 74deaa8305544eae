"""One module for each message format; each holds one constant `DECODER`, the class of its decoder."""
