"""The leader's jobs over evidence: pictures fetched and kept, and the chain checked once a day."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from app.settings import ServiceSettings
from store.evidence.allowed import AllowList
from store.evidence.fetching import PictureFetcher, PictureProblemError
from store.evidence.pictures import PictureStore
from store.operations.database import OperationsDatabase
from store.operations.evidence_check import check_and_note
from store.operations.forgetting import Forgetting
from store.operations.picture_keeping import KeptPicture, keep_picture
from store.operations.picture_rows import PictureRecord, PictureRepository

__all__ = ["EvidenceCheckJob", "PictureJob", "PrivacyRetentionJob"]

_log = structlog.get_logger(__name__)
_AT_ONCE = 40
_THREADS = 8
_FIRST_RETRY_MS = 30_000
_LONGEST_RETRY_MS = 6 * 3_600_000
_DAY_MS = 86_400_000
_MEGABYTE = 1_048_576


class PictureJob:
    """A leader job: fetches the pictures that are due. `outcomes` counts what became of them in this term."""

    name = "pictures"
    period_s = 5.0

    def __init__(
        self,
        operations: OperationsDatabase,
        store: PictureStore,
        settings: ServiceSettings,
        fetcher: PictureFetcher | None = None,
    ) -> None:
        self._operations = operations
        self._rows = PictureRepository(operations)
        self._store = store
        self._is_on = bool(settings.evidence_hosts)
        self._give_up_ms = settings.evidence_fetch_days * _DAY_MS
        self._fetcher = fetcher or PictureFetcher(
            AllowList(settings.evidence_hosts), settings.evidence_max_mb * _MEGABYTE
        )
        self.outcomes: Counter[str] = Counter()

    def run(self, now_ms: int) -> None:
        """One pass; nothing where no place to fetch from is named.

        Raises:
            OperationsUnavailableError: the operations store does not answer.
            EvidenceStoreError: the picture store does not.
        """
        due = self._rows.due(now_ms, _AT_ONCE) if self._is_on else []
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures") as pool:
            for outcome in pool.map(lambda picture: self._fetch(picture, now_ms), due):
                self.outcomes[outcome] += 1

    def close(self) -> None:
        """Close the connections to cameras."""
        self._fetcher.close()

    def collect(self) -> Iterable[Metric]:
        """What became of pictures."""
        counts = CounterMetricFamily(
            "ioc_pictures_fetched", "Pictures of violations by outcome, in this term", labels=["outcome"]
        )
        for outcome, count in sorted(self.outcomes.items()):
            counts.add_metric([outcome], count)
        yield counts

    def _fetch(self, picture: PictureRecord, now_ms: int) -> str:
        try:
            fetched = self._fetcher.fetch(self._rows.url(picture) or "", picture.given_sha256)
        except PictureProblemError as error:
            return self._put_off(picture, error, now_ms)
        violation = picture.violation
        file = f"{violation[:2]}/{violation}/{picture.place}-{fetched.sha256[:16]}.{fetched.suffix}"
        self._store.put(file, fetched.content)
        kept = KeptPicture(
            file=file,
            sha256=fetched.sha256,
            media_type=fetched.media_type,
            bytes=len(fetched.content),
        )
        if keep_picture(self._operations, picture, kept, now_ms):
            return "kept"
        self._store.delete(file)
        return "unwanted"

    def _put_off(self, picture: PictureRecord, error: PictureProblemError, now_ms: int) -> str:
        if error.is_final:
            self._rows.refuse(picture, error.problem)
            _log.warning("picture_refused", violation=picture.violation, role=picture.role, why=error.problem)
            return "refused"
        wait_ms = min(_FIRST_RETRY_MS * 2 ** min(picture.attempts, 20), _LONGEST_RETRY_MS)
        waited_ms = sum(
            min(_FIRST_RETRY_MS * 2**before, _LONGEST_RETRY_MS) for before in range(picture.attempts)
        )
        gives_up = waited_ms + wait_ms > self._give_up_ms
        self._rows.put_off(picture, error.problem, None if gives_up else now_ms + wait_ms)
        return "failed" if gives_up else "put_off"


class PrivacyRetentionJob:
    """A leader job: removes violations with their pictures when their time is over. `removed` counts them."""

    name = "privacy-retention"
    period_s = 600.0

    def __init__(
        self, operations: OperationsDatabase, store: PictureStore, settings: ServiceSettings
    ) -> None:
        self._forgetting = Forgetting(operations, store)
        self._days = settings.violation_days
        self.removed = 0

    def run(self, now_ms: int) -> None:
        """One pass.

        Raises:
            OperationsUnavailableError: the operations store does not answer.
            EvidenceStoreError: the picture store does not.
        """
        removed = self._forgetting.retain(now_ms, self._days)
        self.removed += removed
        if removed:
            _log.info("violations_removed", count=removed)

    def collect(self) -> Iterable[Metric]:
        """How many this term removed."""
        yield CounterMetricFamily(
            "ioc_violations_removed", "Violations removed for their age, in this term", value=self.removed
        )


class EvidenceCheckJob:
    """A leader job: checks the chain and the pictures once a day, and says so when it is not whole."""

    name = "evidence-check"
    period_s = 3_600.0

    def __init__(self, operations: OperationsDatabase, store: PictureStore) -> None:
        self._operations = operations
        self._store = store
        self._checked_ms: int | None = None
        self._is_whole: bool | None = None

    def run(self, now_ms: int) -> None:
        """One pass; a check if the last is a day old.

        Raises:
            OperationsUnavailableError: the operations store does not answer.
            EvidenceStoreError: the picture store does not.
        """
        if self._checked_ms is not None and now_ms - self._checked_ms < _DAY_MS:
            return
        found = check_and_note(self._operations, self._store, now_ms)
        self._checked_ms, self._is_whole = now_ms, found.is_whole
        if not found.is_whole:
            _log.error("evidence_broken", problem=str(found.problems[0]), problems=len(found.problems))

    def collect(self) -> Iterable[Metric]:
        """Whether the last check found the chain whole."""
        if self._is_whole is not None:
            yield GaugeMetricFamily(
                "ioc_evidence_whole", "1 where the last check found evidence whole", value=int(self._is_whole)
            )
