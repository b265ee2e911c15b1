"""What the diagnosis looks at: a stretch of time, an earlier one to hold it against, and their records.

Handoffs and deals come from the very queries that the promises are measured with; stages of people come from the
funnel. Each set is read once, as Arrow, and looked at by all rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement.document import Agreement
from accord.agreement.obligations import HANDED_TO, Question, with_parts
from accord.agreement.periods import Span
from accord.facts.engine import Answers, Engine, text
from accord.insight.diagnosis.chance import Share
from accord.insight.dimensions import profile_dimensions_sql
from accord.insight.stages import moment_sql, owned_sql, reached_sql

DIMENSIONS = ("segment", "origin", "country")
_VALUED = ", ".join(f"v.{name}" for name in DIMENSIONS)
_VALUES, _HELD = profile_dimensions_sql(DIMENSIONS), "values_of_people"
MOST_BEHIND = 100  # records that a factor names, of all that it is of
QUARTER = timedelta(days=93)  # the plan's quarter may begin before the period
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """The period [`since`, `until`) held against [`base_since`, `base_until`), both naive UTC, as things stood at `at`.

    `currency` is that of the agreement in force last, else EUR; amounts without a rate into it count as unknown.
    """

    engine: Answers
    since: datetime
    until: datetime
    base_since: datetime
    base_until: datetime
    at: datetime
    agreements: Sequence[Agreement] = ()
    held: dict[str, object] = field(default_factory=dict, repr=False)

    @property
    def agreement(self) -> Agreement | None:
        """The version in force last."""
        return self.agreements[-1] if self.agreements else None

    @property
    def currency(self) -> str:
        return self.agreement.currency if self.agreement else "EUR"

    @cached_property
    def question(self) -> Question:
        """What the queries of the promises need to know."""
        begins = min(self.since, self.base_since, self.until - QUARTER).replace(tzinfo=UTC)
        span = Span("all", begins, max(self.at, self.until, self.base_until).replace(tzinfo=UTC))
        return Question(at=self.at.replace(tzinfo=UTC), spans=(span,), currency=self.currency)

    @cached_property
    def handoffs_sql(self) -> str:
        """One row per handoff: its offer, its first answer and the first answer clock, as the promises count them. In
        order, so that the same facts are drawn into the same lots."""
        parts = with_parts(("events", "offers", "answers", "endings", "sales_touches", "signs"), self.question)
        return f"""{parts},
first_clock AS (SELECT e.handoff_id, MIN(e.answer_due) AS answer_due, MIN(e.first_touch_due) AS first_touch_due,
  MAX(CASE WHEN e.owner IS NULL THEN 0 ELSE 1 END) AS owned
{HANDED_TO} GROUP BY e.handoff_id)
SELECT o.handoff_id, o.person_id, o.offered_at, o.owner, o.team, o.band, o.in_capacity, o.persona, k.answer_due,
  k.first_touch_due, COALESCE(k.owned, 0) AS owned, a.answer, a.answered_at, x.ending, x.reason, x.ended_at,
  g.touched_at, {_VALUED}
FROM offers AS o
LEFT JOIN first_clock AS k ON k.handoff_id = o.handoff_id
LEFT JOIN answers AS a ON a.handoff_id = o.handoff_id
LEFT JOIN endings AS x ON x.handoff_id = o.handoff_id
LEFT JOIN signs AS g ON g.handoff_id = o.handoff_id
{_valued_by("o")}
WHERE o.offered_at <= {moment_sql(self.at)} AND NOT o.declared
ORDER BY o.offered_at, o.handoff_id"""

    @cached_property
    def deals_sql(self) -> str:
        """One row per deal with its person: when it opened and closed, how, why it was lost and what it is worth."""
        parts = with_parts(("deal_events", "closings", "rate_spans"), self.question)
        owned = owned_sql(self.at).removeprefix("WITH ")
        return f"""{parts},
{owned},
words AS (
  SELECT deal_id, MAX(CASE WHEN event = 'lost' THEN reason END) AS reason,
    MIN(CASE WHEN event IN ('won', 'lost') THEN known_at END) AS closing_known_at,
    MAX(account_id) AS account_id FROM deal_events GROUP BY deal_id
)
SELECT d.deal_id, COALESCE(k.person_id, d.person_id) AS person_id, w.account_id, d.opened_at, c.closing, c.closed_at,
  w.reason, w.closing_known_at, c.amount, CASE WHEN c.currency = {text(self.currency)} THEN c.amount
  ELSE c.amount * r.rate END AS worth, {_VALUED}
FROM owned AS d JOIN closings AS c ON c.deal_id = d.deal_id JOIN words AS w ON w.deal_id = d.deal_id
LEFT JOIN rate_spans AS r ON r.currency = c.currency AND r.since <= c.closed_at
  AND (r.until IS NULL OR c.closed_at < r.until)
LEFT JOIN (SELECT alias_id, max(person_id) AS person_id FROM identities GROUP BY alias_id) k ON k.alias_id = d.person_id
{_valued_by("d")}
WHERE c.closing <> 'deleted' ORDER BY d.deal_id"""

    @cached_property
    def people_sql(self) -> str:
        """One row per person: when they came to each stage (`at_0` to `at_5`), as the funnel counts it."""
        return f"""SELECT p.person_id, at_0, at_1, at_2, at_3, at_4, at_5, {_VALUED}
