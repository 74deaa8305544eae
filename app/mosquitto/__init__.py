"""The production broker: its configuration, who may do what there, and their passwords."""
