"""Which account is above which, read from the database by index for a few of them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from typing import Any

from accord.agreement.families import Families
from accord.agreement.state import microseconds
from accord.facts.same import Links
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.links import links_of
from accord_app.ledger.models import Profile


def families_of(accounts: Collection[str], *, below: bool = False) -> Families:
    """What is known of these accounts and of all above them; with `below` also of all below them."""
    found: dict[str, list[dict[str, Any]]] = {}
    links, new = Links(), _with_those_below(accounts) if below else set(accounts)
    while new:
        links = links_of({*found, *new})
        asked = links.everybody(new) - found.keys()
        found.update({key: [] for key in asked} | _told_of(asked))
        new = {row["account_id"] for each in asked for row in found[each] if row["account_id"]} - found.keys()
    return Families.of((row for rows in found.values() for row in rows), links)


def _with_those_below(accounts: Collection[str]) -> set[str]:
    """These accounts and all that ever were below one of them, under every id."""
    found: set[str] = set()
    new = set(accounts)
    while new:
        new = links_of(new).everybody(new) - found
        found |= new
        told = Profile.facts().filter(subject="account", account_id__among=new).exclude(batch__in=unseen_batches())
        new = set(told.values_list("subject_id", flat=True)) - found
    return found


def _told_of(accounts: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    told = Profile.facts().filter(subject="account", subject_id__among=accounts).exclude(batch__in=unseen_batches())
    rows = told.order_by("subject_id", "known_at", "revision", "source_id")
    names = ("subject_id", "account_id", "owner", "known_at")
    return {
        account: [row | {"known": microseconds(row["known_at"])} for row in some]
        for account, some in groupby(rows.values(*names), lambda row: str(row["subject_id"]))
    }
