"""What became of leads drawn by lot below the line: as sums, and not for those who answer them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.app.cast import a_head_of_marketing, a_head_of_sales, a_marketer, a_rep, a_revops, an_administrator
from tests.app.handoffs.leads import in_force
from tests.app.handoffs.test_pages import client_of, page_of

from accord_app.ledger.carrying import carry
from accord_app.measures.dealing import measure_drawn
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
PAGE = "/scoreboard/drawn/"
LONG_AGO = datetime(2026, 1, 12, 9, tzinfo=UTC)
NOW = LONG_AGO + timedelta(days=200)
EXPLORE = {"share": 0.05, "points_below": 10}
JUDGE = "Judge the line"


def drawn(lot: int, above: int, *, accepted: int) -> None:
    """So many leads of both groups, offered in January; of each group so many were accepted the same day."""
    in_force(explore=EXPLORE)
    decisions, answers = [], []
    for number in range(lot + above):
        is_lot, at = number < lot, LONG_AGO + number * timedelta(minutes=5)
        who = {"person_id": f"p{number}", "handoff_id": f"h{number}", "version": 3}
        decisions.append(
            {**who, "id": f"d{number}", "outcome": "offered", "score": 35.0 if is_lot else 45.0, "occurred_at": at,
             "because": "explore" if is_lot else "qualification.score"}
        )  # fmt: skip
        if (number if is_lot else number - lot) < accepted:
            answers.append({**who, "id": f"a{number}", "event": "accepted", "occurred_at": at + timedelta(hours=2)})
    record("decisions", decisions, at=NOW, source="accord")
    record("handoffs", answers, at=NOW, source="accord")
    carry(at=NOW)
    assert measure_drawn(at=NOW)


def test_both_groups_stand_beside_each_other_with_what_chance_allows_for() -> None:
    drawn(25, 25, accepted=20)
    for viewer in (a_revops(), a_head_of_sales(), a_head_of_marketing(), an_administrator()):
        page = page_of(viewer, PAGE)
        assert "Leads below the line cannot be told apart from those just above it." in page
        assert "25 leads were drawn so far." in page and "20 of 25, 64 to 90" in page
        assert "5 % of leads from 30 points on; the line is 40" in page and "Cannot be told apart" in page


def test_it_says_when_they_do_worse() -> None:
    drawn(25, 60, accepted=25)
    page = page_of(a_revops(), PAGE)
    assert "Leads below the line were accepted more often than those just above it." in page


def test_with_too_few_it_says_so() -> None:
    drawn(3, 40, accepted=3)
    page = page_of(a_revops(), PAGE)
    assert "Too few leads were drawn by lot to tell how well the line stands." in page and "17 more needed" in page


def test_whoever_answers_is_not_told() -> None:
    drawn(3, 3, accepted=1)
    for viewer in (a_rep(), a_marketer()):
        assert client_of(viewer).get(PAGE).status_code == 403
        assert JUDGE not in page_of(viewer, "/agreement/")
    assert JUDGE in page_of(a_revops(), "/agreement/")


def test_without_a_lot_there_is_nothing_to_judge() -> None:
    in_force()
    carry(at=NOW)
    assert not measure_drawn(at=NOW)
    assert "No lead is drawn by lot." in page_of(a_revops(), PAGE)
    assert JUDGE not in page_of(a_revops(), "/agreement/")
