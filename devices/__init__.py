"""What a device is and says: kinds, topics, readings, events, registry, decoders and plates."""
