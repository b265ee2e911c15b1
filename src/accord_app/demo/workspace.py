"""The simulated company as a workspace: its lake is built, its facts are copied, its people can sign in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accord.example.company import build
from accord.example.world import MONTHS
from accord.facts.errors import AccordError
from accord_app.demo.people import CAST, TEAMS
from accord_app.handoffs.rebuilding import rebuild as rebuild_handoffs
from accord_app.ledger.copying import copy_everything
from accord_app.ledger.reads import version_in_force
from accord_app.members.models import Team, User
from accord_app.records.actions import rebuild_everything
from accord_app.shell.models import Company

LEADS = 12_000
Shown = Callable[[str, int, int], None]
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


def prepare(*, at: datetime, leads: int = LEADS, months: int = MONTHS, shown: Shown) -> None:
    """Build the company up to yesterday and let it move in. Raises NotADemoError for a workspace that is in use."""
    if is_ready():
        return
    _build(Path(settings.LAKE), at, leads, months, shown)
    for table, rows in copy_everything(at=at):
        shown(f"Copying {table}", rows, 0)
    shown("Working out records", 0, 1)
    rebuild_everything()
    shown("Working out handoffs", 0, 1)
    rebuild_handoffs(at=at)
    _move_in(at)


def _build(lake: Path, at: datetime, leads: int, months: int, shown: Shown) -> None:
    for leftover in (lake, lake.with_name(f"{lake.name}.truth.json")):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        leftover.unlink(missing_ok=True)
    lake.parent.mkdir(parents=True, exist_ok=True)
    build(lake, leads=leads, months=months, end=(at - timedelta(days=1)).date(), progress=shown)


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
