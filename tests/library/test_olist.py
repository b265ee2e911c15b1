"""A real funnel through the example's mappings. The figures are those that its publishers' data give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.imports import Imported, counts, imported

from accord.sources.mapping import read_mapping

EXAMPLE = Path(__file__).parents[2] / "examples/olist"
SHARED = Path(os.environ.get("ACCORD_SHARED_DATA", Path(__file__).parents[2].parent / "shared/data"))
SOURCE = SHARED / "olist_funnel"
needs_olist = pytest.mark.skipif(not SOURCE.is_dir(), reason="Olist's data are not beside the checkout")
ORIGINS = {
    "organic_search": (2296, 271), "paid_search": (1586, 195), "social": (1350, 75), "unknown": (1099, 179),
    "direct_traffic": (499, 56), "email": (493, 15), "referral": (284, 24), "other": (150, 4), "display": (118, 6),
    "other_publicities": (65, 3), None: (60, 14),
}  # fmt: skip


def the_funnel(folder: Path) -> Imported:
    leads = imported(
        folder, SOURCE / "olist_marketing_qualified_leads_dataset.csv", read_mapping(EXAMPLE / "leads.yaml")
    )
    deals = imported(folder, SOURCE / "olist_closed_deals_dataset.csv", read_mapping(EXAMPLE / "deals.yaml"))
    return Imported(deals.ledger, [*leads.outcomes, *deals.outcomes], deals.refused_file)


@needs_olist
def test_every_lead_and_every_win_is_there_and_nothing_more(tmp_path: Path) -> None:
    done = the_funnel(tmp_path)
    assert [(outcome.table, counts(outcome)) for outcome in done.outcomes] == [
        ("profiles", (8000, 8000, 0, 0, 0, 0)),
        ("handoffs", (8000, 8000, 0, 0, 0, 0)),
        ("deals", (842, 842, 0, 0, 0, 0)),
        ("profiles", (842, 842, 0, 0, 0, 0)),
    ]
    engine = done.ledger.connect()
    assert engine.one("SELECT count(DISTINCT event), min(event), count(owner) FROM handoffs") == (1, "mql", 0)
    assert engine.one("SELECT count(*), count(amount), count(DISTINCT owner) FROM deals WHERE event = 'won'") == (
        842, 0, 22,
    )  # fmt: skip
    assert engine.one("SELECT count(*) FROM touches") == (0,)


@needs_olist
def test_unknown_and_missing_origin_are_two_values_with_their_own_wins(tmp_path: Path) -> None:
    engine = the_funnel(tmp_path).ledger.connect()
    rows = engine.rows(
        "SELECT origin, count(*) AS leads, count(deals.person_id) AS won FROM profiles "
        "LEFT JOIN deals ON deals.person_id = subject_id WHERE subject = 'person' GROUP BY origin"
    ).to_pylist()
    assert {row["origin"]: (row["leads"], row["won"]) for row in rows} == ORIGINS


@needs_olist
def test_lags_dates_without_a_time_and_the_win_before_the_contact_are_as_recorded(tmp_path: Path) -> None:
    engine = the_funnel(tmp_path).ledger.connect()
    lag = "date_diff('second', profiles.occurred_at, deals.occurred_at) / 86400.0"
    median, least, before = engine.one(
        f"SELECT round(median({lag}), 1), round(min({lag}), 2), count(*) FILTER ({lag} < 0) "
        "FROM deals JOIN profiles ON deals.person_id = subject_id AND subject = 'person'"
    )
    assert (median, least, before) == (14.7, -1.18, 1)
    midnights = "CAST(occurred_at AS TIME) IN (TIME '00:00:00', TIME '02:00:00', TIME '03:00:00')"
    assert engine.one(f"SELECT count(*) FROM deals WHERE {midnights}") == (62,)
    assert engine.rows("SELECT DISTINCT precision FROM handoffs").to_pylist() == [{"precision": "day"}]
