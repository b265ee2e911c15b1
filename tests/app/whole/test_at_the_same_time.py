"""The same form from two windows at the same moment, on PostgreSQL, where both are looked at at once: one is done, the
other is told, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from tests.app.cast import a_head_of_sales, a_rep, a_revops, an_administrator
from tests.app.handoffs.leads import HOUR, TEAM, a_lead, in_force
from tests.app.intake.bringing import CONTACTS, a_client, brought, do_work

from accord_app.handoffs.models import Handoff, Note, SavedView, Undoable
from accord_app.ledger.models import HandoffEvent
from accord_app.members.models import Absence, User
from accord_app.records.models import Person
from accord_app.work.models import Job

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql",
        reason="SQLite lets one write at a time. Name a PostgreSQL in ACCORD_DATABASE_URL.",
    ),
]
ROUNDS = 3  # two threads do not always meet


@pytest.fixture
def lead() -> Handoff:
    """A lead that waits for Tomás."""
    in_force(teams={TEAM: {"people": ["tomas", "zoe"]}, "sales-uk": {"people": ["amy"]}})
    a_rep("zoe", "Zoë Baumann")
    return a_lead(at=timezone.now() - HOUR)


def at_once(path: str, data: dict[str, Any], *people: User) -> list[int]:
    """The same form from each of them at the same moment; gives the statuses, the lowest first."""
    clients, start = [Client() for _ in people], Barrier(len(people))
    for client, who in zip(clients, people, strict=True):
        client.force_login(who)

    def send(client: Client) -> int:
        with closing(connection):
            start.wait(30)
            return client.post(path, data).status_code

    with ThreadPoolExecutor(len(people)) as pool:
        return sorted(pool.map(send, clients))


def rounds() -> Iterator[int]:
    yield from range(ROUNDS)


@pytest.mark.parametrize(
    ("verb", "data"), [("accept", {}), ("reject", {"reason": "no_fit"}), ("recycle", {"reason": "timing"})]
)
def test_two_windows_of_one_person_give_one_answer(lead: Handoff, verb: str, data: dict[str, str]) -> None:
    for _ in rounds():
        assert set(at_once(f"/handoffs/{lead.pk}/{verb}/", data, a_rep(), a_rep())) <= {303, 409}
        assert Undoable.objects.count() == 1
        Undoable.objects.all().delete()


def test_of_two_people_one_answers_and_the_other_is_told(lead: Handoff) -> None:
    for _ in rounds():
        zoe = a_rep("zoe", "Zoë Baumann")
        assert at_once(f"/handoffs/{lead.pk}/accept/", {}, a_rep(), zoe) == [303, 409]
        assert Undoable.objects.count() == 1
        Undoable.objects.all().delete()


def test_a_handoff_is_given_to_somebody_once(lead: Handoff) -> None:
    other = "zoe" if lead.owner == "tomas" else "tomas"
    clara = a_head_of_sales()
    assert at_once(f"/handoffs/{lead.pk}/assign/", {"to": other}, clara, clara) == [303, 409]
    assert HandoffEvent.facts().filter(event="rerouted").count() == 1


def test_a_note_is_kept_once(lead: Handoff) -> None:
    assert at_once(f"/handoffs/{lead.pk}/note/", {"text": "Asks about 80 °C."}, a_rep(), a_rep()) == [303, 303]
    assert Note.objects.count() == 1


def test_an_absence_is_set_once() -> None:
    tomas, begins = a_rep(), timezone.now() + timedelta(days=3)
    data = {"begins_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{begins + timedelta(days=2):%Y-%m-%dT%H:%M}"}
    assert at_once("/absences/", data, tomas, tomas) == [302, 422]
    assert Absence.objects.count() == 1


def test_somebody_is_invited_once() -> None:
    ingrid = an_administrator()
    data = {
        "name": "Sara Lind",
        "email": "sara@kestrel.example",
        "role": "rep",
        "team": "",
        "manager": "",
        "handle": "",
    }
    assert at_once("/members/invite/", data, ingrid, ingrid) == [302, 422]
    assert User.objects.filter(email="sara@kestrel.example").count() == 1


def test_a_team_is_added_once() -> None:
    ingrid = an_administrator()
    data = {"name": "dach-sdr", "title": "Sales DACH", "side": "sales"}
    assert at_once("/teams/", data, ingrid, ingrid) == [302, 422]


def test_a_view_is_kept_once(lead: Handoff) -> None:
    assert at_once("/handoffs/views/?view=mine", {"name": "Mine"}, a_rep(), a_rep()) == [302, 409]
    assert SavedView.objects.count() == 1


def test_a_link_is_sent_again_once() -> None:
    ingrid = an_administrator()
    sara = User.objects.create_user(
        "sara@kestrel.example", None, handle="sara", name="Sara Lind", role="rep", invited_at=timezone.now()
    )
    assert at_once("/members/of/sara/resend/", {}, ingrid, ingrid) == [302, 302]
    assert sara.invitations.count() == 1


def test_a_file_is_imported_once() -> None:
    ada = a_revops()
    upload = brought(a_client(ada), CONTACTS)
    assert set(at_once(f"/imports/{upload.pk}/mapping/", {"act": "import"}, ada, ada)) == {302}
    assert Job.objects.filter(kind="import").count() == 1
    do_work()
    upload.refresh_from_db()
    assert (upload.state, Person.objects.count()) == ("done", 3)
