"""The question worked out from facts: may this side write to these people now? There is one answer to it in the house,
the SQL of `accord.agreement.contact`, over the facts of the people concerned.

It is worked out in two steps: how somebody stands towards every clause, which takes the facts and holds whoever asks;
and which of the clauses that apply to a question forbids first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import NamedTuple

import pyarrow as pa

from accord.agreement.contact import WRITTEN_KINDS, of_stood_sql, read_by, stood_sql, written_within
from accord.agreement.kinship import asks_family, tell_relatives
from accord.agreement.standing import ask_about
from accord.agreement.state import microseconds
from accord.facts.errors import AccordError
from accord_app.ledger.engine import Held, for_many, held_of, of_this_thread
from accord_app.ledger.reads import Version, version_in_force
from accord_app.shield.models import Override

PEOPLE_AT_ONCE = 10_000
"""People whose facts are held in memory together."""

FEW = 100
"""Up to so many, joining each moment with its facts is cheaper than one pass along all time lines."""

MARKETING, MAIL = "marketing", "marketing.email"
MESSAGE = re.compile(r"[\w][\w ./-]{0,99}")
"""How an agreement names a message that a clause lets through."""

ONE_BY_ONE = 3

_TIME = pa.timestamp("us")
_ONE = """(SELECT $1::VARCHAR AS person_id, $2::VARCHAR AS stood, make_timestamp($3::BIGINT) AS moment,
    $4::VARCHAR AS message, make_timestamp($5::BIGINT) AS let_until)"""


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


class Stood(NamedTuple):
    """How somebody stands towards every clause on contact, as `stood_sql` writes it, and the next moment at which time
    alone may change that (microseconds since 1970; None: never)."""

    stood: str
    ends: int | None


@dataclass(frozen=True, slots=True)
class Worked:
    """How people stand, and the facts in hand that it follows from; those until the next are worked out."""

    stood: Mapping[str, Stood]
    held: Held


def worked_out(version: Version, people: Collection[str], *, at: datetime) -> Iterator[Worked]:
    """How people stand by the facts, for some people after the others."""
    asked = sorted(people)
    for start in range(0, len(asked), PEOPLE_AT_ONCE):
        yield _worked_out(version, asked[start : start + PEOPLE_AT_ONCE], at)


def _worked_out(version: Version, people: Sequence[str], at: datetime) -> Worked:
    kinds, fields = reads(version)
    lately = dict.fromkeys(WRITTEN_KINDS, at - written_within(version.rules)) if kinds else {}
    few = len(people) <= FEW
    of_family = asks_family(version.rules)
    held = held_of(people, kinds=kinds, fields=fields, lately=lately, families=of_family, many=not few)
    moments = pa.table({"person_id": pa.array(people, pa.string()), "moment": _moments(at, len(people))})
    if few:
        ask_about(held.engine, moments)
        tell_relatives(held.engine, version.rules, few=True)
        rows = held.engine.planned(standing_sql(version, few=True))
    else:
        held.engine.register("moments", moments)
        tell_relatives(held.engine, version.rules)
        rows = held.engine.rows(standing_sql(version, few=False))
    columns = (rows[name].to_pylist() for name in ("person_id", "stood", "ends"))
    return Worked({person: Stood(stood, ends) for person, stood, ends in zip(*columns, strict=True)}, held)


Answer = tuple[str | None, datetime | None]
"""The clause that forbids first, and the next moment at which time alone may change that (naive, UTC)."""


def answered(
    version: Version, stood: Mapping[str, str], question: Question, *, at: datetime, let: Mapping[str, datetime]
) -> dict[str, Verdict]:
    """The answers that follow from how people stand, or stood when it was worked out; nothing for those of whom time
    may have changed it since. `let`: whom an owner lets through, until when."""
    known = _answers_to(version, question, {text for person, text in stood.items() if person not in let}, at)
    lifted = {person: (stood[person], let[person]) for person in stood.keys() & let.keys()}
    mine = _answers(version, question, lifted, at)
    now, found = _naive(at), {}
    verdicts: dict[Answer, Verdict] = {}
    for person, text in stood.items():
        answer = mine[person] if person in mine else known[text]
        _, until = answer
        if until is None or until > now:
            if answer not in verdicts:
                verdicts[answer] = _verdict(answer)
            found[person] = verdicts[answer]
    return found


def _answers_to(version: Version, question: Question, texts: Set[str], at: datetime) -> Mapping[str, Answer]:
    """The answers of those whom no owner lets through. They follow from how somebody stands and from nothing else. Most
    people stand alike and no time changes it: such answers are asked for once."""
    known = _known(version, question)
    found = {text: known[text] for text in texts if text in known}
    missing = _answers(version, question, {text: (text, None) for text in texts - found.keys()}, at)
    known.update((text, answer) for text, answer in missing.items() if not text.strip("x,"))
    return {**found, **missing}


@lru_cache(maxsize=32)
def _known(version: Version, question: Question) -> dict[str, Answer]:
    return {}


def _verdict(answer: Answer) -> Verdict:
    clause, until = answer
    return Verdict(clause, until.replace(tzinfo=UTC) if until else None)


def _answers(
    version: Version, question: Question, stood: Mapping[str, tuple[str, datetime | None]], at: datetime
) -> dict[str, Answer]:
    """The answer by each name under which it is asked how somebody stands, and until when an owner lets through."""
    if not stood:
        return {}
    sql = partial(_answer_sql, version, question.side, question.purpose)
    if len(stood) <= ONE_BY_ONE:
        return {name: _one_answer(sql(_ONE), name, *each, question, at) for name, each in stood.items()}
    engine = for_many()
    texts, lets = zip(*stood.values(), strict=True)
    rows = {
        "person_id": pa.array(stood.keys(), pa.string()),
        "stood": pa.array(texts, pa.string()),
        "moment": _moments(at, len(stood)),
        "message": pa.array([question.message or None] * len(stood), pa.string()),
        "let_until": pa.array([let and _naive(let) for let in lets], _TIME),
    }
    engine.register("stood_then", pa.table(rows))
    found = engine.rows(sql("stood_then"))
    names, clauses, until = (found[name].to_pylist() for name in ("person_id", "held_by", "until"))
    return dict(zip(names, zip(clauses, until, strict=True), strict=True))


def _one_answer(sql: str, name: str, stood: str, let: datetime | None, question: Question, at: datetime) -> Answer:
    """By a query that is planned once, which is the faster for one."""
    until = microseconds(let) if let else None
    (row,) = of_this_thread().planned(sql, name, stood, microseconds(at), question.message or None, until).to_pylist()
    return row["held_by"], row["until"]


def _moments(at: datetime, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(_naive(at), _TIME), count)


def let_until(people: Collection[str], question: Question, *, at: datetime) -> dict[str, datetime]:
    """Whom an owner lets through for this purpose at this moment, and until when."""
    given = Override.objects.filter(person_id__among=people, purpose=question.purpose, side=question.side)
    rows = given.filter(at__lte=at, until__gt=at, taken_back=None).order_by("until")
    return dict(rows.values_list("person_id", "until"))


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=16)
def reads(version: Version) -> tuple[Collection[str] | None, Mapping[str, Collection[str]] | None]:
    """The kinds of touches, and by kind of fact the fields, that the question reads; None: all of them."""
    return read_by(version.rules)


@lru_cache(maxsize=16)
def standing_sql(version: Version, *, few: bool) -> str:
    """How people stand, as SQL."""
    return stood_sql(version.rules, few=few)


@lru_cache(maxsize=128)
def _answer_sql(version: Version, side: str, purpose: str, stood: str) -> str:
    return of_stood_sql(version.rules, stood, side=side, purpose=purpose)
