"""Cities and their areas as data, each with its source: one YAML file a city."""
