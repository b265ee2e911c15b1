"""An engine that holds the facts of a few people, read from the database by index, in the shape of the lake's views.

What the lead view reads of a person are his or her touches, profile, consent and handoffs, the profile of every
account he or she worked for, and the deals of these accounts, also those that name only a colleague; and the same of
every id that ever meant the same person or account.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from accord.agreement.families import Families
from accord.facts.engine import Engine
from accord.facts.same import Links
from accord.facts.tables import TABLES, TIME
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.concerning import NAMED
from accord_app.ledger.families import families_of
from accord_app.ledger.links import links_from, supersede, words_about
from accord_app.ledger.models import (
    NOT_KEPT,
    ConsentWord,
    DealEvent,
    FactRow,
    HandoffEvent,
    Profile,
    Touch,
)

HELD = ("touches", "profiles", "deals", "consent", "handoffs", "identities")
AT_ONCE = 5_000
Columns = dict[str, Sequence[Any]]
"""Rows of a kind of fact, column by column, as the database's driver gives them."""

_NAIVE = pa.timestamp("us")
_OF_EVERY_ROW = ("source", "source_id", "revision", "known_at")
_kept = threading.local()


def engine_of(people: Collection[str], *, families: bool = False) -> Engine:
    """This thread's engine, emptied and filled with what is recorded about these people, and with `families` about the
    accounts above and below theirs. Valid until the next call."""
    return held_of(people, families=families).engine


@dataclass(frozen=True, slots=True)
class Held:
    """What an engine was filled with, and on whose facts what is worked out from it rests."""

    engine: Engine
    facts: Mapping[str, pa.Table]
    people: Links
    accounts: Links
    worked_for: Mapping[str, Collection[str]]  # every account that somebody's profiles ever named
    families: Families

    def rests_on(self, person: str) -> set[str]:
        """Every id that ever meant the person, and every account that one of these worked for under all of its ids,
        where families were asked for with those above and below it.

        What is loaded beside comes from deals of colleagues that name no account: `concerned_by` leads from a
        colleague to the account."""
        ids = self.people.everybody([person])
        accounts = {each for one in ids for each in self.worked_for.get(one, ())}
        return ids | (self.families.ever(accounts) if self.families else self.accounts.everybody(accounts))

    def told(self) -> set[str]:
        """The people of whom a profile tells."""
        profiles = self.facts["profiles"]
        return set(profiles.filter(pc.equal(profiles["subject"], "person"))["subject_id"].to_pylist())

    def to_come(self, at: datetime) -> set[str]:
        """The ids that facts name which become known, or happen, after this moment: time alone will let them count."""
        named: set[str] = set()
        now = pa.scalar(_naive(at), _NAIVE)
        for table, rows in self.facts.items():
            later = pc.greater(rows["known_at"], now)
            if table == "handoffs":
                later = pc.or_(later, pc.greater(rows["occurred_at"], now))
            if pc.any(later).as_py():
                some = rows.filter(later)
                named.update(each for column in NAMED[table] for each in some[column].to_pylist() if each)
        return named.union(*(self.worked_for.get(each, ()) for each in named))


def held_of(
    people: Collection[str],
    *,
    kinds: Collection[str] | None = None,
    fields: Mapping[str, Collection[str]] | None = None,
    lately: Mapping[str, datetime] | None = None,
    families: bool = False,
    many: bool = False,
) -> Held:
    """The engine of `engine_of`, with what it was filled with; of many people the one of `for_many`, where their facts
    need not be copied, and leave no holes behind that the next query reads over. `kinds`: only these kinds of touches;
    `fields`: of a kind of fact only these fields, the others are empty. `lately`: of these kinds only what became known
    after a moment. Whatever corrects another touch is read. `families`: with the accounts above and below theirs."""
    found = _facts_of(people, kinds, fields, lately, families)
    engine = for_many() if many else of_this_thread()
    if many:
        for table, rows in found.tables.items():
            engine.register(f"{table}_revisions", rows)
    else:
        _fill(engine, found.tables)
    worked_for = _worked_for(found.tables["profiles"])
    return Held(engine, found.tables, found.people, found.accounts, worked_for, found.families)


