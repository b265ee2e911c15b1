"""Asking for a whole list and keeping the answer: once for a form or a request, however often it is sent."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from accord.facts.errors import AccordError
from accord_app.shield.asking import Question, Verdict, in_force, may_contact
from accord_app.shield.listing import Line
from accord_app.shield.models import Inquiry
from accord_app.shield.naming import Named, Unfit, resolve

KEPT_FOR = timedelta(days=90)
KEPT_PEOPLE, KEPT_INQUIRIES = 5_000_000, 500_000
"""So many answers are kept, and so many askings; older ones are let go."""


class OtherQuestionError(AccordError):
    """The same mark was used for another question."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a member, or a program by its key."""

    name: str
    is_program: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered about one row of a list."""

    index: int
    person_id: str
    is_known: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """An asking with every answer, and the rows that name nobody."""

    inquiry: Inquiry
    answers: tuple[Answer, ...]
    refused: tuple[Unfit, ...]


def ask(
    entries: Sequence[object],
    question: Question,
    *,
    by: Asker,
    at: datetime,
    once: str | None = None,
    numbers: Sequence[int] | None = None,
) -> Answered:
    """Whether each of these may be written to now; the answer is kept. Sent again under the same `once`, the first
    answer is given again. `numbers`: what rows are called, if not by their place. Raises NoAgreementError, and
    OtherQuestionError when `once` stood for something else."""
    digest = _digest(entries, question)
    if once is not None and (before := Inquiry.objects.filter(once=once).first()) is not None:
        return _again(before, digest)
    version = in_force(at)
    named, refused = resolve(entries)
    verdicts = may_contact({each for row in named for each in row.ids}, question, at=at, version=version)
    if numbers is not None:
        named = [replace(row, index=numbers[row.index]) for row in named]
        refused = [replace(row, index=numbers[row.index]) for row in refused]
    answers = [_strictest(row, verdicts) for row in named]
    inquiry = _described(answers, refused, question, at)
    inquiry.by, inquiry.is_program, inquiry.once, inquiry.asked = by.name[:100], by.is_program, once, digest
    inquiry.version = version.version
    try:
        _keep(inquiry)
    except IntegrityError:
        return _again(Inquiry.objects.get(once=once), digest)
    return Answered(inquiry, tuple(answers), tuple(refused))


def _strictest(row: Named, verdicts: Mapping[str, Verdict]) -> Answer:
    """Of all records that are meant, the first that must not be written to; else the one that may change first."""
    held = [each for each in row.ids if not verdicts[each].may]
    chosen = held[0] if held else row.ids[0]
    ends = [end for each in (held or row.ids) if (end := verdicts[each].until) is not None]
    return Answer(row.index, chosen, row.is_known, Verdict(verdicts[chosen].clause, min(ends, default=None)))


def _digest(entries: Sequence[object], question: Question) -> str:
    said = json.dumps([question.purpose, question.side, question.message, list(entries)], default=str)
    return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()


def _described(answers: Sequence[Answer], refused: Sequence[Unfit], question: Question, at: datetime) -> Inquiry:
    people = {each.person_id: each.verdict for each in answers}
    counts = Counter(verdict.clause for verdict in people.values() if verdict.clause)
    return Inquiry(
        at=at,
        purpose=question.purpose,
        side=question.side,
        message=question.message,
        people=len(people),
        held=sum(counts.values()),
        counts=dict(counts),
        answers=_packed(answers),
        refused=[[each.index, each.field, each.problem, each.remedy] for each in refused],
    )


@transaction.atomic
def _keep(inquiry: Inquiry) -> None:
    last = Inquiry.objects.order_by("-id").values_list("people_so_far", flat=True).first() or 0
    inquiry.people_so_far = last + inquiry.people
    inquiry.save(force_insert=True)
    old = Q(at__lt=inquiry.at - KEPT_FOR) | Q(people_so_far__lte=inquiry.people_so_far - KEPT_PEOPLE)
    Inquiry.objects.filter(old | Q(pk__lte=inquiry.pk - KEPT_INQUIRIES)).delete()


def _again(inquiry: Inquiry, digest: str) -> Answered:
    if inquiry.asked != digest:
        raise OtherQuestionError(
            "This mark was used for another question.", remedy="Use a new Idempotency-Key for each question."
        )
    return opened(inquiry)


def opened(inquiry: Inquiry) -> Answered:
    """What an asking answered then."""
    refused = tuple(Unfit(index, field, "", problem, remedy) for index, field, problem, remedy in inquiry.refused)
    return Answered(inquiry, tuple(_unpacked(bytes(inquiry.answers))), refused)


def _packed(answers: Sequence[Answer]) -> bytes:
    clauses = sorted({each.verdict.clause for each in answers if each.verdict.clause})
    places: dict[str | None, int] = {clause: place for place, clause in enumerate(clauses)}
    rows = [
        [each.index, each.person_id, each.is_known, places.get(each.verdict.clause, -1), _seconds(each.verdict.until)]
        for each in answers
    ]
    return zlib.compress(json.dumps([clauses, rows], separators=(",", ":")).encode(), 1)


def _unpacked(packed: bytes) -> list[Answer]:
    clauses, rows = json.loads(zlib.decompress(packed))
    return [_answer(clauses, *row) for row in rows]


def _answer(clauses: Sequence[str], index: int, person: str, is_known: Any, place: int, until: float | None) -> Answer:
    end = datetime.fromtimestamp(until, tz=UTC) if until is not None else None
    return Answer(index, person, bool(is_known), Verdict(clauses[place] if place >= 0 else None, end))


def _seconds(until: datetime | None) -> float | None:
    return until.timestamp() if until else None


def check(lines: Sequence[Line], question: Question, *, by: Asker, at: datetime, once: str) -> int:
    """Ask about a list that somebody brought; rows are named by their lines. Gives the number of the answer, and raises
    as `ask` does. `once`: of the form; a form that is sent again with another list asks anew."""
    entries, numbers = [line.said for line in lines], [line.number for line in lines]
    mark = f"form:{hashlib.sha256(f'{once}:{_digest(entries, question)}'.encode()).hexdigest()}"
    return int(ask(entries, question, by=by, at=at, once=mark, numbers=numbers).inquiry.pk)
