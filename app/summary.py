"""What a run did, for people as a table and for scripts as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from collector.fates import Balance, Fate

__all__ = ["Summary"]

_WORDS = {
    "seconds_to_ready": ("seconds to ready", "giây đến lúc sẵn sàng"),
    "received": ("records received", "bản ghi đã nhận"),
    "written": ("readings written", "số đo đã lưu"),
    "events": ("events written", "sự kiện đã lưu"),
    "status": ("statuses", "trạng thái"),
    "ignored": ("ignored", "bỏ qua"),
    "dead_lettered": ("dead letters", "bị từ chối"),
    "duplicates": ("duplicates", "trùng lặp"),
    "pending": ("pending", "đang chờ"),
    "faults": ("faults", "sự cố"),
    "violations": ("suspected violations", "nghi vấn vi phạm"),
}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts over the whole life of a data directory; `seconds_to_ready` is of this run."""

    seconds_to_ready: float
    received: int
    written: int
    events: int
    status: int
    ignored: int
    dead_lettered: int
    duplicates: int
    pending: int
    faults: int
    violations: int

    @classmethod
    def of(cls, balance: Balance, *, seconds_to_ready: float, faults: int, violations: int) -> "Summary":
        """The summary of a checkpoint."""
        counts = {fate.value: balance.tally.of(fate) for fate in Fate}
        return cls(
            seconds_to_ready=round(seconds_to_ready, 2),
            pending=balance.pending,
            faults=faults,
            violations=violations,
            **counts,
        )

    @property
    def adds_up(self) -> bool:
        """Whether every record received has one fate or is pending."""
        ended = self.written + self.events + self.status + self.ignored + self.dead_lettered + self.duplicates
        return self.received == ended + self.pending

    def as_dict(self) -> Mapping[str, float | int]:
        """The figures by name."""
        return asdict(self)

    def write_json(self, path: Path) -> None:
        """Write the figures as a JSON object.

        Raises:
            OSError: the file cannot be written.
        """
        path.write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")

    def table(self) -> Table:
        """The figures for a terminal, in English and Vietnamese."""
        table = Table("", "", "", title="What happened / Kết quả", title_justify="left", show_header=False)
        table.columns[2].justify = "right"
        for name, value in self.as_dict().items():
            english, vietnamese = _WORDS[name]
            table.add_row(english, vietnamese, f"{value:,}")
        table.add_row("adds up", "khớp số", "yes" if self.adds_up else "NO")
        return table
