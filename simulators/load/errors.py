"""Errors of this package, grouped by what the caller can do.

LoadError
└── LedgerError     a file that is no ledger: give another
"""

__all__ = ["LedgerError", "LoadError"]


class LoadError(Exception):
    """The load cannot be made or cannot go on; the sentence says why and what to do."""


class LedgerError(LoadError):
    """A ledger that cannot be read or begun."""
