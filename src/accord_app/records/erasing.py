"""Erasing a person: who is meant, what there is, and emptying it everywhere.

The rooms above register what they hold beside the facts. What stands in the database goes in one transaction, which
also leaves a row that the worker finishes if this process dies: the lake's files and the database's free pages.
Facts stay under their keyed ids, so no total changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from accord.facts import erasure as lake_erasure
from accord.facts.errors import AccordError
from accord.facts.ledger import LedgerError
from accord_app.ledger import lake
from accord_app.ledger.engine import of_this_thread
from accord_app.ledger.links import words_about
from accord_app.ledger.models import Profile
from accord_app.records import remains, standing
from accord_app.records.models import Erasure, Person, SearchTerm
from accord_app.work import actions as work

_log = logging.getLogger(__name__)
FINISH = "finish erasures"
SOURCE = "accord"
"""Of what people say here."""
SHORTEST_LOOKED_FOR = 5
"""Signs of a name or number that are looked for inside longer texts; shorter ones must be the whole text."""


@dataclass(frozen=True)
class Subject:
    """Who is to be erased: every id that means the person, and the words that identify them in free text."""

    person_ids: frozenset[str]
    names: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]

    @cached_property
    def words(self) -> frozenset[str]:
        """Names, addresses and numbers, in lower case."""
        return frozenset(word.casefold() for word in self.names | self.emails | self.phones)

    def is_named_in(self, text: str) -> bool:
        """Whether a text holds one of the words."""
        said = text.casefold()
        return any(word == said or (len(word) >= SHORTEST_LOOKED_FOR and word in said) for word in self.words)


@dataclass(frozen=True, slots=True)
class Eraser:
    """How a room empties what it holds about a person beside the facts. `erase` runs in the transaction of the
    erasure, gives how many it emptied, and must bear being run again."""

    title: str
    count: Callable[[Subject], int]
    erase: Callable[[Subject, datetime], int]


@dataclass(frozen=True, slots=True)
class Found:
    """Something that will go, and how much of it."""

    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure will do: which people records it means, and what will go."""

    subject: Subject
    people: tuple[str, ...]
    found: tuple[Found, ...]


_ERASERS: list[Eraser] = []


def register(eraser: Eraser) -> None:
    """Let a room empty what it holds about a person. Raises ValueError for a title that is taken."""
    if any(each.title == eraser.title for each in _ERASERS):
        raise ValueError(f"{eraser.title!r} is registered twice.")
    _ERASERS.append(eraser)


# Who is meant


def subject_of(named: str) -> Subject:
    """Everybody who is meant by an id, an e-mail address or `source:id`, under all of their ids.

    People who share an address are one person here, since it would still be found otherwise. Raises AccordError when
    nobody is known by that.
    """
    ids = _with_aliases(_named(named.strip()))
    same = _told().alias(address=Lower("email")).filter(address__in=[each.lower() for each in _said(ids, "email")])
    ids = _with_aliases(ids | set(same.values_list("subject_id", flat=True)))
    held = _told().filter(subject_id__in=ids)
    if not (held.exists() or Person.objects.filter(person_id__in=ids).exists()):
        raise AccordError(
            f"Nobody is known as {named!r}.", remedy="Name the person's id here, the e-mail address, or source:id."
        )
    return Subject(frozenset(ids), _said(ids, "name"), _said(ids, "email"), _said(ids, "phone"))


def _named(named: str) -> set[str]:
    if "@" in named:
        person, profile = (rows.alias(address=Lower("email")) for rows in (Person.objects.all(), _told()))
        held = person.filter(address=named.lower()).values_list("person_id", flat=True)
        told = profile.filter(address=named.lower()).values_list("subject_id", flat=True)
        return {lake.person_id("", named), *held, *told}
    if ":" in named:
        source, _, raw = (part.strip() for part in named.partition(":"))
        return {lake.person_id(source, raw)} if source and raw else set()
    return {named} if named else set()


