"""One module for each message format; each holds one constant `DECODER`, a class to be called for an instance."""
