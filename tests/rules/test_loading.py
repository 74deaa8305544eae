from pathlib import Path

import pytest

from devices.catalogue import kinds
from rules.errors import RuleError
from rules.faults import Severity
from rules.loading import load_rules
from rules.rule import Happening, Lasting, Missing, Silence

_HEAD = """
apiVersion: rules/v1
rules:
"""
_LASTING = """
  - id: lamp.out
    version: 3
    kind: streetlight
    title: {vi: "Đèn không sáng", en: "Lamp out"}
    when: "m.cmd_on && m.power_w < 0.10 * d.rated_w"
    for: 5m
    min_samples: 3
    clear_when: "!m.cmd_on"
    clear_for: 1m30s
    missing: clear
    severity: {default: minor}
    tests: [proof.yaml]
"""
_SILENT = """
  - id: any.silent
    version: 1
    kind: [wifi-ap, loudspeaker]
    title: {vi: "Mất tín hiệu", en: "Silent"}
    absent: {tolerate: 2.5, jitter: 10s, expect: 2m}
    severity: {default: warning, by_kind: {wifi-ap: major}}
    tests: [proof.yaml]
"""
_EVENT = """
  - id: camera.speeding
    version: 1
    kind: traffic-camera
    title: {vi: "Quá tốc độ", en: "Speeding"}
    on: passage
    when: "e.speed_kmh > d.limit_kmh"
    emit: {type: violation, subtype: speeding}
    dedup: {key: "e.plate", within: 60s}
    evidence: {min_images: 2}
    severity: {default: warning}
    tests: [proof.yaml]
"""


def _folder(path: Path, *rules: str, name: str = "some.yaml", head: str = _HEAD) -> Path:
    (path / name).write_text(head + "".join(rules), encoding="utf-8")
    folder = path / "proofs"
    folder.mkdir(exist_ok=True)
    (path / "proof.yaml").write_text("apiVersion: rules/v1\nrules: []\n", encoding="utf-8")
    return path


def test_lasting_rule_as_written_is_what_is_loaded(tmp_path: Path) -> None:
    (rule,) = load_rules(_folder(tmp_path, _LASTING))
    pattern = rule.patterns["streetlight"]
    assert isinstance(pattern, Lasting)
    assert (rule.id, rule.version, rule.title.en, rule.tests) == ("lamp.out", 3, "Lamp out", ("proof.yaml",))
    assert (pattern.for_ms, pattern.min_samples, pattern.clear_for_ms) == (300_000, 3, 90_000)
    assert pattern.missing is Missing.CLEAR
    assert pattern.clear_when is not None
    assert pattern.clear_when.text == "!m.cmd_on"


def test_silence_rule_as_written_is_what_is_loaded_for_each_kind(tmp_path: Path) -> None:
    (rule,) = load_rules(_folder(tmp_path, _SILENT))
    assert dict(rule.patterns) == dict.fromkeys(
        ("wifi-ap", "loudspeaker"), Silence(tolerate=2.5, jitter_ms=10_000, expect_ms=120_000)
    )
    assert rule.severity_of("wifi-ap") is Severity.MAJOR
    assert rule.severity_of("loudspeaker") is Severity.WARNING


def test_kind_any_means_every_kind_with_telemetry(tmp_path: Path) -> None:
    text = _SILENT.replace("[wifi-ap, loudspeaker]", "any").replace("expect: 2m", "expect: d.interval_s")
    (rule,) = load_rules(_folder(tmp_path, text))
    assert rule.patterns.keys() == kinds().keys()
    assert rule.patterns["wifi-ap"] == Silence(tolerate=2.5, jitter_ms=10_000)


def test_event_rule_as_written_is_what_is_loaded(tmp_path: Path) -> None:
    (rule,) = load_rules(_folder(tmp_path, _EVENT))
    pattern = rule.patterns["traffic-camera"]
    assert isinstance(pattern, Happening)
    assert (pattern.event, pattern.violation, pattern.min_images, pattern.within_ms) == (
        "passage", "speeding", 2, 60_000,
    )  # fmt: skip
    assert pattern.key is not None


def test_rules_of_several_files_come_sorted_by_id(tmp_path: Path) -> None:
    _folder(tmp_path, _LASTING, name="z.yaml")
    _folder(tmp_path, _EVENT, _SILENT, name="a.yaml")
    assert [rule.id for rule in load_rules(tmp_path)] == ["any.silent", "camera.speeding", "lamp.out"]


