"""The HTTP view of the service: REST, live stream, authorisation. No business decision lives here."""
