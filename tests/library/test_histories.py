"""Histories against the plain form of their query: every step of everybody put in order, and a window for the first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO, facts_in_hand

from accord.facts.engine import Engine
from accord.insight.dimensions import DIMENSIONS, dimension_sql, profile_dimensions_sql
from accord.insight.stages import KNOWN_AS, STAGES, histories_sql, owned_sql, places, reached_sql

Row = dict[str, Any]
LATER = range(1, len(STAGES))
STEPS = """steps AS (
  SELECT person_id, min(moment) AS moment, 0 AS stage, 0 AS ends, 0 AS closing, 0 AS open_deal, max(named) AS named
  FROM (
    SELECT subject_id AS person_id, occurred_at AS moment, 1 AS named FROM profiles_revisions WHERE subject = 'person'
    UNION ALL SELECT person_id, occurred_at, 0 FROM touches
    UNION ALL SELECT person_id, occurred_at, 1 FROM handoffs WHERE event IN ('mql', 'offered')
  ) moments GROUP BY person_id
  UNION ALL
  SELECT person_id, occurred_at,
    CASE event WHEN 'mql' THEN 1 WHEN 'offered' THEN 1 WHEN 'accepted' THEN 2 WHEN 'qualified' THEN 3 END,
    CASE WHEN event IN ('rejected', 'recycled') THEN 1 ELSE 0 END,
    CASE WHEN event = 'rejected' THEN 1 ELSE 0 END, 0, 1
  FROM handoffs WHERE event IN ('mql', 'offered', 'accepted', 'contacted', 'qualified', 'rejected', 'recycled')
  UNION ALL SELECT person_id, opened_at, 4, 0, 0, CASE WHEN won_at IS NULL AND lost_at IS NULL THEN 1 ELSE 0 END, 1
  FROM owned WHERE opened_at IS NOT NULL
  UNION ALL SELECT person_id, won_at, 5, 0, 0, 0, 1 FROM owned WHERE won_at IS NOT NULL
  UNION ALL SELECT person_id, lost_at, NULL, 1, 1, 0, 1 FROM owned WHERE lost_at IS NOT NULL
  UNION ALL SELECT person_id, reopened_at, NULL, 0, 0, 0, 1 FROM owned WHERE reopened_at IS NOT NULL
)"""


def plain() -> str:
    """The query as it is read most easily."""
    at = ", ".join(f"min(CASE WHEN stage = {i} THEN first_at END) AS at_{i}" for i in range(len(STAGES)))
    again = ", ".join(f"count(CASE WHEN stage = {i} THEN 1 END) AS seen_{i}" for i in LATER)
    return f"""{owned_sql()}, {STEPS},
