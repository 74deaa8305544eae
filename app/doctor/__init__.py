"""What `ioc doctor` looks at, and what it says."""
