"""Who reached which stage when: one row per person, from the facts alone.

lead -> MQL -> SAL -> SQL -> opportunity -> customer. Ids that mean the same person are one person. A stage that no fact
in the lake speaks of is not recorded: it is left out, never counted as 0 and never invented. A deal belongs to its
person where the source says so; otherwise to the person of its account who was qualified last before the deal opened;
otherwise to nobody, and is counted as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.insight.dimensions import COHORT, dimension_sql, last_of_person

if TYPE_CHECKING:
    from accord.facts.engine import Answers

STAGES = ("lead", "MQL", "SAL", "SQL", "opportunity", "customer")
Moments = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
DAY = np.timedelta64(86_400_000_000, "us")
_SAID_LAST = """SELECT alias_id, person_id FROM (
    SELECT alias_id, person_id, row_number() OVER (
      PARTITION BY alias_id ORDER BY known_at DESC, revision DESC, person_id DESC) AS place FROM identities
  ) said WHERE place = 1"""
KNOWN_AS = f"""SELECT a.alias_id, coalesce(c.person_id, b.person_id, a.person_id) AS person_id
  FROM ({_SAID_LAST}) a LEFT JOIN ({_SAID_LAST}) b ON a.person_id = b.alias_id
  LEFT JOIN ({_SAID_LAST}) c ON b.person_id = c.alias_id"""
"""Whom an id means by the last word about it, through at most three steps: a visitor, an address, a merged person."""
_COLLEAGUES = """SELECT subject_id FROM profiles_revisions WHERE subject = 'person'
  AND account_id IN (SELECT account_id FROM deal WHERE person_id IS NULL)"""
_NEVER = np.datetime64("NaT", "us")
_NOBODY = datetime.fromisoformat("1970-01-01")  # until when nobody is followed


@dataclass(frozen=True, slots=True)
class Histories:
    """People and their stages. Arrays are as long as there are people; a moment that never came is NaT.

    `reached[stage]` is the first moment at the stage, `returns[stage]` how often somebody came to it again after having
    been rejected, recycled or lost. `lost` is when somebody was rejected or lost for the last time and did not come
    back. `named` is False for whom only touches are on record. `group` says which of the `values` of the dimension each
    person has. `until` is the moment until which people could be followed.
    """

    reached: dict[str, Moments]
    returns: dict[str, npt.NDArray[np.int64]]
    lost: Moments
    named: Flags
    group: npt.NDArray[np.int64] | None
    values: tuple[object, ...]
    until: datetime
    unassigned_wins: int
    sql: str

    @property
    def size(self) -> int:
        return len(self.lost)

    @property
    def recorded(self) -> tuple[str, ...]:
        """The stages that at least one person is recorded at, in order."""
        return tuple(stage for stage in STAGES if not np.isnat(self.reached[stage]).all())

    def entry(self) -> Moments:
        """When each person entered: the first recorded stage, else the earliest stage that they are recorded at."""
        recorded = self.recorded
        if not recorded:
            return np.full(self.size, _NEVER)
        first = self.reached[recorded[0]]
        earliest = np.fmin.reduce([self.reached[stage] for stage in recorded])
        return np.where(np.isnat(first), earliest, first)


def moment_sql(moment: datetime) -> str:
    """A naive UTC moment as a literal that DuckDB and Spark read alike."""
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"


def before_sql(until: datetime | None) -> str:
    """The condition that a fact happened by then."""
    return "1 = 1" if until is None else f"occurred_at <= {moment_sql(until)}"


def owned_sql(until: datetime | None = None) -> str:
    """The beginning of a query in which `owned` has every deal with its person, or with nobody: `deal_id`, `person_id`,
    `opened_at`, `won_at` (the first time), `reopened_at`, `lost_at` (where it is the last word)."""
    past = before_sql(until)
    return f"""WITH deal AS (
  SELECT deal_id, max(person_id) AS person_id, max(account_id) AS account_id,
    min(CASE WHEN event = 'opened' THEN occurred_at END) AS opened_at,
    min(CASE WHEN event = 'won' THEN occurred_at END) AS won_at,
    max(CASE WHEN event = 'lost' THEN occurred_at END) AS lost_at,
    max(CASE WHEN event = 'reopened' THEN occurred_at END) AS reopened_at,
    min(occurred_at) AS began_at
  FROM deals WHERE {past} GROUP BY deal_id
  HAVING max(CASE WHEN event = 'deleted' THEN 1 ELSE 0 END) = 0
),
works AS (
{last_of_person("account_id", among=_COLLEAGUES)}
),
qualified AS (
  SELECT h.person_id, w.value AS account_id, h.occurred_at AS moment
  FROM handoffs h JOIN works w ON h.person_id = w.id WHERE h.event IN ('mql', 'offered') AND {past}
),
by_account AS (
  SELECT deal_id, person_id FROM (
    SELECT d.deal_id, q.person_id,
      row_number() OVER (PARTITION BY d.deal_id ORDER BY q.moment DESC, q.person_id) AS place
    FROM deal d JOIN qualified q ON d.account_id = q.account_id AND q.moment <= coalesce(d.opened_at, d.began_at)
    WHERE d.person_id IS NULL
  ) ranked WHERE place = 1
),
owned AS (
  SELECT d.deal_id, coalesce(d.person_id, b.person_id) AS person_id, d.opened_at, d.won_at, d.reopened_at,
    CASE WHEN d.lost_at >= coalesce(d.reopened_at, d.lost_at) AND d.won_at IS NULL THEN d.lost_at END AS lost_at
  FROM deal d LEFT JOIN by_account b ON d.deal_id = b.deal_id
)"""


def steps_sql(until: datetime | None = None) -> str:
    """The beginning of a query with two sets of rows. `firsts` says since when each person is known: `person_id`,
    `at_0`, `alive_at` (the last of the first moments of their ids), `named` (0 where only touches speak of them).
    `steps` are the moments after that: `person_id`, `moment`, `stage` (1 to 5 or NULL), `ends` (1 when it sends
    somebody back), `closing` (1 rejected or lost, 0 any sign of life), `open_deal` (1 for a deal neither won nor
    lost)."""
    past = before_sql(until)
    return f"""{owned_sql(until)},
