"""The registry from the command line: over the API of a running service, or in its files."""
