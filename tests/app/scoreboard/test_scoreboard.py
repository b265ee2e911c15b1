"""Figures as the worker measured them: shown with their age, opened down to their records, taken away as CSV."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.app.cast import a_marketer, a_rep, an_administrator
from tests.app.handoffs.test_desk import arrives, in_force, the_handoff
from tests.app.html import faults

from accord_app.handoffs.actions import accept, reject, settle
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.reads import versions
from accord_app.measures import measuring, reads
from accord_app.measures.measuring import measure, measure_promises
from accord_app.measures.models import Figure, PromiseFigure
from accord_app.members.models import User
from accord_app.records.models import Person
from accord_app.scoreboard.reads import period_title

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 1, 11, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROMISES = [
    {"id": "answered", "side": "sales", "metric": "answered_in_time", "at_least": 0.9, "per": "week"},
    {"id": "handed-over", "side": "marketing", "metric": "handoffs", "at_least": 3, "per": "week"},
]


def lived(leads: int = 30) -> datetime:
    """Leads of one week, all of them answered, every third one late; measured on the Monday after."""
    in_force(promises=PROMISES)
    ada = a_rep("ada", "Ada")
    for number in range(leads):
        at = MONDAY + number * timedelta(minutes=1)
        arrives(f"p{number}", at=at, employees=30)
        accept(handoff=the_handoff(f"p{number}"), by=ada, at=at + (3 * HOUR if number % 3 == 0 else HOUR))
    settle(at=MONDAY + timedelta(days=1))
    measured = MONDAY + timedelta(days=7)
    carry(at=measured)
    assert measure(at=measured)
    return measured


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_before_anything_was_measured_the_page_says_so() -> None:
    page = signed_in(a_rep()).get("/scoreboard/").content.decode()
    assert "Nothing has been measured yet." in page
    assert faults(page) == []


def test_an_empty_lake_measures_nothing_and_does_not_fail() -> None:
    assert measure(at=MONDAY) is False


def test_promises_are_measured_with_their_periods_and_records() -> None:
    measured = lived()
    rows = {row.promise: row for row in PromiseFigure.objects.filter(begins_at=datetime(2027, 1, 11, tzinfo=UTC))}
    assert (rows["answered"].numerator, rows["answered"].denominator) == (20, 30)
    assert (rows["answered"].state, rows["handed-over"].state) == ("missed", "kept")
    assert rows["answered"].measured_at == measured


def test_measuring_again_changes_nothing_but_the_moment() -> None:
    measured = lived()
    before = list(PromiseFigure.objects.order_by("id").values())
    assert measure(at=measured + HOUR)
    after = list(PromiseFigure.objects.order_by("id").values())
    assert [row["value"] for row in after] == [row["value"] for row in before]
    assert {row["measured_at"] for row in after} == {measured + HOUR}


def test_records_are_read_again_only_where_a_figure_has_changed() -> None:
    measured = lived()
    minutes = [measured + timedelta(minutes=number) for number in range(4)]
    measure_promises(at=minutes[1])  # the week has begun: what is owed by its end is at risk
    assert measure_promises(at=minutes[2]) is False
    assert not Figure.objects.filter(measured_at=minutes[2]).exists()
    arrives("late", at=minutes[2], employees=30)
    carry(at=minutes[3])
    measure_promises(at=minutes[3])
    fresh = set(Figure.objects.filter(measured_at=minutes[3]).values_list("name", flat=True))
    assert fresh == {"records answered 2027-W03", "records handed-over 2027-W03"}


def test_a_rejection_is_held_again_once_an_import_tells_of_the_past() -> None:
    in_force()
    arrives("p", at=MONDAY, employees=30)
    reject(handoff=the_handoff("p"), reason="too-small", by=a_rep("ada", "Ada"), at=MONDAY + HOUR)
    settle(at=MONDAY + 2 * HOUR)
    carry(at=MONDAY + 2 * HOUR)
    assert held() == [True]
    told = {"subject": "account", "subject_id": "firm of p", "employees": 5.0, "source": "crm", "source_id": "size",
            "occurred_at": MONDAY, "known_at": MONDAY + timedelta(minutes=1), "known_inferred": False,
            "precision": "second", "evidence": "evidenced"}  # fmt: skip
    lake.ledger().write("profiles", pa.Table.from_pylist([told]), at=MONDAY + timedelta(days=1))
    assert held() == [False]


def held() -> list[bool]:
    found: list[bool] = measuring.held_against(lake.ledger().connect(), versions()[-1].agreement)[1].to_pylist()
    return found


def test_old_figures_are_never_shown_as_new() -> None:
    assert not reads.age_of(MONDAY, MONDAY + timedelta(seconds=60)).is_old
    assert reads.age_of(MONDAY, MONDAY + timedelta(seconds=61)).is_old
    lived(3)
    PromiseFigure.objects.update(measured_at=timezone.now() - timedelta(minutes=2))
    assert "These figures are older than a minute." in signed_in(a_rep()).get("/scoreboard/").content.decode()


def test_both_sides_see_the_same_page() -> None:
    lived()
    pages = [signed_in(who).get("/scoreboard/") for who in (a_rep(), a_marketer())]
    assert [page.status_code for page in pages] == [200, 200]
    told = [page.content.decode().split('<main id="main"')[1] for page in pages]
    assert "Answered in time" in told[0]
    assert told[0].split("</main>")[0] == told[1].split("</main>")[0]
    assert faults(pages[0].content.decode()) == []


def test_a_figure_opens_to_its_definition_query_and_records() -> None:
    lived()
    page = signed_in(an_administrator()).get("/scoreboard/promise/answered/2027-W02/").content.decode()
    assert page.count("/handoffs/") >= 30
    assert "SELECT" in page
    assert "What was agreed" in page
    assert faults(page) == []


def test_records_are_called_by_name_with_the_time_of_the_company() -> None:
    lived(3)
    Person.objects.filter(pk="p1").update(name="Birgit Sommer", company="Kestrel Foods")
    page = signed_in(an_administrator()).get("/scoreboard/promise/answered/2027-W02/").content.decode()
    told = page.split("<main")[1]
    assert "Birgit Sommer" in told
    assert "Kestrel Foods" in told
    assert "11 January, 10:01" in told  # 09:01 UTC is 10:01 in Berlin
    assert "accord:" not in told.split("How this was counted")[0]
    assert "Week 2, 2027. Too few records." in told
    assert "answered, 2027-W02" not in told


def test_whoever_may_not_open_a_handoff_comes_to_its_person() -> None:
    lived(3)
    page = signed_in(a_rep()).get("/scoreboard/promise/answered/2027-W02/").content.decode().split("<main")[1]
    assert page.count("/people/of/") == 3
    assert "/handoffs/" not in page.split("</main>")[0]


def test_periods_bear_names_that_people_use() -> None:
    labels = ["2026-W48", "2026-10", "2026-Q4", "2026"]
    assert [period_title(label) for label in labels] == ["Week 48, 2026", "October 2026", "Q4 2026", "2026"]


def test_records_leave_as_csv_without_names_of_colleagues() -> None:
    lived()
    answer = signed_in(a_rep()).get("/scoreboard/promise/answered/2027-W02/records.csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    head, *lines = text.splitlines()
    assert head.startswith("\ufeff")
    assert "owner" not in head
    assert len(lines) == 30


@pytest.mark.parametrize(
    "address",
    [
        "/scoreboard/promise/none/",
        "/scoreboard/promise/answered/1999-W01/",
        "/scoreboard/promise/answered/1999-W01/records.csv",
        "/scoreboard/kept-wide-pink.svg",
        "/scoreboard/promise/%00/",
    ],
)
def test_what_does_not_exist_is_not_found(address: str) -> None:
    lived(3)
    assert signed_in(a_rep()).get(address).status_code == 404


def test_more_records_make_no_more_queries() -> None:
    lived(6)
    client = signed_in(a_rep())
    client.get("/scoreboard/")
    counts = []
    for more in (6, 12):
        for number in range(more):
            arrives(f"more-{more}-{number}", at=MONDAY + timedelta(days=2, minutes=number), employees=30)
        carry(at=MONDAY + timedelta(days=7))
        measure(at=MONDAY + timedelta(days=7))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/scoreboard/")
            client.get("/scoreboard/promise/answered/2027-W02/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_page_is_fresh_when_it_was_just_measured() -> None:
    in_force(promises=PROMISES)
    now = timezone.now()
    assert reads.age_of(now, now).words == "measured 0\u00a0s ago"


def test_only_the_last_periods_are_kept_however_long_it_runs() -> None:
    lived(3)
    for weeks in (10, 20):
        assert measure(at=MONDAY + timedelta(weeks=weeks))
    kept = PromiseFigure.objects.filter(promise="answered").order_by("begins_at")
    assert kept.count() == 12
    assert kept[0].begins_at > MONDAY + timedelta(weeks=6)