numbered AS (
  SELECT *, sum(ends) OVER (PARTITION BY person_id
    ORDER BY moment, ends, stage ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode
  FROM (SELECT coalesce(k.person_id, s.person_id) AS person_id, s.* EXCLUDE person_id
    FROM steps s LEFT JOIN ({KNOWN_AS}) k ON s.person_id = k.alias_id) resolved
),
spells AS (
  SELECT person_id, stage, episode, min(moment) AS first_at, count(*) AS steps, max(open_deal) AS open_deal,
    max(named) AS named, max(CASE WHEN closing = 1 THEN moment END) AS closed_at,
    max(CASE WHEN closing = 0 THEN moment END) AS alive_at
  FROM numbered GROUP BY person_id, stage, episode
),
people AS (
  SELECT person_id, {at}, {again}, max(closed_at) AS closed_at, max(alive_at) AS alive_at,
    max(open_deal) AS open_deals, max(named) AS named, sum(CASE WHEN stage = 5 THEN steps ELSE 0 END) AS wins
  FROM spells GROUP BY person_id
)
SELECT *, CASE WHEN open_deals = 0 AND closed_at >= coalesce(alive_at, closed_at) THEN closed_at END AS lost_at
FROM people"""


def plain_dimension(column: str, table: str, key: str, order: str, where: str) -> str:
    """The first or last value per key, by a window."""
    at = "occurred_at" if order == "ASC" else "known_at"
    return f"""SELECT id, value FROM (SELECT {key} AS id, {column} AS value, row_number() OVER (PARTITION BY {key}
ORDER BY {at} {order}, recorded_at {order}, source_id {order}) AS place FROM {table}
WHERE {column} IS NOT NULL AND {where}) ranked WHERE place = 1"""


MOMENTS = st.integers(0, 40).map(lambda hours: DAY_ZERO + timedelta(hours=11 * hours))
PEOPLE = st.sampled_from([f"p{place}" for place in range(8)])
CHANNELS = st.sampled_from(["email", "call", "unknown", None])
TOUCHES = st.lists(
    st.fixed_dictionaries(
        {"person_id": PEOPLE, "occurred_at": MOMENTS, "recorded_at": MOMENTS, "kind": st.just("page.home"),
         "channel": CHANNELS}
    ),
    max_size=30,
)  # fmt: skip
EVENTS = ("mql", "offered", "accepted", "contacted", "qualified", "rejected", "recycled", "replied")
HANDOFFS = st.lists(
    st.fixed_dictionaries(
        {"person_id": PEOPLE, "handoff_id": PEOPLE, "occurred_at": MOMENTS, "event": st.sampled_from(EVENTS),
         "team": CHANNELS, "known_at": MOMENTS}
    ),
    max_size=40,
)  # fmt: skip
DEALS = st.lists(
    st.fixed_dictionaries(
        {"deal_id": PEOPLE, "person_id": st.one_of(st.none(), PEOPLE), "occurred_at": MOMENTS,
         "account_id": st.sampled_from(["a1", "a2", None]),
         "event": st.sampled_from(["opened", "stage", "won", "lost", "reopened", "deleted"])}
    ),
    max_size=25,
)  # fmt: skip
PROFILES = st.lists(
    st.fixed_dictionaries(
        {"subject": st.just("person"), "subject_id": PEOPLE, "account_id": st.sampled_from(["a1", "a2", None]),
         "occurred_at": MOMENTS, "known_at": MOMENTS}
    ),
    max_size=12,
)  # fmt: skip
SAME = st.lists(
    st.fixed_dictionaries({"alias_id": PEOPLE, "person_id": PEOPLE, "known_at": MOMENTS, "revision": st.just(1)}),
    max_size=4,
)


def told(engine: Engine, sql: str, columns: str) -> list[tuple[object, ...]]:
    rows = engine.rows(f"SELECT {columns} FROM ({sql}) AS asked WHERE person_id IS NOT NULL")
    return sorted((tuple(row.values()) for row in rows.to_pylist()), key=str)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOUCHES, HANDOFFS, DEALS, PROFILES, SAME)
def test_histories_are_those_of_the_plain_form(
    touches: list[Row], handoffs: list[Row], deals: list[Row], profiles: list[Row], same: list[Row]
) -> None:
    engine = facts_in_hand(touches=touches, handoffs=handoffs, deals=deals, profiles=profiles, identities=same)
    columns = ", ".join(["person_id", "named", "lost_at", "wins", "at_0", *(f"at_{i}, seen_{i}" for i in LATER)])
    assert told(engine, histories_sql(), columns) == told(engine, plain(), columns)
    first = ", ".join(["person_id", "at_0", *(f"at_{i}" for i in LATER)])
    assert told(engine, reached_sql(), first) == told(engine, plain(), first)
    nobody = "SELECT coalesce(sum(wins), 0) FROM ({}) AS asked WHERE person_id IS NULL"
    assert engine.one(nobody.format(histories_sql())) == engine.one(nobody.format(plain()))


@given(st.lists(PEOPLE, unique=True), st.lists(st.one_of(st.none(), PEOPLE)))
def test_everybody_who_is_asked_for_is_found_at_their_place(everybody: list[str], asked: list[str | None]) -> None:
    ids, column = (pa.chunked_array([pa.array(each, pa.string())]) for each in (everybody, asked))
    plainly = [everybody.index(each) if each in everybody else -1 for each in asked]
    assert places(column, ids).tolist() == plainly


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOUCHES, HANDOFFS)
def test_the_first_and_the_last_word_are_those_of_a_window(touches: list[Row], handoffs: list[Row]) -> None:
    engine = facts_in_hand(touches=touches, handoffs=handoffs)
    for name, sql in (
        ("channel", plain_dimension("channel", "touches", "person_id", "ASC", "1 = 1")),
        ("team", plain_dimension("team", "handoffs", "person_id", "DESC", "1 = 1")),
    ):
        assert name in DIMENSIONS
        rows = (engine.rows(f"{each} ORDER BY id").to_pylist() for each in (dimension_sql(name), sql))
        first, second = rows
        assert first == second


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PROFILES)
def test_all_dimensions_of_profiles_at_once_are_those_one_by_one(profiles: list[Row]) -> None:
    told_by = [
        {**row, "subject": "account" if place % 3 == 0 else "person", "country": (None, "DE", "FR")[place % 3],
         "subject_id": (row["account_id"] or "a1") if place % 3 == 0 else row["subject_id"],
         "origin": (None, "event")[place % 2]}
        for place, row in enumerate(profiles)
    ]  # fmt: skip
    engine, names = facts_in_hand(profiles=told_by), ("country", "origin", "segment")
    at_once = engine.rows(profile_dimensions_sql(names)).to_pylist()
    for name in names:
        one = {row["id"]: row["value"] for row in engine.rows(dimension_sql(name)).to_pylist() if row["value"]}
        assert one == {row["id"]: row[name] for row in at_once if row[name]}
