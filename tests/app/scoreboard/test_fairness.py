"""How handoffs were dealt out: everybody reads the team's spread, and by name only those whose figures are theirs to
see."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.app.cast import a_head_of_sales, a_marketer, a_rep, a_revops, a_team, an_administrator
from tests.app.handoffs.leads import AGREED, TEAM, a_lead, in_force
from tests.app.handoffs.test_pages import client_of, page_of

from accord_app.ledger.carrying import carry
from accord_app.measures.dealing import measure_fairness
from accord_app.measures.models import Figure
from accord_app.members.models import User
from accord_app.records.actions import record
from accord_app.scoreboard.fairness import _said

pytestmark = pytest.mark.django_db
PAGE = "/scoreboard/dealt/"
BEGINS = datetime(2026, 7, 6, 9, tzinfo=UTC)
NOW = datetime(2026, 8, 1, tzinfo=UTC)
FIVE = ("tomas", "zoe", "mara", "nils", "olga")


def dealt_out(count: int, people: Sequence[str] = ("tomas", "zoe")) -> None:
    """So many leads in July, dealt out in turn."""
    in_force(teams={**AGREED["teams"], TEAM: {"people": list(people)}})
    for handle in people:
        a_rep(handle, f"{handle.capitalize()} Rivera")
    rows = [
        {
            "id": f"h{number}", "handoff_id": f"h{number}", "person_id": f"p{number}", "event": "offered",
            "owner": people[number % len(people)], "team": TEAM, "rule": "routing.rules.1", "version": 3,
            "band": "AB"[number % 2], "score": 40.0 + number % 7, "occurred_at": BEGINS + number * timedelta(hours=1),
        }
        for number in range(count)
    ]  # fmt: skip
    record("handoffs", rows, at=NOW, source="accord")
    carry(at=NOW)
    assert measure_fairness(at=NOW)


def test_what_the_desk_has_dealt_out_is_counted() -> None:
    in_force()
    for number in range(3):
        a_lead(f"p{number}", at=BEGINS + number * timedelta(hours=1), name=f"Lead {number}")
    carry(at=NOW)
    assert measure_fairness(at=NOW)
    (team,) = Figure.objects.get().content["teams"]
    assert {each["person"]: (each["first"], each["expected"]) for each in team["people"]} == {
        "tomas": (2, pytest.approx(1.5)), "zoe": (1, pytest.approx(1.5)),
    }  # fmt: skip


def test_a_rep_reads_the_own_share_and_a_manager_those_of_the_team() -> None:
    dealt_out(24)
    mine = page_of(a_rep(), PAGE)
    assert "Sales DACH: the shares shown here are as agreed, within chance." in mine
    assert "Tomas Rivera: 12, 12.0 agreed, a fair lot gives 8 to 16" in mine and "Zoe Rivera" not in mine
    assert "One colleague is not shown" in mine and mine.count("data-mine") == 1
    theirs = page_of(a_head_of_sales(), PAGE)
    assert "everybody’s share is as agreed, within chance" in theirs
    assert "Tomas Rivera: 12" in theirs and "Zoe Rivera: 12" in theirs and "not shown" not in theirs
    assert "All others go to sales-dach, in turn." in theirs


def test_whoever_is_neither_reads_the_spread_without_names_if_it_gives_nobody_away() -> None:
    dealt_out(100, FIVE)
    for stranger in (a_revops(), an_administrator(), a_marketer(), a_rep("amy", "Amy Clarke", team=a_team("sales-uk"))):
        page = page_of(stranger, f"{PAGE}?team={TEAM}")
        assert not any(f"{handle.capitalize()} Rivera" in page for handle in FIVE) and "data-mine" not in page
        assert "5 of 5 as agreed, within chance" in page and page.count("data-x=") == 10
        assert "5 colleagues without a name" in page and "shares.csv" not in page


def test_of_two_nobody_is_shown_to_strangers() -> None:
    dealt_out(24)
    page = page_of(a_revops(), PAGE)
    assert "Sales DACH is too small to show shares without names." in page and "data-x=" not in page
    assert "2 colleagues are not shown" in page


def test_the_file_holds_whom_the_page_names() -> None:
    dealt_out(24)
    told = {who: file_of(who()) for who in (a_rep, a_head_of_sales, a_revops)}
    assert [row["person"] for row in told[a_head_of_sales]] == ["tomas", "zoe"]
    (mine,) = told[a_rep]
    assert (mine["person"], mine["first"], mine["expected"], mine["verdict"]) == ("tomas", "12", "12.0", "chance")
    assert told[a_revops] == []


def file_of(viewer: User) -> list[dict[str, str]]:
    answer = client_of(viewer).get(f"{PAGE}shares.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_another_quarter_and_another_team_are_a_link_away() -> None:
    dealt_out(24)
    page = page_of(a_head_of_sales(), PAGE)
    assert "Q3 2026" in page and "quarter=2026-Q2" in page
    before = page_of(a_head_of_sales(), f"{PAGE}?team={TEAM}&quarter=2026-Q2")
    assert "no handoff" in before.lower()
    assert "Sales DACH" in page_of(a_head_of_sales(), f"{PAGE}?team=nowhere&quarter=1999-Q9")


def test_with_too_few_it_says_how_many_more_would_tell() -> None:
    dealt_out(4)
    page = page_of(a_rep(), PAGE)
    assert "4 handoffs came by the turn of a rule in Q3 2026; 16 more would tell." in page
    assert "too few to tell" in page and "data-x=" not in page


def test_more_than_a_fair_lot_would_give_is_said_so() -> None:
    dealt_out(24)
    figure = Figure.objects.get()
    (team,) = figure.content["teams"]
    team["people"][0].update(first=22, verdict="more", p=0.001)
    team["people"][1].update(first=2, verdict="fewer", p=0.001)
    figure.save()
    page = page_of(a_head_of_sales(), PAGE)
    assert "2 of 2 got more or fewer handoffs than a fair lot would give." in page
    assert "more than a fair lot would give" in page and "1 clearly above, 1 clearly below" in page


def test_before_anything_is_counted_it_says_so() -> None:
    assert "Nobody has looked yet" in page_of(a_rep(), PAGE)
    assert client_of(a_rep()).get(f"{PAGE}shares.csv").status_code == 404
    assert not measure_fairness(at=NOW)  # without an agreement there is no quarter


def test_the_scoreboard_and_the_list_of_teams_lead_there() -> None:
    dealt_out(1)
    assert f'href="{PAGE}"' in page_of(an_administrator(), "/teams/")


def test_twice_the_people_take_the_same_number_of_queries() -> None:
    dealt_out(24)
    client, taken = client_of(a_head_of_sales()), []
    figure = Figure.objects.get()
    (team,) = figure.content["teams"]
    for times in (5, 10):
        people = [{**team["people"][0], "person": f"x{number}"} for number in range(times)]
        Figure.objects.filter(pk=figure.pk).update(content={**figure.content, "teams": [{**team, "people": people}]})
        client.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        taken.append(len(queries))
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    ("asides", "clear", "said"),
    [
        ((0.2, -0.9), {}, "2 of 2 as agreed, within chance"),
        ((1.2, -0.3), {}, "2 of 2 as agreed, within chance; of several, one may stand outside by chance alone"),
        ((2.0, -0.3), {"more": 1}, "1 of 2 as agreed, within chance, 1 clearly above"),
    ],
)
def test_a_dot_outside_that_chance_explains_is_explained(
    asides: tuple[float, ...], clear: dict[str, int], said: str
) -> None:
    verdicts = Counter({"chance": len(asides) - sum(clear.values()), **clear})
    assert _said([(each, {}) for each in asides], verdicts) == said
