"""Recording facts. A fact enters in the transaction of the act that made it, and is never changed afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from accord.facts.tables import COMMON, Evidence, Table
from accord_app.ledger import lake
from accord_app.ledger.concerning import concern
from accord_app.ledger.models import FACTS, LIVE, Batch, FactRow
from accord_app.shell.once import once_per_page

AT_ONCE = 500
_BY_US = frozenset({"source", "source_id", "revision", "recorded_at", "batch", "digest", "known_inferred"})
_GIVEN = ("occurred_at", "known_at", "precision", "evidence")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of rows: new facts, facts that were known already, new revisions of known facts."""

    stored: int = 0
    known: int = 0
    revised: int = 0

    def __add__(self, other: Appended) -> Appended:
        return Appended(self.stored + other.stored, self.known + other.known, self.revised + other.revised)


@transaction.atomic
def append(table: str, rows: Iterable[Row], *, at: datetime, source: str) -> Appended:
    """Record facts that came in at `at`.

    A row holds the table's own columns, `id` (what the source calls the row) and `occurred_at`; `known_at` is `at` if
    left out, `precision` second, `evidence` evidenced. The same id with the same content is one fact; with other
    content it becomes the next revision. Raises ValueError for a row that the table does not allow.
    """
    model, done = FACTS[table], Appended()
    waiting = iter(rows)
    while some := list(islice(waiting, AT_ONCE)):
        done += _append(model, [(_complete(model.table, row, at, source), "known_at" in row) for row in some], at)
    return done


def _append(model: type[FactRow], facts: Sequence[tuple[dict[str, Any], bool]], at: datetime) -> Appended:
    """Each fact with whether its source said when it could be known; our own time of receipt is no content."""
    held = _newest(model, [fact for fact, _ in facts])
    new: list[dict[str, Any]] = []
    known, revised = 0, 0
    for fact, says_known in facts:
        identity = (fact["source"], fact["source_id"])
        before = held.get(identity)
        if before is not None and _same(model.table, before, fact, says_known):
            known += 1
            continue
        if before is not None:
            revised += 1
            fact["revision"] = before["revision"] + 1
            fact["known_at"] = max(fact["known_at"], before["known_at"])
        held[identity] = fact
        new.append(fact)
    model.facts().bulk_create(model(**{**fact, "recorded_at": at, "batch": LIVE}) for fact in new)
    concern(model.table.name, new)
    return Appended(len(new) - revised, known, revised)


def _newest(model: type[FactRow], facts: Sequence[Row]) -> dict[tuple[str, str], dict[str, Any]]:
    """The newest revision in force of each identity."""
    ids = {fact["source_id"] for fact in facts}
    names = [f.name for f in model._meta.fields if f.name not in ("id", "carried")]
    rows = model.facts().filter(source__in={f["source"] for f in facts}, source_id__in=ids)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows.exclude(batch__in=unseen_batches()).order_by("revision").values(*names):
        found[row["source"], row["source_id"]] = row
    return found


@once_per_page
def unseen_batches() -> Sequence[str]:
    """Batches whose facts are here but do not count: still being copied, or taken back."""
    return tuple(Batch.objects.exclude(state=Batch.State.IN_FORCE).values_list("id", flat=True))


def _same(table: Table, before: Row, fact: Row, says_known: bool) -> bool:
    compared = [*(c.name for c in table.own), "occurred_at", "precision", "evidence"]
    return all(before.get(name) == fact.get(name) for name in [*compared, *(["known_at"] if says_known else [])])


def _complete(table: Table, row: Row, at: datetime, source: str) -> dict[str, Any]:
    allowed = {"id", *_GIVEN, *(column.name for column in table.own)}
    if unknown := row.keys() - allowed:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    fact = {name: value for name, value in row.items() if name != "id"}
    fact.setdefault("precision", "second")
    fact.setdefault("evidence", Evidence.EVIDENCED.value)
    fact["known_inferred"] = False
    fact["known_at"] = row.get("known_at") or at
    fact |= {"source": source, "source_id": lake.fact_id(source, table.name, str(row["id"])), "revision": 1}
    for problem in _problems(table, fact):
        raise ValueError(f"{table.name}: {problem}")
    return fact


def _problems(table: Table, fact: Row) -> Iterator[str]:
    for column in (*table.own, *(c for c in COMMON if c.name not in _BY_US)):
        value = fact.get(column.name)
        if value is None and column.required:
            yield f"{column.name} is missing"
        elif value is not None and column.allowed and value not in column.allowed:
            yield f"{column.name} cannot be {value!r}"
