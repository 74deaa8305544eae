"""Operations at rest: registry, faults, violations, keys, audit, and detection's own state.

One database, SQLite on one machine or PostgreSQL for several processes. `OperationsDatabase` owns the
connection and the schema; each repository beside it owns one noun.
"""
