"""Touches and won deals of a lake as one relation of rows: `person`, `moment`, `channel`, `converted`, `value`.

A deal is won by the person that the funnel gives it to (`stages.owned_sql`), when it is won for the first time. Its
value is the last amount that was stated for it, in one currency. Facts after `until` (naive UTC) are not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from accord.facts.engine import text
from accord.insight.stages import KNOWN_AS, before_sql, moment_sql, owned_sql

if TYPE_CHECKING:
    from accord.facts.engine import Answers

BY = ("channel", "campaign", "asset", "side")


class Priced(NamedTuple):
    """The currency that values are told in, None where there is none, how many wins have no value in it, and how many
    belong to nobody."""

    currency: str | None
    without: int
    nobodys: int


def _wins_sql(until: datetime | None, currency: str | None) -> str:
    """One row per won deal: `deal_id`, `person_id`, `won_at`, `worth`."""
    base = text(currency or "")
    return f"""{owned_sql(until)},
amounts AS (
  SELECT deal_id, amount, currency FROM (
    SELECT deal_id, amount, currency,
      row_number() OVER (PARTITION BY deal_id ORDER BY occurred_at DESC, known_at DESC, source_id DESC) AS place
    FROM deals WHERE amount IS NOT NULL AND {before_sql(until)}
  ) ranked WHERE place = 1
),
rate_spans AS (
  SELECT currency, rate, occurred_at AS since,
    lead(occurred_at) OVER (PARTITION BY currency ORDER BY occurred_at, known_at, source_id) AS until
  FROM rates WHERE base = {base} AND currency <> {base}
),
wins AS (
  SELECT o.deal_id, o.person_id, o.won_at, a.currency,
    CASE WHEN a.currency = {base} THEN a.amount ELSE a.amount * r.rate END AS worth
  FROM owned o LEFT JOIN amounts a ON o.deal_id = a.deal_id
  LEFT JOIN rate_spans r ON r.currency = a.currency AND r.since <= o.won_at
    AND (r.until IS NULL OR o.won_at < r.until)
  WHERE o.won_at IS NOT NULL
)"""


_WON = """SELECT coalesce(k.person_id, w.person_id) AS person, w.won_at AS moment, NULL AS channel, TRUE AS converted,
  greatest(coalesce(w.worth, 0.0), 0.0) AS value
FROM wins w LEFT JOIN known_as k ON w.person_id = k.alias_id WHERE w.person_id IS NOT NULL"""


def rows_sql(by: str, until: datetime | None, currency: str | None) -> str:
    """The relation. A touch without a value of the dimension keeps its row, as `no campaign`."""
    return f"""{_wins_sql(until, currency)},
known_as AS ({KNOWN_AS})
SELECT coalesce(k.person_id, t.person_id) AS person, t.occurred_at AS moment, {named_sql(by)} AS channel,
  FALSE AS converted, 0.0 AS value
FROM (SELECT * FROM touches WHERE {before_sql(until)}) t LEFT JOIN known_as k ON t.person_id = k.alias_id
UNION ALL {_WON}"""


def named_sql(by: str) -> str:
    """What a touch is counted under."""
    return f"coalesce({by}, 'no {by}')"


# What a run keeps for the next one, with hashed ids


def hashed_wins_sql(until: datetime | None, currency: str | None) -> str:
    """The rows of the relation that are wins: `person` (hashed), `moment` (µs), `value`, in the order of all three."""
    won = f"{_wins_sql(until, currency)}, known_as AS ({KNOWN_AS}) {_WON}"
    return (
        f"SELECT hash(person) AS person, epoch_us(moment) AS moment, value::DOUBLE AS value FROM ({won}) ORDER BY ALL"
    )


def hashed_ids_sql() -> str:
    """Which ids mean somebody else: `alias`, `person` (both hashed), in the order of the first."""
    return f"SELECT hash(alias_id) AS alias, hash(person_id) AS person FROM ({KNOWN_AS}) ORDER BY alias"


def touches_sql(touches: str, by: str) -> str:
    """Touches as rows of the relation, each under the id that it was recorded for."""
    return (
        f"SELECT person_id AS person, occurred_at AS moment, {named_sql(by)} AS channel, FALSE AS converted, "
        f"0.0 AS value FROM ({touches})"
    )


def unlike_sql(touches: str, by: str, known: Sequence[str]) -> str:
    """How many touches there are, how many of them correct others, and how many name no known channel."""
    unknown = f"{named_sql(by)} NOT IN ({', '.join(map(text, known))})"
    return f"SELECT count(*), count(*) FILTER (revision > 1), count(*) FILTER ({unknown}) FROM ({touches})"


def after_sql(until: datetime) -> str:
    """The touches that are still to come."""
    return f"SELECT * FROM touches WHERE occurred_at > {moment_sql(until)}"


def behind_sql(by: str, until: datetime | None, currency: str | None, most: int) -> str:
    """The newest won deals that are shared out: `deal_id`, `won_at`, `worth`, and `touched_by`, the values of the
    dimension among the touches since the person's win before."""
    return f"""{_wins_sql(until, currency)},
known_as AS ({KNOWN_AS}),
theirs AS (
  SELECT w.deal_id, coalesce(k.person_id, w.person_id) AS person, w.won_at, w.worth
  FROM wins w LEFT JOIN known_as k ON w.person_id = k.alias_id WHERE w.person_id IS NOT NULL
),
newest AS (
  SELECT * FROM (
    SELECT t.*, lag(won_at) OVER (PARTITION BY person ORDER BY won_at, deal_id) AS since FROM theirs t
  ) placed ORDER BY won_at DESC, deal_id LIMIT {int(most)}
),
seen AS (
  SELECT coalesce(k.person_id, t.person_id) AS person, t.occurred_at, coalesce(t.{by}, 'no {by}') AS value
  FROM touches t LEFT JOIN known_as k ON t.person_id = k.alias_id
)
SELECT n.deal_id, n.won_at, n.worth, string_agg(DISTINCT s.value, ', ' ORDER BY s.value) AS touched_by
FROM newest n LEFT JOIN seen s ON s.person = n.person AND s.occurred_at <= n.won_at
  AND (n.since IS NULL OR s.occurred_at > n.since)
GROUP BY n.deal_id, n.won_at, n.worth ORDER BY n.won_at DESC, n.deal_id"""


def price(engine: Answers, until: datetime | None, wanted: str | None) -> Priced:
    """In which currency the wins can be told: the one that is asked for, the only one that there is, or the one that
    the rates lead to."""
    said = engine.rows(f"{_wins_sql(until, None)} SELECT DISTINCT currency FROM wins WHERE currency IS NOT NULL")
    met = said.column(0).to_pylist()
    bases = engine.rows("SELECT DISTINCT base FROM rates").column(0).to_pylist()
    candidates = [wanted] if wanted else met if len(met) == 1 else bases
    currency = candidates[0] if len(candidates) == 1 else None
    without, nobodys = engine.one(
        f"{_wins_sql(until, currency)} SELECT sum(CASE WHEN worth IS NULL OR worth < 0 THEN 1 ELSE 0 END), "
        "sum(CASE WHEN person_id IS NULL THEN 1 ELSE 0 END) FROM wins"
    )
    return Priced(currency, int(str(without or 0)), int(str(nobodys or 0)))
