"""What every result can do: refuse to be built wrong, and leave as a table that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.insight.result import Interval, Result, csv_text, ink, theme_config


def rows_of(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    table = pa.table({"origin": ["=1+1", "+49", "-x", "@a", "\tb", "fair, hall 3", None], "n": [-1, 2, 3, 4, 5, 6, 7]})
    rows = rows_of(csv_text(table))
    assert [row[0] for row in rows] == ["origin", "'=1+1", "'+49", "'-x", "'@a", "'\tb", "fair, hall 3", ""]
    assert rows[1][1] == "-1"  # a number is a number


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00")))
def test_no_text_leaves_as_a_formula_and_none_is_lost(text: str) -> None:
    cell = rows_of(csv_text(pa.table({"a": [text], "b": [1]})))[1][0]
    assert not cell.startswith(("=", "+", "-", "@", "\t"))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_times_are_iso() -> None:
    table = pa.table({"at": [datetime(2026, 3, 1, 9, 30, tzinfo=UTC)]})
    assert rows_of(csv_text(table))[1] == ["2026-03-01T09:30:00+00:00"]


def test_a_result_needs_unit_definition_and_count() -> None:
    Result(unit="people", n=0, definition="People.", sql="SELECT 1")
    for wrong in ({"unit": ""}, {"definition": "people"}, {"n": -1}):
        with pytest.raises(ValueError, match="a result needs"):
            Result(**{"unit": "people", "n": 1, "definition": "People.", "sql": "", **wrong})  # type: ignore[arg-type]


def test_an_interval_runs_from_low_to_high() -> None:
    with pytest.raises(ValueError, match="from low to high"):
        Interval(0.4, 0.2)


def test_both_themes_colour_the_same_roles() -> None:
    light, dark = theme_config("light"), theme_config("dark")
    assert light.keys() == dark.keys()
    assert ink("marketing") != ink("marketing", "dark")
    assert len({ink(role) for role in ("marketing", "sales", "both", "quiet", "risk", "missed")}) == 6