@pytest.mark.parametrize(
    ("rule", "right", "wrong", "problem"),
    [
        (_LASTING, "clear_for:", "cleared_for:", "cleared_for"),
        (_LASTING, "5m", "soon", "a duration is written like"),
        (_LASTING, "min_samples: 3", "min_samples: 0", "min_samples"),
        (_LASTING, "missing: clear", "missing: ignore", "missing"),
        (_LASTING, "version: 3", "version: three", "version"),
        (_LASTING, "kind: streetlight", "kind: toaster", "kind is one or more of"),
        (_LASTING, "kind: streetlight", "kind: []", "kind is one or more of"),
        (_LASTING, "tests: [proof.yaml]", "tests: []", "needs at least one file"),
        (_LASTING, "proof.yaml", "gone.yaml", "no test file 'gone.yaml'"),
        (_LASTING, "{default: minor}", "{default: awful}", "severity"),
        (_LASTING, "{default: minor}", "{default: minor, by_kind: {wifi-ap: major}}", "does not watch"),
        (_LASTING, "id: lamp.out", "id: Lamp Out", "id"),
        (_LASTING, '    when: "m.cmd_on && m.power_w < 0.10 * d.rated_w"\n', "", "either when or absent"),
        (
            _LASTING,
            "missing: clear",
            "evidence: {min_images: 2}",
            "evidence cannot stand beside when without on",
        ),
        (_SILENT, "absent:", "for: 5m\n    absent:", "for cannot stand beside absent"),
        (_EVENT, "emit:", "for: 5m\n    emit:", "for cannot stand beside on"),
        (_EVENT, "    emit: {type: violation, subtype: speeding}\n", "", "needs emit"),
        (_SILENT, "tolerate: 2.5", "tolerate: 0", "tolerate"),
        (_SILENT, "jitter: 10s", "jitter: -10s", "a duration is written like"),
    ],
)
def test_rule_that_breaks_the_format_is_refused_with_file_and_id(
    tmp_path: Path, rule: str, right: str, wrong: str, problem: str
) -> None:
    assert right in rule
    with pytest.raises(RuleError, match=problem) as caught:
        load_rules(_folder(tmp_path, rule.replace(right, wrong)))
    assert caught.value.file == "some.yaml"
    assert caught.value.rule is not None


def test_rule_with_a_wrong_expression_is_refused_with_the_column(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"some\.yaml, rule 'lamp\.out', column 13: .*powr_w") as caught:
        load_rules(_folder(tmp_path, _LASTING.replace("m.power_w", "m.powr_w")))
    assert (caught.value.file, caught.value.rule, caught.value.column) == ("some.yaml", "lamp.out", 13)


def test_id_used_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="used twice"):
        load_rules(_folder(tmp_path, _LASTING, _LASTING))


def test_file_of_a_kind_with_a_rule_of_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="for wifi-ap only"):
        load_rules(_folder(tmp_path, _LASTING, name="wifi_ap.yaml"))


@pytest.mark.parametrize(
    "head",
    [
        "rules: [",
        "apiVersion: rules/v2\nrules: []",
        "apiVersion: rules/v1\nrule: []",
        "just text",
        "apiVersion: rules/v1\nrules: 3",
    ],
)
def test_file_that_is_no_catalogue_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(RuleError, match=r"some\.yaml"):
        load_rules(_folder(tmp_path, head=head))


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (tmp_path / "some.yaml").write_bytes(b"apiVersion: rules/v1\nrules: [\xff]")
    with pytest.raises(RuleError, match=r"some\.yaml.*UTF-8"):
        load_rules(folder)


def test_rule_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="rule number 1 must be a mapping"):
        load_rules(_folder(tmp_path, "  - 3\n"))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{to: major}", "an escalation has either after or if"),
        ("{to: major, after: 24h, if: \"group_count('area') >= 2\"}", "an escalation has either after or if"),
        ("{to: major, if: m.power_w > 3}", "escalate.if must read group_count"),
        ("{to: worst, after: 24h}", "worst"),
    ],
)
def test_escalation_that_cannot_be_is_refused(tmp_path: Path, written: str, sentence: str) -> None:
    rule = _LASTING.replace("{default: minor}", "{default: minor, escalate: [" + written + "]}")
    with pytest.raises(RuleError, match=sentence):
        load_rules(_folder(tmp_path, rule))
