"""Answers of the shield, kept ready: per person how he or she stands towards every clause on contact, which answers
whoever asks, for any purpose and side and message, and also for whom an owner lets through.

What is kept is what `working_out` said, never worked out in another way. It says itself at which moments time alone
may change it, and it holds as long as no fact comes in that it rests on. Each fact says in its own transaction whom it
names (`accord_app.ledger.concerning`). Whoever asks notices first what was said since: what rests on it ends. So
nothing is answered from before a fact that was there when the question was asked.

What is being worked out while such a fact comes in must not be kept. So it is written down under a lock that
noticing holds too, and only if nothing that it rests on was noticed since before its facts were read. What comes in and
is not yet committed then is noticed afterwards, when the answer is there to be ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
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
from accord_app.shield.models import KeptArticle, KeptStanding, Noticing, RestsOn
from accord_app.shield.working_out import (
    PEOPLE_AT_ONCE,
    Question,
    Stood,
    Verdict,
    Worked,
    answered,
    let_until,
    reads,
    standing_sql,
    worked_out,
)

NOTICED_AT_ONCE = 2_000
AT_ONCE = 5_000
WRITTEN_AT_ONCE = 1_000
SHORTEST_US = 60_000_000
"""What holds for less than a minute is not worth keeping."""

SAID_AGAIN = timedelta(hours=1)  # that somebody still asks
_LEADS_ON = frozenset({"profiles", "deals"})


def answers(version: Version, people: Collection[str], question: Question, *, at: datetime) -> dict[str, Verdict]:
    """The answer for each person at this moment. Not to be asked within a transaction."""
    notice()
    kept, let = article_of(version, at=at), let_until(people, question, at=at)
    found = answered(version, read(kept, people, at=at), question, at=at, let=let)
    for some in parts(set(people) - found.keys(), PEOPLE_AT_ONCE):
        found.update(answered(version, keep(kept, version, some, at=at), question, at=at, let=let))
    return found


def read(kept: KeptArticle, people: Collection[str], *, at: datetime) -> dict[str, str]:
    """How those of these people stand of whom it is kept. Whether facts have ended it is asked here: with `until` in
    the query SQLite would rather look at all that holds than at one person's."""
    us = microseconds(at)
    about = KeptStanding.objects.filter(article=kept.pk, person_id__among=people)
    rows = about.values_list("person_id", "stood", "since", "until")
    return {person: stood for person, stood, since, until in rows if until and since <= us}


def keep(kept: KeptArticle, version: Version, people: Collection[str], *, at: datetime) -> dict[str, str]:
    """Work out how some people stand, and keep what is sure to hold for a while."""
    with anew():
        noticed = Noticing.objects.values_list("last", flat=True).first() or 0
        (worked,) = worked_out(version, people, at=at)
        _write(kept, worked, noticed, at)
    return {person: each.stood for person, each in worked.stood.items()}


def _write(kept: KeptArticle, worked: Worked, noticed: int, at: datetime) -> None:
    rests = {person: worked.held.rests_on(person) for person in worked.stood}
    lasting = set(_lasting(worked, rests, at))
    for some in parts(rests, WRITTEN_AT_ONCE):
        _write_some(kept, {person: rests[person] for person in some}, lasting, worked.stood, noticed, at)


@transaction.atomic
def _write_some(
    kept: KeptArticle,
    rests: Mapping[str, Collection[str]],
    lasting: Collection[str],
    stood: Mapping[str, Stood],
    noticed: int,
    at: datetime,
) -> None:
    changed = _changed_since(noticed, locked())
    if changed is None or not KeptArticle.objects.filter(pk=kept.pk).exclude(mark=None).exists():
        return
    still = {person for person, ids in rests.items() if changed.isdisjoint(ids)}
    remove(kept, still.difference(lasting))
    written = sorted(still.intersection(lasting))
    KeptStanding.objects.bulk_create(
        (_row(kept, person, stood[person], at) for person in written),
        update_conflicts=True, unique_fields=["person_id", "article"], update_fields=["stood", "since", "until"],
    )  # fmt: skip
    RestsOn.objects.bulk_create(
        (RestsOn(subject=each, person_id=person) for person in written for each in sorted({*rests[person]} - {person})),
        ignore_conflicts=True,
    )


