"""Which account belongs to which other, and who owned each at a moment: subsidiaries and their parents.

An account's profile names its parent in the cell in which a person's names the account that the person works for. What
was said last by a moment holds then; an account that names itself, or a ring of them, leads nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accord.facts.engine import Answers
from accord.facts.same import POINTERS, Links


class Word(NamedTuple):
    """What a profile of an account says: since when it was known (microseconds since 1970), and the cell."""

    known: int
    said: str


_Words = Mapping[str, tuple[Word, ...]]


@dataclass(frozen=True, slots=True)
class Families:
    """The parents and owners of accounts as they became known. `links` say which ids mean the same account."""

    parents: _Words = field(default_factory=dict)
    owners: _Words = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    named_by: Mapping[str, Collection[str]] = field(default_factory=dict)  # by id, who ever called it the parent

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], links: Links) -> Families:
        """From rows of accounts' profiles: `subject_id`, `account_id`, `owner` and `known` (microseconds since 1970),
        in the order in which they became known."""
        parents: dict[str, list[Word]] = defaultdict(list)
        owners: dict[str, list[Word]] = defaultdict(list)
        named_by: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row["account_id"]:
                named_by[row["account_id"]].add(row["subject_id"])
            for words, cell in ((parents, row["account_id"]), (owners, row["owner"])):
                if cell:
                    words[row["subject_id"]].append(Word(row["known"], cell))
        said, owned = ({key: tuple(told) for key, told in words.items()} for words in (parents, owners))
        return cls(said, owned, links, named_by)

    @classmethod
    def read(cls, engine: Answers, *, owners: bool = True) -> Families:
        """From the revisions of profiles that an engine holds, as far as they tell of accounts that have a parent or
        are one; without who owns them where the engine does not hold it."""
        rows = engine.rows(" ".join(("WITH", POINTERS, ",", _TOLD.format(owner="owner" if owners else "NULL"))))
        return cls.of(rows.to_pylist(), Links.read(engine))

    def __bool__(self) -> bool:
        return bool(self.parents)

    def parent(self, account: str, at: int) -> str | None:
        """The account to which an account belongs, as known at a moment."""
        said = self._last(self.parents, account, at)
        parent = self.links.root(said, at) if said else None
        return None if parent == self.links.root(account, at) else parent

    def above(self, account: str, at: int) -> Iterator[str]:
        """The parent, the parent's parent and so on, as known at a moment."""
        seen, parent = {self.links.root(account, at)}, self.parent(account, at)
        while parent is not None and parent not in seen:
            yield parent
            seen.add(parent)
            parent = self.parent(parent, at)

    def below(self, account: str, at: int) -> Iterator[str]:
        """The subsidiaries, theirs and so on, as known at a moment."""
        new = [self.links.root(account, at)]
        seen = set(new)
        while new:
            children = self._children(new.pop(), at) - seen
            seen |= children
            new += sorted(children)
            yield from sorted(children)

    def line(self, account: str, at: int) -> tuple[str, ...]:
        """Every account above or below an account at a moment, sorted, without it; not what lies beside it."""
        found = {*self.above(account, at), *self.below(account, at)}
        return tuple(sorted(found - {self.links.root(account, at)}))

    def ever(self, accounts: Collection[str]) -> set[str]:
        """These accounts and all that ever were above or below one of them, under every id."""
        above = self._walk(accounts, lambda each: (word.said for word in self.parents.get(each, ())))
        return above | self._walk(accounts, lambda each: self.named_by.get(each, ()))

    def _walk(self, accounts: Collection[str], near: Callable[[str], Iterable[str]]) -> set[str]:
        found = self.links.everybody(accounts)
        new = found
        while new:
            new = self.links.everybody({other for each in new for other in near(each)}) - found
            found = found | new
        return found

    def _children(self, account: str, at: int) -> set[str]:
        near = {child for each in self.links.members(account, at) for child in self.named_by.get(each, ())}
        roots = {self.links.root(child, at) for child in near}
        return {root for root in roots if self.parent(root, at) == account}

    def owner_above(self, account: str, at: int) -> str | None:
        """Who owns the nearest account above that anybody owns, as known at a moment."""
        owners = (self._last(self.owners, each, at) for each in self.above(account, at))
        return next((owner for owner in owners if owner), None)

    def _last(self, words: _Words, account: str, at: int) -> str | None:
        ids = self.links.members(self.links.root(account, at), at)
        known = [word for each in ids for word in words.get(each, ()) if word.known <= at]
        return sorted(known, key=lambda word: word.known)[-1].said if known else None  # of one moment the last


_TOLD = """told AS (SELECT * FROM profiles_revisions WHERE subject = 'account'), near AS (
    SELECT subject_id FROM told WHERE account_id IS NOT NULL UNION SELECT account_id FROM told
    UNION SELECT alias_id FROM pointers WHERE of_account UNION SELECT person_id FROM pointers WHERE of_account)
SELECT subject_id, account_id, {owner} AS owner, epoch_us(known_at) AS known FROM told
WHERE subject_id IN (FROM near) AND EXISTS (FROM told WHERE account_id IS NOT NULL)
ORDER BY known_at, revision, source_id"""