def _with_aliases(ids: Collection[str]) -> set[str]:
    pairs = [(row["alias_id"], row["person_id"]) for row in words_about(ids) if not _is_taken_back(row)]
    found, size = set(ids), 0
    while size < len(found):
        size = len(found)
        found |= {each for pair in pairs if not found.isdisjoint(pair) for each in pair}
    return found


def _is_taken_back(row: Mapping[str, Any]) -> bool:
    """A merge that was taken back no longer makes two people one."""
    return row["source"] == SOURCE and row["superseded_at"] is not None


def _told() -> Any:
    return Profile.facts().filter(subject="person")


def _said(ids: Collection[str], column: str) -> frozenset[str]:
    said = _told().filter(subject_id__in=ids, **{f"{column}__gt": ""}).values_list(column, flat=True)
    return frozenset(said.distinct())


# What there is


def plan(named: str) -> Plan:
    """What an erasure of this person would empty. Changes nothing. Raises AccordError when nobody is known by that."""
    subject = subject_of(named)
    people = Person.objects.filter(person_id__in=subject.person_ids).order_by("-known_at", "person_id")
    counts = (
        Found("Profiles in the database", _full_profiles(subject).count()),
        Found("Profiles in the lake", _in_the_lake(subject)),
        Found("Words of the search", _terms(subject).count()),
        *(Found(each.title, each.count(subject)) for each in _ERASERS),
    )
    return Plan(subject, tuple(str(person) for person in people), counts)


def _full_profiles(subject: Subject) -> Any:
    says = Q()
    for column in lake_erasure.PERSONAL:
        says |= Q(**{f"{column}__isnull": False})
    return _told().filter(says, subject_id__in=subject.person_ids)


def _in_the_lake(subject: Subject) -> int:
    return lake_erasure.profiles_held(of_this_thread(), lake.ledger().folder / "profiles", subject.person_ids)


def _terms(subject: Subject) -> Any:
    return SearchTerm.objects.filter(kind=SearchTerm.Kind.PERSON, ref__in=subject.person_ids)


# Emptying


def erase(*, named: str, by: str, at: datetime) -> Erasure:
    """Erase a person. The database is emptied at once, the files after it; where these cannot be written now, or this
    process ends, `done_at` stays empty and the worker goes on. May be repeated. Raises AccordError when nobody is
    known by that."""
    subject = subject_of(named)
    done = _erase_rows(subject, by, at)
    try:
        finish(done, at=at, words=subject.emails | subject.phones)
    except (DatabaseError, LedgerError, OSError) as error:
        done.done_at = None
        _log.warning("erasure %s: the files wait for the worker (%s)", done.pk, type(error).__name__)
    return done


@transaction.atomic
def _erase_rows(subject: Subject, by: str, at: datetime) -> Erasure:
    emptied = {each.title: each.erase(subject, at) for each in _ERASERS}
    emptied["Profiles in the database"] = _full_profiles(subject).update(**dict.fromkeys(lake_erasure.PERSONAL))
    emptied["Words of the search"] = _terms(subject).delete()[0]
    known = Person.objects.filter(person_id__in=subject.person_ids)
    emptied["People"] = known.update(erased_at=at)
    standing.fold_people(list(known.values_list("person_id", flat=True)))
    work.enqueue(kind=FINISH, at=at, key=FINISH)
    return Erasure.objects.create(by=by, at=at, person_ids=sorted(subject.person_ids), emptied=emptied)


def finish(erasure: Erasure, *, at: datetime, words: Collection[str] = ()) -> None:
    """Empty the lake and the free pages of the database. `words` are looked for in the bytes of the database's file;
    where one is found, the file is written anew."""
    done = lake.ledger().erase(erasure.person_ids, at=erasure.at)
    remains.clear(words)
    emptied = {**erasure.emptied}
    emptied["Profiles in the lake"] = emptied.get("Profiles in the lake", 0) + done.rows
    erasure.emptied, erasure.done_at = emptied, at
    erasure.save(update_fields=["emptied", "done_at"])


def finish_all(at: datetime) -> int:
    """Finish every erasure that was begun; gives how many."""
    waiting = list(Erasure.objects.filter(done_at=None).order_by("at", "id"))
    for each in waiting:
        finish(each, at=at)
    return len(waiting)
