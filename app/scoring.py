"""Scoring a run: what the service raised, from its store or its API, against a truth file."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import msgspec

from app.data_directory import DataDirectory
from app.errors import StartError
from app.scoring_api import ApiReports
from reports.score.as_json import as_json
from reports.score.catalogue import rule_book
from reports.score.figures import Score
from reports.score.matching import Tolerance
from reports.score.raised import Reports
from reports.score.scoring import score
from reports.score.stored import StoredReports
from reports.score.truth import Truth, TruthError, read_truth
from rules.loading import load_rules
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.errors import OperationsSetupError

__all__ = ["score_of", "score_of_api", "score_of_directory", "truth_of", "write_score"]

_EXPLAINED = 200  # false reports whose reason is fetched; a longer list is read by nobody
_INTERVALS_OF_GRACE = 3


class _Raised(Protocol):
    """Where reports come from."""

    def all(self) -> Reports:
        """Everything that was raised."""
        ...

    def why(self, fault: str) -> str:
        """What explains a fault, in one line; empty if nothing does."""
        ...


def truth_of(path: Path) -> Truth:
    """What a truth file says.

    Raises:
        StartError: it cannot be read.
    """
    try:
        return read_truth(path)
    except TruthError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"the truth file {str(path)!r} cannot be read ({error.strerror})") from error


def score_of(truth: Truth, raised: _Raised, interval_s: float | None = None) -> Score:
    """The score of what was raised; `interval_s` is how often devices report, if not as their kind says."""
    usual = Tolerance()
    # Rules that need several readings need them after a fault's end as well.
    grace_ms = max(usual.grace_ms, round(_INTERVALS_OF_GRACE * (interval_s or 0) * 1000))
    rules = rule_book(load_rules(), interval_s)
    result = score(truth, raised.all(), rules, replace(usual, grace_ms=grace_ms))
    explained = [replace(one, why=raised.why(one.id)) for one in result.false[:_EXPLAINED]]
    return replace(result, false=(*explained, *result.false[_EXPLAINED:]))


def score_of_directory(truth: Truth, data: Path, interval_s: float | None = None) -> Score:
    """The score of what a stopped service left in its data directory.

    Raises:
        StartError: there is nothing, or a running service holds it.
    """
    if not (data / "operations.db").is_file():
        raise StartError(f"--data: {str(data)!r} holds no operations store; name the folder of a run")
    directory = DataDirectory(data)
    try:
        database = OperationsDatabase.open(sqlite_url(directory.operations))
    except OperationsSetupError as error:
        directory.release()
        raise StartError(str(error)) from error
    try:
        return score_of(truth, StoredReports(database), interval_s)
    finally:
        database.close()
        directory.release()


def score_of_api(truth: Truth, url: str, key: str, interval_s: float | None = None) -> Score:
    """The score of what a running service answers.

    Raises:
        StartError: it does not answer, or not as expected.
    """
    raised = ApiReports(url, key)
    try:
        return score_of(truth, raised, interval_s)
    finally:
        raised.close()


def write_score(path: Path, result: Score) -> None:
    """Write the score as JSON.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(msgspec.json.format(msgspec.json.encode(as_json(result)), indent=2) + b"\n")