FROM ({reached_sql(self.at)}) AS p
{_valued_by("p")}
WHERE p.person_id IS NOT NULL"""

    @cached_property
    def handoffs(self) -> pa.Table:
        return self._rows(self.handoffs_sql)

    @cached_property
    def deals(self) -> pa.Table:
        return self._rows(self.deals_sql)

    @cached_property
    def people(self) -> pa.Table:
        return self._rows(self.people_sql)

    def read(self) -> None:
        """Reads everybody, the deals and the handoffs now, so that a thread beside need not ask the engine."""
        _ = self.people, self.deals, self.handoffs

    def _rows(self, sql: str) -> pa.Table:
        """What the query says, its words as dictionaries. What profiles tell of everybody stands in all three, and is
        worked out for them once where that is cheap to hand over again, as in this process: as numbers of words."""
        if not isinstance(self.engine, Engine):
            return _with_dictionaries(self.engine.rows(sql))
        self.engine.register(_HELD, self._values.codes)
        try:
            found = self.engine.rows(sql.replace(_VALUES, f"SELECT * FROM {_HELD}"))
        finally:
            self.engine.unregister(_HELD)
        return _with_dictionaries(self._values.named(found))

    @cached_property
    def _values(self) -> _Values:
        return _Values.of(self.engine.rows(_VALUES))

    def in_period(self, moments: npt.NDArray[np.datetime64]) -> Flags:
        """Which moments lie in the period."""
        return within(moments, self.since, self.until)

    def in_base(self, moments: npt.NDArray[np.datetime64]) -> Flags:
        """Which moments lie in the earlier period."""
        return within(moments, self.base_since, self.base_until)


@dataclass(frozen=True)
class _Values:
    """What profiles tell of people: by `id` the number of each word, and the words."""

    codes: pa.Table
    words: Mapping[str, pa.Array]

    @classmethod
    def of(cls, values: pa.Table) -> _Values:
        coded = {name: values.column(name).combine_chunks().dictionary_encode() for name in DIMENSIONS}
        numbers = {name: each.indices for name, each in coded.items()}
        return cls(
            pa.table({"id": values.column("id"), **numbers}), {name: each.dictionary for name, each in coded.items()}
        )

    def named(self, found: pa.Table) -> pa.Table:
        """Rows with numbers of words, with the words."""
        for name, told in self.words.items():
            column = pa.DictionaryArray.from_arrays(found.column(name).combine_chunks().cast(pa.int32()), told)
            found = found.set_column(found.column_names.index(name), name, column)
        return found


def _with_dictionaries(found: pa.Table) -> pa.Table:
    """Rows whose texts, but for ids, are kept as numbers of words: each rule compares them again."""
    for place, column in enumerate(found.schema):
        if pa.types.is_string(column.type) and not column.name.endswith("_id"):
            found = found.set_column(place, column.name, found.column(place).combine_chunks().dictionary_encode())
    return found


def _valued_by(people: str) -> str:
    return f"LEFT JOIN ({_VALUES}) AS v ON v.id = {people}.person_id"


def newest(ids: pa.Array | pa.ChunkedArray, times: npt.NDArray[np.datetime64], those: Flags) -> tuple[str, ...]:
    """The ids of the records among those that happened last, at most `MOST_BEHIND` of them; at one moment by id."""
    places = np.flatnonzero(those)
    if len(places) > MOST_BEHIND:
        least = np.partition(times[places].view(np.int64), -MOST_BEHIND)[-MOST_BEHIND]
        places = places[times[places].view(np.int64) >= least]
    found = zip(times[places].view(np.int64).tolist(), ids.take(pa.array(places)).to_pylist(), strict=True)
    ordered = sorted(found, key=lambda each: (-each[0], str(each[1])))
    return tuple(str(name) for _, name in ordered[:MOST_BEHIND])


def within(moments: npt.NDArray[np.datetime64], since: datetime, until: datetime) -> Flags:
    """Which moments lie in [since, until); NaT lies nowhere."""
    return np.asarray((moments >= np.datetime64(since, "us")) & (moments < np.datetime64(until, "us")))


def moments(table: pa.Table, name: str) -> npt.NDArray[np.datetime64]:
    """A column of times; NaT where there is none."""
    return np.asarray(table.column(name).cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")


def words(table: pa.Table, name: str) -> npt.NDArray[np.object_]:
    """A column of texts; None where there is none. Equal texts are one object, which makes comparing them cheap."""
    told, numbers = coded(table, name)
    return np.asarray(told[numbers])


def coded(table: pa.Table, name: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """The different texts of a column, None last, and the place among them of each row's."""
    column = table.column(name).combine_chunks()
    each = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    told = np.empty(len(each.dictionary) + 1, dtype=object)
    told[:-1] = each.dictionary.to_pylist()
    return told, np.asarray(pc.fill_null(each.indices, len(told) - 1), dtype=np.int64)


def by_text(table: pa.Table, name: str, among: Flags) -> Iterator[tuple[str, Flags]]:
    """Each text that a column has among some rows, in order, and which of all rows have it."""
    told, numbers = coded(table, name)
    there = np.flatnonzero(np.bincount(numbers[among], minlength=len(told))[:-1])
    for place in sorted(there, key=lambda each: str(told[each])):
        yield str(told[place]), numbers == place


def known(table: pa.Table, name: str) -> Flags:
    """Which rows say something in a column."""
    return np.asarray(table.column(name).is_valid())


def numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers; NaN where there is none."""
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def share(flags: Flags, of: Flags) -> Share:
    """How many of some records have a flag."""
    return Share(int((flags & of).sum()), int(of.sum()))


def ids(table: pa.Table, name: str, keep: Flags, most: int = 500) -> tuple[str, ...]:
    """The ids of some records, the first ones of them."""
    return tuple(str(each) for each in table.column(name).take(pa.array(np.flatnonzero(keep)[:most])).to_pylist())
