"""Which ids mean the same person or account, and since when: an equivalence over facts that nobody touches.

Each row of `identities` says for whom an id stands. A word about an id holds from when it became known until the next
word about the same id, whoever said it; an id that stands for itself is parted again. So a merge is one row, taking it
back is the next revision of that row, and a look at a moment before either sees what was known then.

Words that a source only concluded (`inferred`, such as a guess by cookie) count in figures about the past. They never
steer a decision: those follow what somebody said, by identifying themselves, in a source's own merge, or here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accord.facts.engine import Answers

FOREVER = 2**62

OF_ACCOUNTS = "accord accounts"
"""The source of words about accounts; of all other sources the words are about people."""

POINTERS = f"""pointers AS (
    SELECT alias_id, person_id, source = '{OF_ACCOUNTS}' AS of_account, known_at AS since,
        coalesce(least(superseded_at, lead(known_at) OVER (
            PARTITION BY alias_id ORDER BY known_at, revision, source, source_id)), TIMESTAMP 'infinity') AS until
    FROM identities_revisions WHERE evidence <> 'inferred'
)"""
"""For whom an id stands, since when and until when."""


def members_sql(moments: str, *, key: str = "person_id", at: str = "moment") -> str:
    """Common table expressions, for WITH RECURSIVE, that end in `members`: per row of `moments` its `key`, its moment
    as `k`, and per id that means the person then a row with that `id`, the person's own among them."""
    return f"""{POINTERS}, members AS (
    SELECT {key}, {at} AS k, person_id AS id FROM {moments}
    UNION SELECT m.{key}, m.k, p.alias_id FROM members m
        JOIN pointers p ON p.person_id = m.id AND p.since <= m.k AND p.until > m.k
)"""


def family_sql(asked: str) -> str:
    """A common table expression `family`, after those of `members_sql`: per row (`n`, `k`, `id`) of `asked` every id
    that means the same as `id` at `k`, whichever of them `id` is."""
    return f"""edges AS (
    SELECT alias_id AS one, person_id AS other, since, until FROM pointers
    UNION ALL SELECT person_id, alias_id, since, until FROM pointers
), family AS (
    SELECT n, k, id FROM {asked}
    UNION SELECT f.n, f.k, e.other FROM family f JOIN edges e ON e.one = f.id AND e.since <= f.k AND e.until > f.k
)"""


class Spell(NamedTuple):
    """An id that stands for another from a moment until before another, in microseconds since 1970."""

    alias: str
    person: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Links:
    """Who stands for whom when, in hand."""

    up: Mapping[str, tuple[Spell, ...]] = field(default_factory=dict)
    down: Mapping[str, tuple[Spell, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, spells: Iterable[Spell]) -> Links:
        """From spells; those of ids that stand for themselves say nothing."""
        up, down = defaultdict(list), defaultdict(list)
        for spell in spells:
            if spell.alias != spell.person and spell.since < spell.until:
                up[spell.alias].append(spell)
                down[spell.person].append(spell)
        return cls({k: tuple(v) for k, v in up.items()}, {k: tuple(v) for k, v in down.items()})

    @classmethod
    def read(cls, engine: Answers) -> Links:
        """From the revisions of identities that an engine holds."""
        rows = engine.rows(
            f"WITH {POINTERS} SELECT alias_id AS alias, person_id AS person, epoch_us(since) AS since,"
            f" CASE WHEN isfinite(until) THEN epoch_us(until) ELSE {FOREVER} END AS until FROM pointers"
            " WHERE alias_id <> person_id AND since < until"
        )
        return cls.of(Spell(**row) for row in rows.to_pylist())

    def __bool__(self) -> bool:
        return bool(self.up)

    def stands_for(self, alias: str, at: int) -> str | None:
        """For whom an id stands at a moment by the last word about it; None where it stands for itself."""
        return self._above(alias, at)

    def root(self, person: str, at: int) -> str:
        """Whom an id means at a moment. Ids that stand for each other in a ring mean the smallest of them."""
        seen = [person]
        while (above := self._above(seen[-1], at)) is not None:
            if above in seen:
                return min(seen[seen.index(above) :])
            seen.append(above)
        return seen[-1]

    def members(self, person: str, at: int) -> tuple[str, ...]:
        """Every id that means the person at a moment, sorted, the person's own among them."""
        found, new = {person}, [person]
        while new:
            below = {s.alias for each in new for s in self.down.get(each, ()) if s.since <= at < s.until}
            new = sorted(below - found)
            found |= below
        return tuple(sorted(found))

    def everybody(self, people: Collection[str]) -> set[str]:
        """These ids and all that ever stood for one another with one of them."""
        found, new = set(people), set(people)
        while new:
            near = {s.person for each in new for s in self.up.get(each, ())}
            near |= {s.alias for each in new for s in self.down.get(each, ())}
            new = near - found
            found |= near
        return found

    def _above(self, person: str, at: int) -> str | None:
        return next((s.person for s in self.up.get(person, ()) if s.since <= at < s.until), None)


def spells(rows: Iterable[Mapping[str, Any]]) -> Iterator[Spell]:
    """The spells of rows of `identities` with `alias_id`, `person_id`, `evidence`, `since` and `superseded`, both in
    microseconds, in the order in which they became known; the slow twin of the SQL."""
    by_alias: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["evidence"] != "inferred":
            by_alias[row["alias_id"]].append(row)
    for alias, words in by_alias.items():
        for place, word in enumerate(words):
            ends = [w["since"] for w in words[place + 1 : place + 2]]
            ends += [word["superseded"]] if word["superseded"] is not None else []
            yield Spell(alias, word["person_id"], word["since"], min(ends, default=FOREVER))
