"""A company that shields its deals: people who said yes, some in negotiation, some written to often, some who said no.

Marketing mail needs a yes, a deal in proposal belongs to its owner for 45 days, two mails a week are enough.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.app.handoffs.leads import DAY, in_force

from accord_app.records.actions import record

CONTACT: dict[str, Any] = {
    "never": "unsubscribed OR bounced",
    "consent": {"marketing.email": "opt_in"},
    "shield": [
        {"when": "account_deal_stage IN ('proposal', 'negotiation') AND days_since_deal_activity <= 45",
         "side": "marketing"},
        {"when": "open_handoff", "side": "marketing", "except": ["event-invitation"]},
    ],
    "frequency": [{"side": "marketing", "at_most": 2, "per": "7d"}],
}  # fmt: skip
MARGIN = timedelta(minutes=5)


def agreed(**more: Any) -> None:
    """Put the agreement with this shield in force."""
    in_force(contact={**CONTACT, **more})


def a_person(person: str, *, at: datetime, said: str = "granted", owner: str = "") -> str:
    """Somebody at an account of their own, who said something about marketing mail."""
    account = f"at-{person}"
    profiles = [
        {"id": f"{account}-p", "subject": "account", "subject_id": account, "name": account.title(), "occurred_at": at},
        {"id": f"{person}-p", "subject": "person", "subject_id": person, "account_id": account, "name": person.title(),
         "email": f"{person}@site.example", "owner": owner, "occurred_at": at},
    ]  # fmt: skip
    record("profiles", profiles, at=at, source="crm")
    if said:
        word = {"id": f"{person}-c", "person_id": person, "purpose": "marketing.email", "status": said}
        record("consent", [word | {"occurred_at": at}], at=at, source="site")
    return person


def a_deal(person: str, *, at: datetime, owner: str = "tomas", stage: str = "proposal") -> None:
    """A deal of the person's account moves to a stage."""
    row = {"id": f"{person}-{stage}", "deal_id": f"deal-{person}", "account_id": f"at-{person}", "event": "stage",
           "stage": stage, "owner": owner, "occurred_at": at}  # fmt: skip
    record("deals", [row], at=at, source="crm")


def mailed(person: str, *, at: datetime) -> None:
    """Marketing writes to somebody."""
    row = {"id": f"{person}-{at}", "person_id": person, "kind": "email.sent", "side": "marketing", "occurred_at": at}
    record("touches", [row], at=at, source="mailer")


def a_campaign_list(now: datetime) -> list[str]:
    """Five people: one free, one in negotiation, one over the frequency, one who never said yes, one who said no."""
    for name, said in {
        "free": "granted",
        "deal": "granted",
        "often": "granted",
        "shy": "",
        "gone": "withdrawn",
    }.items():
        a_person(name, at=now - 60 * DAY, said=said)
    a_deal("deal", at=now - 10 * DAY)
    mailed("often", at=now - 3 * DAY)
    mailed("often", at=now - 1 * DAY)
    return ["free", "deal", "often", "shy", "gone"]
