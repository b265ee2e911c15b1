"""Members change, leave and come back; the last administrator stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection, connections
from django.test import Client
from tests.agreements import an_agreement
from tests.app import cast
from tests.app.members.conftest import availability

from accord.facts.errors import AccordError
from accord_app.members import absences, actions
from accord_app.members.models import Absence, User
from accord_app.members.roles import Role
from accord_app.records.actions import record

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.django_db
def test_an_administrator_changes_role_team_and_manager(client: Client) -> None:
    client.force_login(cast.an_administrator())
    tomas, clara, team = cast.a_rep(), cast.a_head_of_sales(), cast.a_team("enterprise", "Enterprise")
    typed = {"name": "Tomás R.", "role": "head_of_sales", "team": team.pk, "manager": clara.pk}
    assert client.post("/members/of/tomas/", typed).status_code == 302
    tomas.refresh_from_db()
    assert (tomas.name, tomas.role, tomas.team, tomas.manager) == ("Tomás R.", "head_of_sales", team, clara)
    assert availability() == []


@pytest.mark.django_db
def test_revops_reads_members_and_changes_none(client: Client) -> None:
    client.force_login(cast.a_revops())
    cast.a_rep()
    page = client.get("/members/of/tomas/")
    assert page.status_code == 200 and b"<form" not in page.content.split(b"<main")[1].split(b"</main>")[0]
    for path in ("", "leave/", "return/", "resend/", "withdraw/"):
        assert client.post(f"/members/of/tomas/{path}", {"name": "X", "role": "rep"}).status_code == 403
    assert User.objects.get(handle="tomas").name == "Tomás Rivera"


@pytest.mark.django_db
def test_the_last_administrator_keeps_the_role_and_stays(client: Client) -> None:
    ingrid = cast.an_administrator()
    client.force_login(ingrid)
    answer = client.post("/members/of/ingrid/", {"name": "Ingrid Solberg", "role": "rep"})
    assert answer.status_code == 422 and b"Ingrid Solberg is the last administrator." in answer.content
    with pytest.raises(AccordError, match="last administrator"):
        actions.leave(member=ingrid, at=NOW)
    invited = actions.invite(name="Bo", email="bo@kestrel.example", role=Role.ADMINISTRATOR, by=ingrid, at=NOW).user
    with pytest.raises(AccordError, match="last administrator"):
        actions.leave(member=ingrid, at=NOW)  # who has yet to join administers nothing
    actions.withdraw(member=invited)
    second = cast.a_member("olaf", "Olaf Berg", Role.ADMINISTRATOR, None)
    actions.leave(member=ingrid, at=NOW)
    with pytest.raises(AccordError, match="last administrator"):
        actions.leave(member=second, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_step_down_at_the_same_time_leave_one() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one write at a time; this is about PostgreSQL")
    both = [cast.an_administrator(), cast.a_member("olaf", "Olaf Berg", Role.ADMINISTRATOR, None)]
    together = Barrier(2)

    def leaves(member: User) -> bool:
        together.wait()
        try:
            actions.leave(member=member, at=NOW)
        except AccordError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leaves, both)) == [False, True]
    assert User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count() == 1


@pytest.mark.django_db
def test_whoever_leaves_is_signed_out_at_once_and_the_ledger_knows(client: Client) -> None:
    tomas, administrator = cast.a_rep(), Client()
    client.force_login(tomas)
    assert client.get("/profile/").status_code == 200
    administrator.force_login(cast.an_administrator())
    administrator.post("/members/of/tomas/leave/")
    assert client.get("/profile/").headers["Location"].startswith("/account/login/")
    [(person, event, deputy, *_)] = availability()
    assert (person, event, deputy) == ("tomas", "left", None)
    tomas.refresh_from_db()
    assert not tomas.may("answer handoffs")
    told = administrator.post("/members/of/tomas/leave/", follow=True)
    assert "Tomás Rivera has left already." in told.content.decode()
    assert len(availability()) == 1


@pytest.mark.django_db
def test_coming_back_ends_absences_of_before() -> None:
    tomas, ada = cast.a_rep(), cast.a_revops()
    absences.begin(of=tomas, begins_at=NOW + DAY, ends_at=NOW + 9 * DAY, deputy=None, by=ada, at=NOW)
    actions.leave(member=tomas, at=NOW + 2 * DAY)
    actions.come_back(member=User.objects.get(pk=tomas.pk), at=NOW + 3 * DAY)
    assert [event for _, event, *_ in availability()] == ["absent", "left", "back", "joined"]
    assert Absence.objects.get().over_at == NOW + 3 * DAY
    assert User.objects.get(pk=tomas.pk).is_active


@pytest.mark.django_db
def test_leaving_and_its_fact_stand_or_fall_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from accord_app.members import notices

    def breaks(**_: object) -> None:
        raise RuntimeError("disk full")

    tomas = cast.a_rep()
    monkeypatch.setattr(notices.availability, "subscribers", (*notices.availability.subscribers, breaks))
    with pytest.raises(RuntimeError, match="disk full"):
        actions.leave(member=tomas, at=NOW)
    assert User.objects.get(pk=tomas.pk).is_active and availability() == []


@pytest.mark.django_db
def test_nobody_is_their_own_manager_not_even_around_a_corner(client: Client) -> None:
    client.force_login(cast.an_administrator())
    tomas, clara = cast.a_rep(), cast.a_head_of_sales()
    answer = client.post("/members/of/clara/", {"name": "Clara", "role": "head_of_sales", "manager": tomas.pk})
    assert answer.status_code == 422 and b"Clara Novak would be their own manager." in answer.content
    itself = client.post("/members/of/clara/", {"name": "Clara", "role": "head_of_sales", "manager": clara.pk})
    assert itself.status_code == 422 and b"id_manager_error" in itself.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/members/of/nobody/", "/members/of/nobody/leave/", "/members/of/-/"])
def test_nobody_is_404(client: Client, path: str) -> None:
    client.force_login(cast.an_administrator())
    post = client.post(path, {})
    assert post.status_code == 404


@pytest.mark.django_db
def test_the_list_pages_by_name_finds_and_counts(client: Client) -> None:
    client.force_login(cast.an_administrator())
    for number in range(60):
        cast.a_member(f"r{number:02}", f"Rep {number:02}", Role.REP, None)
    first = client.get("/members/")
    assert "1 to 50 of 61" in first.content.decode()
    assert b"61 people work with the agreement." in first.content
    second = client.get("/members/", {"after": first.context["found"].after})
    assert "51 to 61 of 61" in second.content.decode()
    names = [row.name for page in (first, second) for row in page.context["found"].rows]
    assert names == sorted(names) and len(set(names)) == 61
    found = client.get("/members/", {"q": "rep 07"}).context["found"]
    assert [row.handle for row in found.rows] == ["r07"]
    assert b"Nobody is called that" in client.get("/members/", {"q": "\x00nobody'--%"}).content
    assert client.get("/members/", {"standing": "no such", "after": "no such"}).status_code == 200


@pytest.mark.django_db
def test_the_list_takes_as_many_queries_for_many_as_for_few(
    client: Client, django_assert_max_num_queries: object
) -> None:
    from django.test.utils import CaptureQueriesContext

    client.force_login(cast.an_administrator())
    cast.a_rep()
    with CaptureQueriesContext(connection) as few:
        client.get("/members/")
    for number in range(20):
        cast.a_rep(f"r{number:02}", f"Rep {number:02}")
    with CaptureQueriesContext(connection) as many:
        client.get("/members/")
    assert len(many) == len(few)


@pytest.mark.django_db
def test_teams_are_added_changed_and_removed_when_empty(client: Client) -> None:
    client.force_login(cast.an_administrator())
    typed = {"name": "enterprise", "title": "Enterprise", "side": "sales"}
    assert client.post("/teams/", typed).status_code == 302
    again = client.post("/teams/", typed)
    assert again.status_code == 422 and b"There is a team enterprise already." in again.content
    assert client.post("/teams/enterprise/", {"title": "Big ones", "side": "both"}).status_code == 302
    assert "Big ones" in client.get("/teams/").content.decode()
    assert client.post("/teams/enterprise/", {"title": "", "side": "left"}).status_code == 422
    cast.a_rep()
    kept = client.post("/teams/sales-dach/remove/", follow=True)
    assert b"Sales DACH has people. Move them to another team first." in kept.content
    gone = client.post("/teams/enterprise/remove/", follow=True)
    assert b"Big ones is removed." in gone.content
    assert client.get("/teams/enterprise/").status_code == 404


def in_force(**articles: object) -> None:
    """An agreement whose teams are those given, in force since long ago."""
    since = datetime(2026, 1, 5, tzinfo=UTC)
    text = an_agreement(in_force_from=since.isoformat(), **articles).text
    record("agreements", [{"version": 1, "event": "in_force", "text": text, "id": "1", "occurred_at": since}], at=since,
           source="accord")  # fmt: skip


@pytest.mark.django_db
def test_the_teams_page_shows_the_hours_of_the_agreement_and_what_it_misses(client: Client) -> None:
    client.force_login(cast.an_administrator())
    cast.a_rep()
    london = {"hours": {"mon-thu": "08:00-18:00"}, "time_zone": "Europe/London"}
    in_force(
        teams={"sales-dach": {"people": ["tomas", "sara"]}, "emea": {"people": ["amy"], "calendar": london}},
        routing={"rules": [{"team": "emea", "method": "round_robin"}]},
    )
    text = client.get("/teams/").content.decode()
    assert "Monday to Friday 09:00 to 17:00 (UTC)" in text
    assert "The agreement also names sara" in text
    assert "The agreement names emea." in text
    client.post("/teams/", {"name": "emea", "title": "EMEA", "side": "sales"})
    text = client.get("/teams/").content.decode()
    assert "Monday to Thursday 08:00 to 18:00 (Europe/London)" in text
    assert "The agreement names emea." not in text


@pytest.mark.django_db
def test_teams_are_set_up_when_the_agreement_misses_none() -> None:
    from accord_app.members import setting_up

    cast.a_rep()
    assert not setting_up.has_teams()
    cast.a_marketer()
    assert setting_up.has_teams()
    in_force()
    assert not setting_up.has_teams()
    cast.a_team("reps", "Reps")
    assert setting_up.has_teams()
