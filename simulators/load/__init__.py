"""Load: devices that publish as fast as a broker takes it, from several processes, with a ledger."""
