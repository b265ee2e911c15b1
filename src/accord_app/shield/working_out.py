"""The question worked out from facts: may this side write to these people now? There is one answer to it in the house,
the SQL of `accord.agreement.contact`, over the facts of the people concerned."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import pyarrow as pa

from accord.agreement.contact import WRITTEN_KINDS, held_back_sql, read_by, written_within
from accord.agreement.standing import ask_about
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord_app.ledger.engine import Held, held_of
from accord_app.ledger.reads import Version, version_in_force
from accord_app.shield.models import Override

PEOPLE_AT_ONCE = 1_000
"""People whose facts are held in memory together."""

FEW = 100
"""Up to so many, joining each moment with its facts is cheaper than one pass along all time lines."""

MARKETING, MAIL = "marketing", "marketing.email"
MESSAGE = re.compile(r"[\w][\w ./-]{0,99}")
"""How an agreement names a message that a clause lets through."""

_TIME = pa.timestamp("us")


class NoAgreementError(AccordError):
    """Nobody can say who may be written to before a version of the agreement is in force."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which side wants to write, for which purpose, and which message, where a clause lets some through."""

    purpose: str = MAIL
    side: str = MARKETING
    message: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may be written to; if not, by the path of which clause; and until when that is sure to hold if
    nothing happens. `until` None: time alone changes nothing."""

    clause: str | None
    until: datetime | None

    @property
    def may(self) -> bool:
        """Whether the message may go."""
        return self.clause is None


def in_force(at: datetime) -> Version:
    """The version that answers. Raises NoAgreementError."""
    version = version_in_force(at)
    if version is None:
        raise NoAgreementError("No agreement is in force yet.", remedy="Load a version with a date that has come.")
    return version


@dataclass(frozen=True, slots=True)
class Worked:
    """Answers as they were worked out, and the facts in hand that they follow from; those until the next are worked
    out."""

    verdicts: Mapping[str, Verdict]
    held: Held


def worked_out(
    version: Version, people: Collection[str], question: Question, *, at: datetime, let: Mapping[str, datetime]
) -> Iterator[Worked]:
    """The answers from the facts, for some people after the others. `let`: whom an owner lets through, until when."""
    asked = sorted(people)
    for start in range(0, len(asked), PEOPLE_AT_ONCE):
        yield _worked_out(version, asked[start : start + PEOPLE_AT_ONCE], question, at, let)


def _worked_out(
    version: Version, people: Sequence[str], question: Question, at: datetime, let: Mapping[str, datetime]
) -> Worked:
    kinds, fields = reads(version)
    lately = dict.fromkeys(WRITTEN_KINDS, at - written_within(version.rules)) if kinds else {}
    held, few = held_of(people, kinds=kinds, fields=fields, lately=lately), len(people) <= FEW
    sql = question_sql(version, question, few=few)
    _ask(held.engine, _moments(people, question, at, let), few=few)
    rows = held.engine.planned(sql) if few else held.engine.rows(sql)
    columns = (rows[name].to_pylist() for name in ("person_id", "held_by", "until"))
    verdicts = {
        person: Verdict(clause, until.replace(tzinfo=UTC) if until else None)
        for person, clause, until in zip(*columns, strict=True)
    }
    return Worked(verdicts, held)


def _ask(engine: Engine, moments: pa.Table, *, few: bool) -> None:
    if few:
        ask_about(engine, moments)
    else:
        engine.register("moments", moments)


def _moments(people: Sequence[str], question: Question, at: datetime, let: Mapping[str, datetime]) -> pa.Table:
    now = _naive(at)
    until = [_naive(let[person]) if person in let else None for person in people]
    return pa.table({
        "person_id": pa.array(people, pa.string()),
        "moment": pa.array([now] * len(people), _TIME),
        "message": pa.array([question.message or None] * len(people), pa.string()),
        "let_until": pa.array(until, _TIME),
    })  # fmt: skip


def let_until(people: Collection[str], question: Question, *, at: datetime) -> dict[str, datetime]:
    """Whom an owner lets through for this purpose at this moment, and until when."""
    given = Override.objects.filter(person_id__among=people, purpose=question.purpose, side=question.side)
    rows = given.filter(at__lte=at, until__gt=at, taken_back=None).order_by("until")
    return dict(rows.values_list("person_id", "until"))


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=16)
def reads(version: Version) -> tuple[Collection[str] | None, Collection[str] | None]:
    """The kinds of touches and the fields of profiles that the question reads; None: all of them."""
    return read_by(version.rules)


def question_sql(version: Version, question: Question, *, few: bool) -> str:
    """The question as SQL, with overrides."""
    return _sql(version, question.side, question.purpose, few)


@lru_cache(maxsize=64)
def _sql(version: Version, side: str, purpose: str, few: bool) -> str:
    return held_back_sql(version.rules, side=side, purpose=purpose, few=few, let_through=True)