known_as AS ({KNOWN_AS}),
firsts AS (
  SELECT coalesce(k.person_id, f.person_id) AS person_id, min(f.moment) AS at_0, max(f.moment) AS alive_at,
    max(f.named) AS named
  FROM (
    SELECT person_id, min(moment) AS moment, max(named) AS named FROM (
      SELECT subject_id AS person_id, occurred_at AS moment, 1 AS named FROM profiles_revisions
      WHERE subject = 'person' AND {past}
      UNION ALL SELECT person_id, occurred_at, 0 FROM touches WHERE {past}
      UNION ALL SELECT person_id, occurred_at, 1 FROM handoffs WHERE event IN ('mql', 'offered') AND {past}
    ) moments GROUP BY person_id
  ) f LEFT JOIN known_as k ON f.person_id = k.alias_id GROUP BY coalesce(k.person_id, f.person_id)
),
steps AS (
  SELECT coalesce(k.person_id, s.person_id) AS person_id, moment, stage, ends, closing, open_deal FROM (
    SELECT person_id, occurred_at AS moment,
      CASE event WHEN 'mql' THEN 1 WHEN 'offered' THEN 1 WHEN 'accepted' THEN 2 WHEN 'qualified' THEN 3 END AS stage,
      CASE WHEN event IN ('rejected', 'recycled') THEN 1 ELSE 0 END AS ends,
      CASE WHEN event = 'rejected' THEN 1 ELSE 0 END AS closing, 0 AS open_deal
    FROM handoffs WHERE event IN ('mql', 'offered', 'accepted', 'contacted', 'qualified', 'rejected', 'recycled')
      AND {past}
    UNION ALL SELECT person_id, opened_at, 4, 0, 0, CASE WHEN won_at IS NULL AND lost_at IS NULL THEN 1 ELSE 0 END
    FROM owned WHERE opened_at IS NOT NULL
    UNION ALL SELECT person_id, won_at, 5, 0, 0, 0 FROM owned WHERE won_at IS NOT NULL
    UNION ALL SELECT person_id, lost_at, NULL, 1, 1, 0 FROM owned WHERE lost_at IS NOT NULL
    UNION ALL SELECT person_id, reopened_at, NULL, 0, 0, 0 FROM owned WHERE reopened_at IS NOT NULL
  ) s LEFT JOIN known_as k ON s.person_id = k.alias_id
)"""


_LATER = range(1, len(STAGES))
_FIRST_AT = ", ".join(f"min(CASE WHEN stage = {i} THEN moment END) AS at_{i}" for i in _LATER)
_REACHED = ", ".join(f"at_{i}" for i in range(len(STAGES)))


def reached_sql(until: datetime | None = None) -> str:
    """One row per person: when they came to each stage first, `at_0` to `at_5`."""
    return f"""{steps_sql(until)},
