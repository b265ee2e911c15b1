"""The simulated company as a workspace: its lake is built, its facts are copied, its people can sign in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from accord.example.world import MONTHS
from accord.facts.errors import AccordError
from accord_app.demo import nurturing, opening
from accord_app.demo.building import Building, Shown
from accord_app.demo.people import CAST, TEAMS
from accord_app.handoffs.rebuilding import rebuild as rebuild_handoffs
from accord_app.ledger.copying import copy_whole
from accord_app.ledger.models import FACTS
from accord_app.ledger.reads import version_in_force
from accord_app.members.models import Team, User
from accord_app.records.actions import rebuild_everything
from accord_app.shell.models import Company

LEADS = 6_000
_DOMAIN = "northwind.example"


class NotADemoError(AccordError):
    """The data folder holds something that is no demo."""


def is_ready() -> bool:
    """Whether the workspace holds the simulated company. Raises NotADemoError when it holds another."""
    company = Company.objects.first()
    if company is not None and not company.is_demo:
        raise NotADemoError(
            f"This workspace belongs to {company.name}; the simulated company never mixes with a real one.",
            remedy="Name an empty folder in ACCORD_DATA and an empty database in ACCORD_DATABASE_URL.",
        )
    return company is not None and company.opened_at is not None


def was_begun() -> bool:
    """Whether an earlier start has left a database here."""
    return _database().exists()


def forget() -> None:
    """Take away the database of a start that did not come to its end. Nobody has moved in, and facts are never deleted
    from it one by one."""
    connection.close()
    for ending in ("", "-wal", "-shm"):
        Path(f"{_database()}{ending}").unlink(missing_ok=True)


def _database() -> Path:
    return Path(settings.DATABASES["default"]["NAME"])


def begin(*, at: datetime, leads: int = LEADS, months: int = MONTHS) -> Building:
    """Let the company begin to live, for so many months up to some hours ago."""
    return Building(Path(settings.LAKE), leads=leads, months=months, until=opening.begins(at, leads=leads))


def prepare(building: Building, *, at: datetime, shown: Shown) -> None:
    """Copy the company into the empty workspace while it is recorded, let its people move in and live these hours."""
    for table in building.tables(shown):
        if table in FACTS:
            for rows in copy_whole(table, at=at):
                shown(f"copying {table}", rows, 0)
    shown("working out records", 0, 1)
    rebuild_everything()
    shown("working out handoffs", 0, 1)
    rebuild_handoffs(at=building.until)
    _move_in(at)
    shown("opening the day", 0, 1)
    opening.live(at=at, leads=building.leads)
    shown("nurturing", 0, 1)
    nurturing.nurture(at=at)


@transaction.atomic
def _move_in(at: datetime) -> None:
    version = version_in_force(at)
    if version is None:
        raise NotADemoError("The simulated company has no agreement in force.", remedy="This is a bug in accord.")
    agreement = version.agreement
    teams = {name: Team.objects.create(name=name, title=title, side=side) for name, (title, side) in TEAMS.items()}
    people = {
        each.handle: User.objects.create_user(
            f"{each.handle}@{_DOMAIN}", handle=each.handle, name=each.name, role=each.role, team=teams[each.team],
            invited_at=at, joined_at=at,
        )
        for each in CAST
    }  # fmt: skip
    for each in CAST:
        head = {"sales": "sam", "marketing": "mia"}.get(each.role.side, "eva")
        if each.handle != head:
            User.objects.filter(pk=people[each.handle].pk).update(manager=people[head])
    Company.objects.create(
        name=agreement.company, currency=agreement.currency, time_zone=agreement.time_zone, is_demo=True,
        created_at=at, opened_at=at,
    )  # fmt: skip