def _lasting(worked: Worked, rests: Mapping[str, Collection[str]], at: datetime) -> Iterator[str]:
    """Of whom something is known, and who stands so for a while if nothing comes in."""
    to_come, told, us = worked.held.to_come(at), worked.held.told(), microseconds(at)
    for person, ids in rests.items():
        if not told.isdisjoint(ids) and to_come.isdisjoint(ids) and _end(worked.stood[person]) - us >= SHORTEST_US:
            yield person


def _row(kept: KeptArticle, person: str, stood: Stood, at: datetime) -> KeptStanding:
    return KeptStanding(article=kept.pk, person_id=person, stood=stood.stood, since=microseconds(at), until=_end(stood))


def _end(stood: Stood) -> int:
    return FOREVER if stood.ends is None else stood.ends


# Which clauses they are


def article_of(version: Version, *, at: datetime) -> KeptArticle:
    """The clauses of a version towards which it is kept how people stand, made known if nobody has asked yet."""
    mark = _mark(version)
    kept = KeptArticle.objects.filter(mark=mark).first()
    if kept is None:
        kinds, _ = reads(version)
        more = {"asked_at": at, "kinds": None if kinds is None else sorted(kinds)}
        kept, _ = KeptArticle.objects.get_or_create(mark=mark, defaults=more)
    if kept.asked_at < at - SAID_AGAIN:
        KeptArticle.objects.filter(pk=kept.pk).update(asked_at=at)
    return kept


def is_of(version: Version, kept: KeptArticle) -> bool:
    """Whether a version of the agreement asks the same."""
    return kept.mark == _mark(version)


@lru_cache(maxsize=16)
def _mark(version: Version) -> str:
    """A digest of all that it depends on but facts and time."""
    kinds, fields = reads(version)
    depends = [
        version_of("accord"), standing_sql(version, few=True), standing_sql(version, few=False),
        kinds and sorted(kinds),
        fields and {table: sorted(names) for table, names in fields.items()},
        written_within(version.rules).total_seconds(),
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
        people.update(RestsOn.objects.filter(subject__among=some).values_list("person_id", flat=True))
    for some in parts(people, AT_ONCE):
        KeptStanding.objects.filter(person_id__among=some, until__gt=0).update(until=0)


def _kinds_read() -> set[str] | None:
    """The kinds of touches that any clause reads; None: every kind."""
    read: set[str] = set()
    for kinds in KeptArticle.objects.exclude(mark=None).values_list("kinds", flat=True):
        if kinds is None:
            return None
        read.update(kinds)
    return read


def _begin_anew() -> None:
    """Facts came or went that may concern anybody: nothing that is kept counts any longer."""
    for kept in KeptArticle.objects.exclude(mark=None):
        mark = kept.mark
        let_go(kept)
        KeptArticle.objects.create(mark=mark, kinds=kept.kinds, asked_at=kept.asked_at)


def let_go(kept: KeptArticle) -> None:
    """Nothing that is kept towards these clauses counts any longer; `tidying` removes it."""
    KeptArticle.objects.filter(pk=kept.pk).update(mark=None)


def remove(kept: KeptArticle, people: Collection[str]) -> None:
    """Keep nothing about these people. Within a transaction that holds the lock."""
    if people:
        KeptStanding.objects.filter(article=kept.pk, person_id__among=people).delete()
        others = set(KeptStanding.objects.filter(person_id__among=people).values_list("person_id", flat=True))
        RestsOn.objects.filter(person_id__among=set(people) - others).delete()


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
