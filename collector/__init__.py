"""From broker to acknowledged: decode, batch, journal, acknowledge; and the writer of telemetry."""
