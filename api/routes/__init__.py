"""The routes, one module for each resource; each has its `router`."""
