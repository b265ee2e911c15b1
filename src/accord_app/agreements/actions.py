"""Loading a version of the agreement. Proposing and signing in Accord come later; until then a file is its text."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accord.agreement.checking import check
from accord.agreement.document import Agreement
from accord.agreement.mistake import Mistake, MistakeKind, in_order
from accord.agreement.reading import read
from accord.facts.errors import AccordError
from accord_app.ledger.reads import versions
from accord_app.members.access import require
from accord_app.members.actions import add_team
from accord_app.members.models import Team, User
from accord_app.members.roles import Right
from accord_app.records.actions import record

LARGEST = 1_000_000  # bytes of text
TEAM_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what a team of the workspace can be called


class CannotLoadError(AccordError):
    """The version cannot come into force like this."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A text and everything that was found about it."""

    agreement: Agreement | None
    mistakes: tuple[Mistake, ...]

    @property
    def blocking(self) -> tuple[Mistake, ...]:
        """What must be mended first."""
        return tuple(each for each in self.mistakes if each.blocks)

    @property
    def later(self) -> tuple[Mistake, ...]:
        """What the text says and Accord does not enforce yet."""
        return tuple(each for each in self.mistakes if each.kind is MistakeKind.NOT_YET_ENFORCED)


def checked(text: str) -> Checked:
    """Read and check a text. Raises CannotLoadError for one that is too long to be an agreement."""
    if len(text.encode()) > LARGEST:
        raise CannotLoadError("The text is longer than 1 MB.", remedy="Load the agreement itself, not an export.")
    agreement, mistakes = read(text)
    found = [*mistakes, *(check(agreement) if agreement else ())]
    return Checked(agreement, tuple(in_order(dict.fromkeys(found))))


@transaction.atomic
def load(*, text: str, in_force_from: datetime, by: User, at: datetime) -> int:
    """Let a version come into force at a moment to come, or now; gives its number.

    Raises CannotLoadError for a text with mistakes, a number that is taken, or a date before the version in force.
    """
    require(by, Right.LOAD_AGREEMENT)
    found = checked(text)
    if found.agreement is None or found.blocking:
        raise CannotLoadError(
            f"The agreement has {len(found.blocking)} mistakes.", remedy="Mend them in the file and load it again."
        )
    number, since = found.agreement.version, max(in_force_from, at)
    for each in versions():
        if each.version == number:
            raise CannotLoadError(
                f"Version {number} is there already.", remedy=f"Number this one {next_number()} in its text."
            )
        if each.since >= since:
            raise CannotLoadError(
                f"Version {each.version} comes into force on {each.since:%d %B %Y, %H:%M} UTC.",
                remedy="Choose a later moment: versions follow each other.",
            )
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = {"id": f"{number} in force", "version": number, "event": "in_force", "by": by.handle, "hash": digest,
           "text": text, "occurred_at": since}  # fmt: skip
    record("agreements", [row], at=at, source="accord")
    return number


@transaction.atomic
def add_teams(*, text: str, by: User) -> list[Team]:
    """Add the teams of a draft that the workspace does not have, under the names of the draft, on the side of sales."""
    require(by, Right.MANAGE_MEMBERS)
    agreement = checked(text).agreement
    return [add_team(name=name, title=_title(name), side=Team.Side.SALES) for name in new_teams(agreement)]


def new_teams(agreement: Agreement | None) -> tuple[str, ...]:
    """Teams that an agreement names, that the workspace does not have and could have."""
    here = set(Team.objects.values_list("name", flat=True))
    named = agreement.teams if agreement else ()
    return tuple(name for name in named if name not in here and TEAM_NAME.fullmatch(name))


def _title(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip() or name
    return f"{words[:1].upper()}{words[1:]}"


def next_number() -> int:
    """The number that a new version gets."""
    return max((each.version for each in versions()), default=0) + 1