ways AS (SELECT person_id, {_FIRST_AT} FROM steps GROUP BY person_id)
SELECT coalesce(f.person_id, w.person_id) AS person_id, {_REACHED}
FROM firsts f FULL OUTER JOIN ways w ON f.person_id = w.person_id"""


def histories_sql(by: str | None = None, until: datetime | None = None) -> str:
    """One row per person: `at_0` to `at_5`, `seen_1` to `seen_5`, `wins`, `named`, `lost_at`, and `value` of the
    dimension. A row without a `person_id` counts what belongs to nobody.

    Only the steps of people who came to a stage after they had been sent back are put in order: with everybody else it
    shows without that how often they came to each.
    """
    again = ", ".join(f"count(CASE WHEN stage = {i} THEN 1 END) AS seen_{i}" for i in _LATER)
    seen = ", ".join(f"coalesce(a.seen_{i}, CASE WHEN at_{i} IS NULL THEN 0 ELSE 1 END) AS seen_{i}" for i in _LATER)
    value = "CAST(NULL AS STRING) AS value" if by in (None, COHORT) else "d.value"
    joined = "" if by is None or by == COHORT else f"LEFT JOIN ({dimension_sql(by)}) d ON p.person_id = d.id"
    return f"""{steps_sql(until)},
ways AS (
  SELECT person_id, {_FIRST_AT},
    max(CASE WHEN closing = 1 THEN moment END) AS closed_at, max(CASE WHEN closing = 0 THEN moment END) AS alive_at,
    max(open_deal) AS open_deals, count(CASE WHEN stage = 5 THEN 1 END) AS wins,
    min(CASE WHEN ends = 1 THEN moment END) AS left_at, max(CASE WHEN stage IS NOT NULL THEN moment END) AS last_at
  FROM steps GROUP BY person_id
),
again AS (
  SELECT person_id, {again} FROM (
    SELECT DISTINCT person_id, stage, episode FROM (
      SELECT person_id, stage, sum(ends) OVER (PARTITION BY person_id ORDER BY moment, ends, stage
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode
      FROM steps WHERE person_id IN (SELECT person_id FROM ways WHERE last_at > left_at)
    ) numbered
  ) spells GROUP BY person_id
),
people AS (
  SELECT coalesce(f.person_id, w.person_id) AS person_id, {_REACHED}, {seen}, coalesce(wins, 0) AS wins,
    CASE WHEN w.person_id IS NULL THEN f.named ELSE 1 END AS named,
    CASE WHEN open_deals = 0 AND closed_at >= coalesce(greatest(f.alive_at, w.alive_at), closed_at) THEN closed_at
    END AS lost_at
  FROM firsts f FULL OUTER JOIN ways w ON f.person_id = w.person_id LEFT JOIN again a ON w.person_id = a.person_id
)
SELECT p.person_id, {_REACHED}, {", ".join(f"seen_{i}" for i in _LATER)}, wins, named, {value}, lost_at
FROM people p {joined}"""


def places(column: pa.ChunkedArray, ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Where each person of a column stands among `ids`, who are all different; -1 for nobody and for a stranger. Who is
    asked for is kept in mind and not everybody, for those are fewer."""
    asked = column.combine_chunks().dictionary_encode()
    nobody = len(asked.dictionary)
    found = pc.index_in(ids.combine_chunks(), value_set=asked.dictionary)
    here = np.flatnonzero(np.asarray(found.is_valid()))
    place = np.full(nobody + 1, -1, dtype=np.int64)
    place[np.asarray(found)[here].astype(np.int64)] = here
    return np.asarray(place[np.asarray(pc.fill_null(asked.indices, nobody))])


def _latest(engine: Answers, until: datetime | None) -> datetime | None:
    union = " UNION ALL ".join(
        f"SELECT max(occurred_at) AS moment FROM {table} WHERE {before_sql(until)}"
        for table in ("profiles", "touches", "handoffs", "deals")
    )
    found: datetime | None = (
        engine.rows(f"SELECT max(moment) AS moment FROM ({union}) latest").column("moment")[0].as_py()
    )
    return found


def _moments(table: pa.Table, name: str) -> Moments:
    column = table.column(name).cast(pa.timestamp("us"))
    return column.to_numpy().astype("datetime64[us]")  # type: ignore[no-any-return]


def _again(table: pa.Table, stage: int) -> npt.NDArray[np.int64]:
    if stage == 0:
        return np.zeros(len(table), dtype=np.int64)  # one becomes a lead once
    seen = np.asarray(table.column(f"seen_{stage}").to_numpy(), dtype=np.int64)
    return np.maximum(seen - 1, 0, dtype=np.int64)


def read_histories(engine: Answers, *, by: str | None = None, until: datetime | None = None) -> Histories:
    """Everybody's stages from the facts in `engine`, with one dimension.

    `until` (naive UTC) cuts off later facts; the follow-up ends with the latest fact that is left. Raises AccordError
    for an unknown dimension.
    """
    return histories_of(engine, engine.rows(histories_sql(by, until)), by=by, until=until)


def histories_of(engine: Answers, rows: pa.Table, *, by: str | None, until: datetime | None) -> Histories:
    """The same from the rows of `histories_sql(by, until)`, which their reader wants to see too. People keep the order
    of the rows that have a `person_id`."""
    sql = histories_sql(by, until)
    known = np.asarray(rows.column("person_id").is_valid())
    people, nobody = rows.filter(pa.array(known)), rows.filter(pa.array(~known))
    found = Histories(
        reached={stage: _moments(people, f"at_{i}") for i, stage in enumerate(STAGES)},
        returns={stage: _again(people, i) for i, stage in enumerate(STAGES)},
        lost=_moments(people, "lost_at"),
        named=np.asarray(people.column("named").to_numpy() == 1),
        group=None,
        values=(),
        until=_latest(engine, until) or _NOBODY,
        unassigned_wins=sum(nobody.column("wins").to_pylist()),
        sql=sql,
    )
    return _with_group(found, by, people)


def _with_group(found: Histories, by: str | None, people: pa.Table) -> Histories:
    if by is None:
        return found
    if by == COHORT:
        months, place = np.unique(found.entry().astype("datetime64[M]"), return_inverse=True)
        return replaced(found, group=place, values=tuple(None if np.isnat(month) else str(month) for month in months))
    coded = people.column("value").combine_chunks().dictionary_encode("encode")
    return replaced(found, group=coded.indices.to_numpy(), values=tuple(coded.dictionary.to_pylist()))


def replaced(found: Histories, **changes: Any) -> Histories:
    """A copy of the histories with some fields changed."""
    fields = {name: getattr(found, name) for name in Histories.__slots__}
    return Histories(**{**fields, **changes})


def chosen(found: Histories, keep: Flags | npt.NDArray[np.int64] | slice) -> Histories:
    """The histories of some of the people: of those with a flag, of those at some places, or of a run of them."""
    return replaced(
        found,
        reached={stage: moments[keep] for stage, moments in found.reached.items()},
        returns={stage: counts[keep] for stage, counts in found.returns.items()},
        lost=found.lost[keep],
        named=found.named[keep],
        group=None if found.group is None else found.group[keep],
    )
