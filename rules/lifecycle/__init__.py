"""The life of a fault as a work item: pure functions from where it stands to where a step takes it."""
