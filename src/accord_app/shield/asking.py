"""The question, asked live: may this side write to these people now? There is one answer to it in the house, the SQL of
`accord.agreement.contact`, over the facts of the people concerned."""

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
from accord_app.ledger.engine import engine_of
from accord_app.ledger.reads import Version, version_in_force
from accord_app.shield.models import Override

AT_ONCE = 1_000
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


def may_contact(people: Collection[str], question: Question, *, at: datetime) -> Mapping[str, Verdict]:
    """The answer for each person at this moment. Raises NoAgreementError."""
    version = in_force(at)
    asked = sorted(set(people))
    found: dict[str, Verdict] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        found.update(_answered(version, some, question, at))
    return found


def in_force(at: datetime) -> Version:
    """The version that answers. Raises NoAgreementError."""
    version = version_in_force(at)
    if version is None:
        raise NoAgreementError("No agreement is in force yet.", remedy="Load a version with a date that has come.")
    return version


def _answered(
    version: Version, people: Sequence[str], question: Question, at: datetime
) -> Iterator[tuple[str, Verdict]]:
    kinds, fields = _read_by(version)
    lately = dict.fromkeys(WRITTEN_KINDS, at - written_within(version.rules)) if kinds else {}
    engine, few = engine_of(people, kinds=kinds, fields=fields, lately=lately), len(people) <= FEW
    sql = _sql(version, question.side, question.purpose, few)
    _ask(engine, _moments(people, question, at), few=few)
    rows = engine.planned(sql) if few else engine.rows(sql)
    columns = (rows[name].to_pylist() for name in ("person_id", "held_by", "until"))
    for person, clause, until in zip(*columns, strict=True):
        yield person, Verdict(clause, until.replace(tzinfo=UTC) if until else None)


def _ask(engine: Engine, moments: pa.Table, *, few: bool) -> None:
    if few:
        ask_about(engine, moments)
    else:
        engine.register("moments", moments)


def _moments(people: Sequence[str], question: Question, at: datetime) -> pa.Table:
    let = let_until(people, question, at=at)
    now = _naive(at)
    until = [_naive(let[person]) if person in let else None for person in people]
    return pa.table({
        "person_id": pa.array(people, pa.string()),
        "moment": pa.array([now] * len(people), _TIME),
        "message": pa.array([question.message or None] * len(people), pa.string()),
        "let_until": pa.array(until, _TIME),
    })  # fmt: skip


def let_until(people: Sequence[str], question: Question, *, at: datetime) -> dict[str, datetime]:
    """Whom an owner lets through for this purpose at this moment, and until when."""
    given = Override.objects.filter(person_id__in=people, purpose=question.purpose, side=question.side)
    rows = given.filter(at__lte=at, until__gt=at, taken_back=None).order_by("until")
    return dict(rows.values_list("person_id", "until"))


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=16)
def _read_by(version: Version) -> tuple[Collection[str] | None, Collection[str] | None]:
    return read_by(version.rules)


@lru_cache(maxsize=64)
def _sql(version: Version, side: str, purpose: str, few: bool) -> str:
    return held_back_sql(version.rules, side=side, purpose=purpose, few=few, let_through=True)
