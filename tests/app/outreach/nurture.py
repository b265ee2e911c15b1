"""A company that nurtures: an agreement with a shield, two templates, one track of four steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.app import cast
from tests.app.handoffs.leads import in_force

from accord_app.outbox import letters
from accord_app.outreach import actions, walking
from accord_app.outreach.models import Membership, Track, TrackVersion
from accord_app.work import claim

CONTACT: dict[str, Any] = {
    "never": "unsubscribed OR bounced",
    "shield": [
        {"when": "account_deal_stage IN ('proposal', 'negotiation') AND days_since_deal_activity <= 45",
         "side": "marketing"},
    ],
}  # fmt: skip
STEPS = "mail warm-1\nwait 14d\nwhen score < 65\nmail warm-2\ntask marketing: Look for news"


def a_track(name: str = "keep-warm", steps: str = STEPS, entry: str = "", *, at: datetime, **agreed: Any) -> Track:
    """The agreement is in force, and the templates and the track are written."""
    in_force(**{"contact": CONTACT, **agreed})
    by = cast.a_marketer()
    for number in (1, 2, 3):
        text = f"Hello {{first_name|there}},\n\nthis is mail {number}.\n\n[[news: Nothing new.]]"
        actions.write_template(name=f"warm-{number}", subject=f"Mail {number}", body=text, by=by, at=at)
    version = actions.write_track(name=name, title="Keep warm", steps=steps, entry=entry, by=by, at=at)
    return version.track


def steps_pass(at: datetime) -> int:
    """The worker takes the steps that are due; gives how many people took some."""
    rows = claim.claim(walking.due(), at=at, limit=100, lease_seconds=60)
    if rows:
        with claim.held(rows) as ours:
            walking.walk(ours, at)
    return len(rows)


def mail_leaves(at: datetime) -> int:
    """The worker hands letters over that are due; gives how many there were."""
    rows = claim.claim(letters.waiting(), at=at, limit=100, lease_seconds=300)
    if rows:
        letters.post(rows, at)
    return len(rows)


def where(person: str) -> Membership:
    """Where somebody stands, or stood last."""
    return Membership.objects.filter(person_id=person).latest("id")


def a_version(track: Track) -> TrackVersion:
    return track.versions.latest("number")
