"""The table of all types of fault, as the documents show it."""

from simulators.fault_types import fault_types
from simulators.injection import FaultType

__all__ = ["fault_table"]

_HEAD = """| id | kind | what it does | rules | can be seen |
| --- | --- | --- | --- | --- |
"""


def fault_table() -> str:
    """Markdown: real faults by kind and id, then what looks like one and is none."""
    types = sorted(fault_types(), key=lambda fault: (not fault.real, fault.kind, fault.id))
    return _HEAD + "".join(map(_row, types))


def _row(fault: FaultType) -> str:
    rules = ", ".join(f"`{rule}`" for rule in fault.rules) or "none"
    return (
        f"| `{fault.id}` | {fault.kind} | {fault.title.vi} / {fault.title.en} | {rules} | {fault.shows} |\n"
    )
