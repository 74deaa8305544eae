"""Tables from files: what is read, and what is refused with the reason."""

from pathlib import Path

import pytest

from rules.errors import RuleError
from rules.expressions.tables import FIRST_DAY, LAST_DAY, Interval, TableRow
from rules.loading import catalogue_folder, load_rules
from rules.table_files import read_tables

_TABLE = """
apiVersion: rules-tables/v1
tables:
  - name: limits
    source: "the act"
    keys: [{name: class, is: text}, {name: excess, is: number}]
    gives: number
    rows:
      - {value: 3, keys: {class: [car, bus], excess: "(5, 10]"}, valid_from: 2025-01-01, valid_to: 2026-08-14}
      - {value: 4.5, keys: {excess: "[, 5]"}}
"""


def _folder(path: Path, text: str) -> Path:
    (path / "tables").mkdir(exist_ok=True)
    (path / "tables" / "law.yaml").write_text(text, encoding="utf-8")
    return path


def test_table_of_a_file_has_its_rows_with_keys_and_days(tmp_path: Path) -> None:
    table = read_tables(_folder(tmp_path, _TABLE))["limits"]
    assert table.source == "the act"
    assert table.is_dated
    assert table.rows == (
        TableRow(
            (frozenset({"car", "bus"}), Interval(5, 10, with_low=False, with_high=True)),
            3.0,
            20250101,
            20260814,
        ),
        TableRow((None, Interval(None, 5, with_high=True)), 4.5, FIRST_DAY, LAST_DAY),
    )


def test_catalogue_without_tables_has_none(tmp_path: Path) -> None:
    assert read_tables(tmp_path) == {}


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("class: [car, bus]", "klass: car", "keys that the table has not: ['klass']"),
        ('"(5, 10]"', "7", "str"),
        ('"(5, 10]"', '"5-10"', "needs an interval such as '[5, 10)', got '5-10'"),
        ('"(5, 10]"', '"(10, 5]"', "needs its lower bound first"),
        ("value: 3", "value: three", "the value of a row must be a float, got 'three'"),
        ("value: 3", "value: true", "the value of a row must be a float, got True"),
        ("2026-08-14", "2024-08-14", "must end after it begins"),
        ('source: "the act"', 'source: ""', "length >= 1"),
        ("name: class", "name: excess", "different names"),
    ],
)
def test_table_that_breaks_the_format_is_refused_by_name(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    with pytest.raises(RuleError) as caught:
        read_tables(_folder(tmp_path, _TABLE.replace(right, wrong, 1)))
    assert problem in str(caught.value)
    assert "law.yaml: table 'limits'" in str(caught.value)


def test_table_whose_name_is_used_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "more.yaml").write_text(_TABLE, encoding="utf-8")
    with pytest.raises(RuleError, match="'limits' is there twice"):
        read_tables(_folder(tmp_path, _TABLE))


def test_table_of_an_installation_takes_the_place_of_the_products(tmp_path: Path) -> None:
    product = read_tables(catalogue_folder())["rush_hour"]
    own = _folder(
        tmp_path,
        """
apiVersion: rules-tables/v1
tables:
  - name: rush_hour
    source: "counted in October"
    keys: [{name: hour, is: number}]
    gives: bool
    rows: [{value: true, keys: {hour: "[7, 9)"}}, {value: false}]
""",
    )
    (own / "own.yaml").write_text(
        """
apiVersion: rules/v1
rules:
  - id: own.rule
    version: 1
    kind: streetlight
    title: {vi: "x", en: "x"}
    when: "table('rush_hour', local.time())"
    severity: {default: minor}
    tests: [own.yaml]
""",
        encoding="utf-8",
    )
    (rule,) = load_rules(own)
    assert "local.time(0)" in {call.column for call in rule.patterns["streetlight"].when.context}  # type: ignore[union-attr]
    assert len(product.keys) == 3