def _fill(engine: Engine, facts: Mapping[str, pa.Table]) -> None:
    for table, rows in facts.items():
        if table in _kept.filled:
            engine.run(f"DELETE FROM {table}_revisions")
            _kept.filled.remove(table)
        if len(rows):
            _kept.filled.add(table)
            engine.insert(f"{table}_revisions", rows)


def concerned_by(ids: Collection[str]) -> set[str]:
    """These ids and the accounts for which those who are people ever worked: a deal that names only a colleague is the
    account's."""
    found, asked = set(ids), sorted(ids)
    for start in range(0, len(asked), AT_ONCE):
        some = Profile.facts().filter(subject="person", subject_id__among=asked[start : start + AT_ONCE])
        found.update(some.exclude(account_id=None).values_list("account_id", flat=True))
    return found


def _worked_for(profiles: pa.Table) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    columns = (profiles[name].to_pylist() for name in ("subject", "subject_id", "account_id"))
    for subject, person, account in zip(*columns, strict=True):
        if subject == "person" and account:
            found[person].add(account)
    return found


def of_this_thread() -> Engine:
    """The engine that this thread keeps, since making one takes longer than most of what it is asked."""
    engine: Engine | None = getattr(_kept, "engine", None)
    if engine is None:
        engine, _kept.filled = Engine(threads=1, memory="1GB"), set()
        _kept.engine = engine
        for table in HELD:
            engine.register("shape", _shape(table).empty_table())
            engine.run(f"CREATE TABLE {table}_revisions AS SELECT * FROM shape")
            engine.unregister("shape")
            _make_view(engine, table)
    return engine


def for_many() -> Engine:
    """The other engine that this thread keeps, for rows that are looked through once: it reads them where they are."""
    engine: Engine | None = getattr(_kept, "for_many", None)
    if engine is None:
        engine = _kept.for_many = Engine(threads=1, memory="1GB")
        for table in HELD:
            engine.register(f"{table}_revisions", _shape(table).empty_table())
            _make_view(engine, table)
    return engine


def _make_view(engine: Engine, table: str) -> None:
    engine.run(
        f"CREATE VIEW {table} AS SELECT * EXCLUDE (superseded_at) FROM {table}_revisions WHERE superseded_at IS NULL"
    )


@cache
def _shape(table: str) -> pa.Schema:
    fields = [pa.field(c.name, _NAIVE if c.type == TIME else c.type) for c in TABLES[table].columns]
    return pa.schema([*fields, pa.field("superseded_at", _NAIVE)])


@dataclass(frozen=True, slots=True)
class _Found:
    """Facts by table, and which ids mean the same person and the same account."""

    tables: Mapping[str, pa.Table]
    people: Links
    accounts: Links
    families: Families


def _facts_of(
    people: Collection[str],
    kinds: Collection[str] | None = None,
    fields: Mapping[str, Collection[str]] | None = None,
    lately: Mapping[str, datetime] | None = None,
    families: bool = False,
) -> _Found:
    words, unseen = words_about(people), unseen_batches()
    links = links_from(words)
    ids = _listed(links.everybody(people))

    def rows(model: type[FactRow], which: Q) -> pa.Table:
        return _rows(model, unseen, which, (fields or {}).get(model.table.name))

    persons = rows(Profile, Q(subject="person", subject_id__among=ids))
    employers = _texts(persons["account_id"])
    of_family = families_of(employers, below=True) if families else Families()
    of_accounts = words_about(of_family.ever(employers) if families else employers)
    of_employers = links_from(of_accounts)
    accounts = _listed(of_employers.everybody(of_family.ever(employers) if families else employers))
    colleagues = Profile.facts().filter(subject="person", account_id__among=accounts)
    loose = Q(account_id=None, person_id__in=colleagues.values("subject_id"))
    deals = rows(DealEvent, Q(account_id__among=accounts) | Q(person_id__among=ids) | loose)
    others = _texts(deals.filter(pc.is_null(deals["account_id"]))["person_id"]) - ids.keys()
    told = [persons, rows(Profile, Q(subject="account", subject_id__among=accounts))]
    told += [rows(Profile, Q(subject="person", subject_id__among=_listed(others)))] if others else []
    tables = {
        "identities": _arrow("identities", [*words, *of_accounts]),
        "profiles": pa.concat_tables(told),
        "deals": deals,
        "touches": rows(Touch, _touched(ids, kinds, lately or {})),
        "consent": rows(ConsentWord, Q(person_id__among=ids)),
        "handoffs": rows(HandoffEvent, Q(person_id__among=ids)),
    }
    return _Found(tables, links, of_employers, of_family)


