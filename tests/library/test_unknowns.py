"""Conditions for a person about whom nothing is known, against the lead view over an empty ledger."""

from __future__ import annotations

import pytest
from tests.ledgers import day, ledger, moments

from accord.agreement.columns import JUDGED_COLUMNS, LEAD_COLUMNS, STANDING
from accord.agreement.condition import parse
from accord.agreement.qualify import NO_STANDING_SQL
from accord.agreement.unknowns import blank, of_nobody
from accord.facts.lead_view import COLUMNS
from accord.facts.lead_view_whole import view_sql

OF_FACTS = [name for name in COLUMNS if name not in STANDING]


def test_a_blank_person_is_what_an_empty_ledger_shows() -> None:
    engine = ledger()
    engine.register("moments", moments(("nobody", day(1))))
    (row,) = engine.rows(f"SELECT *, {NO_STANDING_SQL} FROM ({view_sql(OF_FACTS)})").to_pylist()
    for name in COLUMNS:
        sql = blank(LEAD_COLUMNS[name])
        assert row[name] == (None if sql is None else engine.one(f"SELECT {sql}")[0]), name


def test_points_are_none_and_names_unknown() -> None:
    assert {column.name: blank(column) for column in JUDGED_COLUMNS} == {
        "persona": None, "fit": "0::DOUBLE", "intent": "0::DOUBLE", "score": "0::DOUBLE", "band": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("unsubscribed OR bounced", False),
        ("days_since_deal_activity <= 45", None),
        ("days_since_deal_activity IS NOT NULL AND days_since_deal_activity <= 45", False),
        ("account_deal_stage IN ('proposal') AND days_since_deal_activity <= 45", False),
        ("country <> 'DE'", None),
        ("country <> 'DE' OR touches < 1", True),
        ("attempts > 2", None),
        ("open_handoff", False),
        ("score > 10", False),
        ("title = 'x''); DROP TABLE people; --'", None),
        ("title IS NULL OR company = '\"; SELECT 1'", True),
    ],
)
def test_what_comes_out_for_nobody(text: str, truth: bool | None) -> None:
    assert of_nobody(parse(text, LEAD_COLUMNS)) is truth
