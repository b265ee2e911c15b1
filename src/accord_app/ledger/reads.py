"""What other rooms ask the ledger: which agreement is in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import starmap

from accord.agreement.document import Agreement
from accord.agreement.reading import load
from accord.agreement.rules import Rules
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import AgreementEvent
from accord_app.shell.once import once_per_page

IN_FORCE = "in_force"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the agreement, since when it is in force, and its text as it was signed."""

    version: int
    since: datetime
    text: str

    @property
    def agreement(self) -> Agreement:
        """The text read, in force from the recorded moment."""
        return _read(self.text, self.since)

    @property
    def rules(self) -> Rules:
        """The agreement made ready to decide."""
        return _rules(self.text, self.since)


def versions(*, at: datetime | None = None) -> tuple[Version, ...]:
    """Every version that came into force up to `at` (also those with a date to come, if left out), oldest first."""
    found: dict[str, Version] = {}
    for each in _came_into_force():
        if at is None or each.since <= at:
            found.setdefault(each.text, each)
    return tuple(found.values())


@once_per_page
def _came_into_force() -> tuple[Version, ...]:
    rows = AgreementEvent.facts().filter(event=IN_FORCE, text__isnull=False)
    rows = rows.exclude(batch__in=unseen_batches()).order_by("occurred_at", "id")
    return tuple(starmap(Version, rows.values_list("version", "occurred_at", "text")))


def version_in_force(at: datetime) -> Version | None:
    """The version in force at a moment; None while there is none."""
    found = versions(at=at)
    return found[-1] if found else None


def agreement_in_force(at: datetime) -> Agreement | None:
    """The agreement in force at a moment."""
    found = version_in_force(at)
    return found.agreement if found else None


def rules_in_force(at: datetime) -> Rules | None:
    """The rules in force at a moment."""
    found = version_in_force(at)
    return found.rules if found else None


def version_of(number: int) -> Version | None:
    """A version by its number; None when the ledger holds no such version."""
    return next((each for each in versions() if each.version == number), None)


def rules_of(version: int) -> Rules:
    """The rules of a version. Raises LookupError when the ledger holds no such version."""
    found = version_of(version)
    if found is None:
        raise LookupError(f"the ledger holds no version {version} of the agreement")
    return found.rules


@lru_cache(maxsize=16)
def _read(text: str, since: datetime) -> Agreement:
    return replace(load(text), in_force_from=since)


@lru_cache(maxsize=16)
def _rules(text: str, since: datetime) -> Rules:
    return Rules.of(_read(text, since))