def _listed(ids: Collection[str]) -> dict[str, None]:
    """In the order of the index. Django would look into each element of a list."""
    return dict.fromkeys(sorted(ids))


def _texts(column: pa.ChunkedArray) -> set[str]:
    return {each for each in column.to_pylist() if each}


def _touched(people: Collection[str], kinds: Collection[str] | None, lately: Mapping[str, datetime]) -> Q:
    if kinds is None:
        return Q(person_id__among=people)
    which = Q(kind__in=[kind for kind in kinds if kind not in lately])
    for kind, moment in lately.items():
        which |= Q(kind=kind, known_at__gt=moment)
    return Q(person_id__among=people) & (which | Q(revision__gt=1))


def _rows(model: type[FactRow], unseen: Collection[str], which: Q, fields: Collection[str] | None) -> pa.Table:
    """Rows as the driver gives them: Django would make a date of each time, which takes longer than finding them."""
    table = model.table.name
    names = [name for name in _shape(table).names if name not in NOT_KEPT and name != "superseded_at"]
    names = [name for name in names if fields is None or name in fields or name in _OF_EVERY_ROW]
    wanted = model.facts().filter(which)
    if unseen:
        wanted = wanted.exclude(batch__in=unseen)
    query = wanted.values_list(*(_read(table, name) for name in names)).query
    with connection.cursor() as cursor:
        cursor.execute(*query.sql_with_params())
        found = cursor.fetchall()
    if not found:
        return _shape(table).empty_table()
    columns: Columns = dict(zip(names, zip(*found, strict=True), strict=True))
    return _table(table, len(found), {**columns, "superseded_at": _superseded(columns)})


def _read(table: str, name: str) -> str | Cast:
    """A column; SQLite's driver reads times by Python, but not where they are asked for as text."""
    is_read_slowly = connection.vendor == "sqlite" and _shape(table).field(name).type == _NAIVE
    return Cast(name, TextField()) if is_read_slowly else name


def _superseded(columns: Columns) -> Sequence[Any]:
    """For each row when the next revision became known, as `supersede` says."""
    keys = list(zip(columns["source"], columns["source_id"], strict=True))
    if len(set(keys)) == len(keys):
        return [None] * len(keys)
    rows = [
        {"place": place, "source": source, "source_id": source_id, "known_at": known, "revision": revision}
        for place, ((source, source_id), known, revision) in enumerate(
            zip(keys, columns["known_at"], columns["revision"], strict=True)
        )
    ]
    supersede(rows)
    return [row["superseded_at"] for row in sorted(rows, key=itemgetter("place"))]


def _arrow(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    if not rows:
        return _shape(table).empty_table()
    names = rows[0].keys() & set(_shape(table).names)
    return _table(table, len(rows), {name: [row[name] for row in rows] for name in names})


def _table(table: str, count: int, columns: Columns) -> pa.Table:
    """Rows in the shape of the lake; what was not read is empty."""
    shape = _shape(table)
    arrays = [
        _array(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in shape
    ]
    return pa.table(arrays, schema=shape)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """SQLite gives times as text in UTC, and numbers for what is true or false."""
    if kind == _NAIVE:
        first = next((value for value in values if value is not None), None)
        if isinstance(first, str):
            return pa.array(values, pa.string()).cast(_NAIVE)
        return pa.array(values, TIME).cast(_NAIVE)
    if kind == pa.bool_():
        values = [None if value is None else bool(value) for value in values]
    return pa.array(values, kind)


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)
