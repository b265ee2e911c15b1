"""Where somebody stands in a track: its steps, its clock, and the key of the mail at a place."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from accord.agreement.clock import Clock
from accord.agreement.track import Step, mails_of, read
from accord_app.ledger.reads import rules_in_force
from accord_app.outreach.models import Membership, TrackVersion


def zone(at: datetime) -> tzinfo:
    """The zone of the agreement in force, in which dates of conditions are read."""
    rules = rules_in_force(at)
    return ZoneInfo(rules.agreement.time_zone) if rules else UTC


def clock(at: datetime) -> Clock | None:
    """The company's business time; None while no agreement is in force."""
    rules = rules_in_force(at)
    return rules.clocks[None] if rules else None


def steps(version: TrackVersion, at: datetime) -> tuple[Step, ...]:
    """The steps of a version."""
    return _read(version.steps, zone(at))


def said_at(version: TrackVersion, place: int, at: datetime) -> dict[str, str]:
    """What a version says in the free parts of the mail at a place."""
    mail = mails_of(steps(version, at)).get(place)
    return dict(version.said.get(mail.key, {})) if mail else {}


def key_of(membership: Membership) -> str:
    """The key of the mail at the place where somebody stands: one mail for each place of each version."""
    return f"track:{membership.pk}:{membership.version.number}:{membership.place}"


@lru_cache(maxsize=256)
def _read(text: str, within: tzinfo) -> tuple[Step, ...]:
    return read(text, zone=within)
