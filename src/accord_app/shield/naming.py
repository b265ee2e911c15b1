"""Whom a list names: by the id here, by `source:id`, or by e-mail address. A row that names nobody takes no other down.

An address may stand in several records, and a record may be known under other ids: all of them are asked about, and the
strictest answer holds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models.functions import Lower

from accord.facts import identity
from accord_app.ledger import lake
from accord_app.ledger.models import Alias
from accord_app.records.models import Person

LONGEST = 320
FEW = 100  # so many ids are looked up at once rather than asking first whether anybody has another
_ID = re.compile(r"[A-Za-z0-9_-]{1,24}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that names nobody: which, what it says, what is wrong, what to do."""

    index: int
    field: str
    value: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Named:
    """A row that names somebody: under which ids, and whether anything is known of the person."""

    index: int
    ids: tuple[str, ...]
    is_known: bool


def resolve(entries: Sequence[object]) -> tuple[list[Named], list[Unfit]]:
    """Who is meant by each entry, and what is wrong with the others."""
    texts, unfit = [], []
    for index, entry in enumerate(entries):
        problem = _problem(entry)
        if problem is None:
            texts.append((index, str(entry).strip()))
        else:
            unfit.append(Unfit(index, f"people[{index}]", _shown(entry), *problem))
    named, unknown = _found(texts)
    return named, sorted([*unfit, *unknown], key=lambda each: each.index)


def _problem(entry: object) -> tuple[str, str] | None:
    if not isinstance(entry, str) or not entry.strip():
        return "it is no text", "Send a person's id, source:id or an e-mail address."
    said = entry.strip()
    if len(said) > LONGEST or not said.isprintable():
        return f"it is no text of 1 to {LONGEST} printable characters", "Send a person's id, source:id or an address."
    if "@" in said and ":" not in said and not _ADDRESS.fullmatch(said):
        return "it is no e-mail address", "Send an address such as birgit@kestrel.example."
    if "@" not in said and ":" not in said and not _ID.fullmatch(said):
        return "it is no id of a person", "Send a person's id, source:id or an e-mail address."
    return None


def _shown(entry: object) -> str:
    return str(entry)[:80].encode(errors="replace").decode().replace("\x00", "?") if isinstance(entry, str) else ""


def _found(texts: Sequence[tuple[int, str]]) -> tuple[list[Named], list[Unfit]]:
    key = lake.ledger().key
    ids: dict[str, tuple[str, ...]] = {text: _ids(key, text) for _, text in texts}
    held = _of_addresses({text.lower() for text in ids if _is_address(text)})
    ids = {text: tuple(dict.fromkeys([*held.get(text.lower(), ()), *own])) for text, own in ids.items()}
    more = _aliases({each for some in ids.values() for each in some})
    ids = {text: _with_others(some, more) for text, some in ids.items()}
    known = _known({each for some in ids.values() for each in some})
    named, unfit = [], []
    for index, text in texts:
        is_known = any(each in known for each in ids[text])
        if ids[text] and (is_known or _is_address(text)):
            named.append(Named(index, _of_them(ids[text], known), is_known))
        else:
            remedy = "Check the id, or send the e-mail address."
            unfit.append(Unfit(index, f"people[{index}]", text[:80], "nobody is known by this", remedy))
    return named, unfit


def _with_others(ids: tuple[str, ...], more: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Each with those that mean the same."""
    return tuple(dict.fromkeys(one for own in ids for one in (own, *more.get(own, ()))))


def _of_them(ids: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    """Those who are known first; an id that nothing is known by still counts, for facts may name it."""
    return tuple(sorted(ids, key=lambda each: each not in known))


def _ids(key: bytes, text: str) -> tuple[str, ...]:
    if _is_address(text):
        return (identity.person_id(key, "", text),)
    if ":" in text:
        source, _, raw = (part.strip() for part in text.partition(":"))
        return (identity.person_id(key, source.lower(), raw),) if source and raw else ()
    return (text,)


def _is_address(text: str) -> bool:
    return "@" in text and ":" not in text


def _of_addresses(addresses: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    if not addresses:
        return found
    rows = Person.objects.alias(address=Lower("email")).filter(address__among=addresses)
    for person, email in rows.order_by("person_id").values_list("person_id", "email"):
        found[email.lower()].append(person)
    return found


def _aliases(ids: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    if len(ids) > FEW and not Alias.facts().exists():
        return found
    for alias, person in Alias.facts().filter(alias_id__among=ids).values_list("alias_id", "person_id"):
        found[alias].append(person)
    for alias, person in Alias.facts().filter(person_id__among=ids).values_list("alias_id", "person_id"):
        found[person].append(alias)
    return found


def _known(ids: Collection[str]) -> set[str]:
    return set(Person.objects.filter(person_id__among=ids).values_list("person_id", flat=True))
