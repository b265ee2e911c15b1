"""Absences with a deputy: one's own, and by heads and RevOps for others; every one is a fact that routing reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.members.conftest import Letters, availability

from accord.agreement.state import Roster, microseconds
from accord.facts.errors import AccordError
from accord_app.ledger.models import FACTS
from accord_app.members import absences, actions
from accord_app.members.models import Absence, User
from accord_app.members.roles import Role

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def away(of: User, first: int, last: int, *, deputy: User | None = None, at: datetime = NOW) -> Absence:
    """Away from one day to another, counted from now."""
    return absences.begin(
        of=of, begins_at=NOW + first * DAY, ends_at=NOW + last * DAY, deputy=deputy, by=cast.a_revops(), at=at
    )


def is_there(handle: str, day: float) -> bool:
    """What routing would say."""
    rows = FACTS["availability"].facts().values("person", "event", "occurred_at", "known_at", "until", "deputy")
    return Roster.from_rows(rows).is_there(handle, microseconds(NOW + day * DAY))


def test_an_absence_is_a_fact_that_routing_reads() -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    away(tomas, 1, 5, deputy=sara)
    assert availability() == [("tomas", "absent", "sara", NOW + DAY, NOW + 5 * DAY)]
    assert [is_there("tomas", day) for day in (0.5, 1, 4.9, 5)] == [True, False, False, True]
    assert is_there("sara", 2)


def test_ended_early_and_taken_back() -> None:
    tomas = cast.a_rep()
    first = away(tomas, 1, 5)
    absences.end(absence=first, at=NOW + 2 * DAY)
    assert [is_there("tomas", day) for day in (1.5, 2, 3)] == [False, True, True]
    second = away(tomas, 7, 9, at=NOW + 2 * DAY)
    absences.end(absence=second, at=NOW + 3 * DAY)
    assert is_there("tomas", 8)
    assert [event for _, event, *_ in availability()] == ["absent", "back", "absent", "back"]
    with pytest.raises(AccordError, match="over already"):
        absences.end(absence=second, at=NOW + 3 * DAY)
    third = away(tomas, 6, 10, at=NOW + 3 * DAY)
    assert third.over_at == NOW + 10 * DAY


@pytest.mark.parametrize(("first", "last"), [(1, 5), (0, 2), (4, 9), (2, 3), (0, 9)])
def test_overlapping_absences_are_refused(first: int, last: int) -> None:
    tomas = cast.a_rep()
    away(tomas, 1, 5)
    with pytest.raises(AccordError, match=r"Tomás Rivera is away from 24 November, .* to 28 November, .* already"):
        away(tomas, first, last)
    assert Absence.objects.count() == len(availability()) == 1


@pytest.mark.parametrize(("first", "last"), [(0, 1), (5, 6)])
def test_absences_may_touch(first: int, last: int) -> None:
    tomas = cast.a_rep()
    away(tomas, 1, 5)
    away(tomas, first, last)
    assert Absence.objects.count() == 2


def test_a_deputy_is_somebody_else_who_is_there() -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    away(sara, 4, 8)
    with pytest.raises(AccordError, match="Sara Lind is away") as refused:
        away(tomas, 1, 5, deputy=sara)
    assert "somebody who is there" in refused.value.remedy
    away(tomas, 1, 4, deputy=sara)
    with pytest.raises(AccordError, match="stands in for themselves"):
        away(tomas, 5, 6, deputy=tomas)
    actions.leave(member=sara, at=NOW)
    with pytest.raises(AccordError, match="cannot sign in"):
        away(tomas, 9, 10, deputy=sara)
    invited = actions.invite(name="Bo", email="bo@x.example", role=Role.REP, by=cast.a_revops(), at=NOW).user
    with pytest.raises(AccordError, match="cannot sign in"):
        away(tomas, 9, 10, deputy=invited)


def test_the_deputy_is_told_and_so_is_whose_absence_others_set(letters: Letters) -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    away(tomas, 1, 5, deputy=sara)
    assert [(mail["kind"], mail["to"].handle) for mail in letters] == [
        ("absence_set", "tomas"),
        ("absence_set", "sara"),
    ]
    letters.clear()
    absences.begin(of=sara, begins_at=NOW + 9 * DAY, ends_at=NOW + 10 * DAY, deputy=None, by=sara, at=NOW)
    assert not letters


def typed(first: int, last: int, **more: object) -> dict[str, object]:
    """A form about days from today on."""
    today = timezone.localtime(timezone.now()).replace(hour=9, minute=0)
    return {
        "begins_at": f"{today + first * DAY:%Y-%m-%dT%H:%M}",
        "ends_at": f"{today + last * DAY:%Y-%m-%dT%H:%M}",
        **more,
    }


def test_a_rep_sets_and_ends_the_own_absence_on_the_page(client: Client) -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    client.force_login(tomas)
    assert b"No absence of yours is planned." in client.get("/absences/").content
    done = client.post("/absences/", typed(1, 3, deputy=sara.pk), follow=True)
    assert b"Sara Lind stands in" in done.content
    twice = client.post("/absences/", typed(1, 3, deputy=sara.pk))
    assert twice.status_code == 422 and b"already" in twice.content
    number = Absence.objects.get().pk
    ended = client.post(f"/absences/{number}/end/", follow=True)
    assert b"Your absence has ended." in ended.content
    assert b"over already" in client.post(f"/absences/{number}/end/", follow=True).content


def test_times_are_typed_and_told_in_the_zone_of_the_reader(client: Client) -> None:
    tomas = cast.a_rep()
    User.objects.filter(pk=tomas.pk).update(time_zone="Asia/Tokyo")
    client.force_login(tomas)
    day = timezone.now() + 10 * DAY
    client.post("/absences/", {"begins_at": f"{day:%Y-%m-%d}T09:00", "ends_at": f"{day:%Y-%m-%d}T18:00"})
    begins = Absence.objects.get().begins_at
    assert f"{begins:%H:%M}" == "00:00"
    assert ", 09:00 to" in client.get("/absences/").content.decode()


@pytest.mark.parametrize(
    ("viewer", "may", "may_not"),
    [
        (cast.a_head_of_sales, ["tomas", "clara"], ["jonas", "ada", "miro"]),
        (cast.a_head_of_marketing, ["jonas", "miro"], ["tomas", "ada", "clara"]),
        (cast.a_revops, ["tomas", "jonas", "clara", "miro", "ada"], ["nobody"]),
        (cast.an_administrator, ["tomas", "jonas", "ada"], ["nobody"]),
        (cast.a_rep, ["tomas"], ["jonas", "ada", "clara", "nobody"]),
    ],
)
def test_whose_absence_one_may_set(client: Client, viewer: object, may: list[str], may_not: list[str]) -> None:
    for make in (cast.a_rep, cast.a_marketer, cast.a_revops, cast.a_head_of_sales, cast.a_head_of_marketing):
        make()
    assert callable(viewer)
    client.force_login(viewer())
    for handle in may:
        assert client.post(f"/absences/of/{handle}/", typed(1, 2)).status_code == 302, handle
    for handle in may_not:
        assert client.post(f"/absences/of/{handle}/", typed(1, 2)).status_code == 404, handle
    assert sorted(Absence.objects.values_list("user__handle", flat=True)) == sorted(may)


def test_somebody_elses_absence_is_404(client: Client) -> None:
    other = away(cast.a_marketer(), 1, 5)
    client.force_login(cast.a_rep())
    assert client.post(f"/absences/{other.pk}/end/").status_code == 404
    assert client.post("/absences/999999999999999999/end/").status_code == 404
    assert client.get(f"/absences/{other.pk}/end/").status_code == 405
    other.refresh_from_db()
    assert other.ended_early_at is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"begins_at": "tomorrow"}, "id_begins_at_error"),
        ({"begins_at": ""}, "id_begins_at_error"),
        ({"begins_at": "0001-01-01T00:00"}, "id_begins_at_error"),
        ({"ends_at": "9999-12-31T23:59"}, "id_ends_at_error"),
        ({"ends_at": "99999-12-31T23:59"}, "id_ends_at_error"),
        ({"deputy": "999999"}, "id_deputy_error"),
        ({"deputy": "x' OR 1=1"}, "id_deputy_error"),
    ],
)
def test_what_cannot_be_used_is_said_under_its_field(client: Client, change: dict[str, str], said: str) -> None:
    client.force_login(cast.a_rep())
    answer = client.post("/absences/", typed(1, 2) | change)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert not Absence.objects.exists() and availability() == []


def test_an_end_before_the_beginning_or_in_the_past_is_refused(client: Client) -> None:
    client.force_login(cast.a_rep())
    assert b"The end is not after the beginning." in client.post("/absences/", typed(2, 1)).content
    assert b"The end lies in the past." in client.post("/absences/", typed(-3, -1)).content


def test_a_deputy_who_goes_away_is_told_whom_they_leave_alone(client: Client) -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    client.force_login(tomas)
    client.post("/absences/", typed(1, 5, deputy=sara.pk))
    client.force_login(sara)
    apart = client.post("/absences/", typed(6, 7), follow=True)
    assert b"They stand in for" not in apart.content
    done = client.post("/absences/", typed(3, 4), follow=True)
    assert "They stand in for Tomás Rivera then: choose another deputy there." in done.content.decode()
