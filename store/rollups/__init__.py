"""History summed up by the minute and by the hour: what is made of readings, and when."""
