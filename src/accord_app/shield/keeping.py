"""Answers of the shield, kept ready: one per person and question, with the stretch within which it is sure to hold.

A kept answer is what `working_out` said, never worked out in another way. It is sure until the moment at which time
alone may change it, which comes with every answer, and as long as no fact comes in that it rests on. Each fact says in
its own transaction whom it names (`accord_app.ledger.concerning`). Whoever asks notices first what was said since: the
answers that rest on it end. So nothing is answered from before a fact that was there when the question was asked.

An answer that is being worked out while such a fact comes in must not be kept. So it is written down under a lock that
noticing holds too, and only if nothing that it rests on was noticed since before its facts were read. What comes in and
is not yet committed then is noticed afterwards, when the answer is there to be ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version as version_of

from django.db import transaction
from django.db.models import Max

from accord.agreement.contact import written_within
from accord.agreement.state import FOREVER, microseconds
from accord_app.ledger.concerning import EVERYBODY, NAMED
from accord_app.ledger.engine import concerned_by
from accord_app.ledger.models import Concerned
from accord_app.ledger.reads import Version
from accord_app.shell.once import anew
from accord_app.shield.models import KeptQuestion, KeptVerdict, Noticing, RestsOn
from accord_app.shield.working_out import (
    PEOPLE_AT_ONCE,
    Question,
    Verdict,
    Worked,
    let_until,
    question_sql,
    reads,
    worked_out,
)

NOTICED_AT_ONCE = 2_000
AT_ONCE = 5_000
SHORTEST_US = 60_000_000
"""An answer that holds for less than a minute is not worth keeping."""

SAID_AGAIN = timedelta(hours=1)  # that a question is still asked
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEADS_ON = frozenset({"profiles", "deals"})


def answers(version: Version, people: Collection[str], question: Question, *, at: datetime) -> dict[str, Verdict]:
    """The answer for each person at this moment. Not to be asked within a transaction."""
    notice()
    let = let_until(people, question, at=at)
    kept = question_of(version, question, at=at)
    asked = set(people) - let.keys()
    found = read(kept, asked, at=at)
    for some in parts(asked - found.keys(), PEOPLE_AT_ONCE):
        found.update(keep(kept, version, some, question, at=at))
    for worked in worked_out(version, let.keys(), question, at=at, let=let):
        found.update(worked.verdicts)
    return found


def read(kept: KeptQuestion, people: Collection[str], *, at: datetime) -> dict[str, Verdict]:
    """The answers that are kept about some of these people and are sure at this moment. Whether they are is asked here:
    with `until` in the query SQLite would rather look at all answers that hold than at those of one person."""
    us = microseconds(at)
    about = KeptVerdict.objects.filter(question=kept.pk, person_id__among=people)
    same: dict[tuple[str | None, int], Verdict] = {}
    found = {}
    for person, clause, since, until in about.values_list("person_id", "clause", "since", "until"):
        if not since <= us < until:
            continue
        if (clause, until) not in same:
            same[clause, until] = Verdict(clause, None if until == FOREVER else _moment(until))
        found[person] = same[clause, until]
    return found


def keep(
    kept: KeptQuestion, version: Version, people: Collection[str], question: Question, *, at: datetime
) -> dict[str, Verdict]:
    """Work the answers about some people out whom nobody lets through, and keep those that are sure to hold."""
    with anew():
        noticed = Noticing.objects.values_list("last", flat=True).first() or 0
        (worked,) = worked_out(version, people, question, at=at, let={})
        _write(kept, worked, noticed, at)
    return dict(worked.verdicts)


def _write(kept: KeptQuestion, worked: Worked, noticed: int, at: datetime) -> None:
    rests = {person: worked.held.rests_on(person) for person in worked.verdicts}
    lasting = set(_lasting(worked, rests, at))
    with transaction.atomic():
        changed = _changed_since(noticed, locked())
        if changed is None or not KeptQuestion.objects.filter(pk=kept.pk).exclude(mark=None).exists():
            return
        still = {person for person, ids in rests.items() if ids.isdisjoint(changed)}
        remove(kept, still - lasting)
        written = sorted(still & lasting)
        KeptVerdict.objects.bulk_create(
            (_row(kept, person, worked.verdicts[person], at) for person in written),
            update_conflicts=True, unique_fields=["person_id", "question"], update_fields=["clause", "since", "until"],
        )  # fmt: skip
        RestsOn.objects.bulk_create(
            (
                RestsOn(subject=each, person_id=person)
                for person in written
                for each in sorted(rests[person] - {person})
            ),
            ignore_conflicts=True,
        )


def _lasting(worked: Worked, rests: Mapping[str, Collection[str]], at: datetime) -> Iterator[str]:
    """Of whom something is known, and whose answer holds for a while if nothing comes in."""
    to_come, told, us = worked.held.to_come(at), worked.held.told(), microseconds(at)
    for person, ids in rests.items():
        if not told.isdisjoint(ids) and to_come.isdisjoint(ids) and _end(worked.verdicts[person]) - us >= SHORTEST_US:
            yield person


def _row(kept: KeptQuestion, person: str, verdict: Verdict, at: datetime) -> KeptVerdict:
    return KeptVerdict(
        question=kept.pk, person_id=person, clause=verdict.clause, since=microseconds(at), until=_end(verdict)
    )


def _end(verdict: Verdict) -> int:
    return FOREVER if verdict.until is None else microseconds(verdict.until)


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


# Which question it is


def question_of(version: Version, question: Question, *, at: datetime) -> KeptQuestion:
    """The question as its answers are kept, made known if nobody has asked it yet."""
    asked = _plain(version, question)
    mark = _mark(version, asked)
    kept = KeptQuestion.objects.filter(mark=mark).first()
    if kept is None:
        kinds, _ = reads(version)
        more = {"purpose": asked.purpose, "side": asked.side, "message": asked.message, "asked_at": at}
        kept, _ = KeptQuestion.objects.get_or_create(
            mark=mark, defaults={**more, "kinds": None if kinds is None else sorted(kinds)}
        )
    if kept.asked_at < at - SAID_AGAIN:
        KeptQuestion.objects.filter(pk=kept.pk).update(asked_at=at)
    return kept


def is_of(version: Version, kept: KeptQuestion) -> bool:
    """Whether a question is still asked in this way under a version of the agreement."""
    return kept.mark == _mark(version, said(kept))


def said(kept: KeptQuestion) -> Question:
    """The question."""
    return Question(kept.purpose, kept.side, kept.message)


def _plain(version: Version, question: Question) -> Question:
    """Without the name of a message that no clause knows."""
    shields = version.rules.agreement.contact.shield
    named = {message for clause in shields if clause.side in (question.side, "any") for message in clause.exempt}
    return question if question.message in named else Question(question.purpose, question.side)


@lru_cache(maxsize=64)
def _mark(version: Version, question: Question) -> str:
    """A digest of all that the answer depends on but facts and time."""
    kinds, fields = reads(version)
    depends = [
        version_of("accord"), question_sql(version, question, few=True), question_sql(version, question, few=False),
        kinds and sorted(kinds), fields and sorted(fields), written_within(version.rules).total_seconds(),
        question.message,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()


# What comes in


def notice() -> None:
    """End the answers that rest on facts which have come in by now. Not to be called within a transaction."""
    waiting = Concerned.objects.filter(noticed=None)
    newest = waiting.aggregate(newest=Max("id"))["newest"]
    while newest is not None and waiting.filter(id__lte=newest).exists():
        _notice_some(newest)


@transaction.atomic
def _notice_some(newest: int) -> None:
    noticing = locked()
    rows = Concerned.objects.filter(noticed=None, id__lte=newest).order_by("id")
    some = list(rows.values_list("id", "subject", "kind")[:NOTICED_AT_ONCE])
    noticing.last += 1
    noticing.save(update_fields=["last"])
    _end_answers([(subject, kind) for _, subject, kind in some])
    Concerned.objects.filter(id__in=[each for each, _, _ in some]).update(noticed=noticing.last)


def locked() -> Noticing:
    """The row that whoever writes here holds until the end of the transaction."""
    return Noticing.objects.select_for_update().get_or_create(pk=1)[0]


def _end_answers(named: Iterable[tuple[str, str]]) -> None:
    read = _kinds_read()
    concern = [(subject, kind) for subject, kind in named if kind in NAMED or read is None or kind in read]
    ids = {subject for subject, _ in concern}
    if EVERYBODY in ids:
        _begin_anew()
        return
    ids |= concerned_by({subject for subject, kind in concern if kind in _LEADS_ON})
    people = set(ids)
    for some in parts(ids, AT_ONCE):
        people.update(RestsOn.objects.filter(subject__in=some).values_list("person_id", flat=True))
    for some in parts(people, AT_ONCE):
        KeptVerdict.objects.filter(person_id__in=some, until__gt=0).update(until=0)


def _kinds_read() -> set[str] | None:
    """The kinds of touches that any question reads; None: every kind."""
    read: set[str] = set()
    for kinds in KeptQuestion.objects.exclude(mark=None).values_list("kinds", flat=True):
        if kinds is None:
            return None
        read.update(kinds)
    return read


def _begin_anew() -> None:
    """Facts came or went that may concern anybody: no answer counts any longer."""
    for kept in KeptQuestion.objects.exclude(mark=None):
        mark, asked_at = kept.mark, kept.asked_at
        let_go(kept)
        KeptQuestion.objects.create(
            mark=mark, purpose=kept.purpose, side=kept.side, message=kept.message, kinds=kept.kinds, asked_at=asked_at
        )


def let_go(kept: KeptQuestion) -> None:
    """No answer to a question counts any longer; `tidying` removes them."""
    KeptQuestion.objects.filter(pk=kept.pk).update(mark=None)


def remove(kept: KeptQuestion, people: Collection[str]) -> None:
    """Keep no answer to a question about these people. Within a transaction that holds the lock."""
    if people:
        KeptVerdict.objects.filter(question=kept.pk, person_id__in=people).delete()
        others = set(KeptVerdict.objects.filter(person_id__in=people).values_list("person_id", flat=True))
        RestsOn.objects.filter(person_id__in=set(people) - others).delete()


def _changed_since(noticed: int, noticing: Noticing) -> set[str] | None:
    """Every id that was concerned by what was noticed later; None: anybody may be."""
    if noticed < noticing.floor:
        return None
    ids = set(Concerned.objects.filter(noticed__gt=noticed).values_list("subject", flat=True))
    return None if EVERYBODY in ids else concerned_by(ids)


def parts(ids: Collection[str], size: int) -> Iterator[Sequence[str]]:
    """The ids in their order, some at a time."""
    listed = sorted(ids)
    return (listed[start : start + size] for start in range(0, len(listed), size))
