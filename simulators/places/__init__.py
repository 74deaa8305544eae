"""Names of streets, villages and schools by city, read by `simulators.layout.names`."""
