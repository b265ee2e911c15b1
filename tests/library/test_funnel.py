"""The funnel against a loop that anyone can read, on invented histories; and against real data with known answers."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO, facts_in_hand

from accord.facts.engine import Engine
from accord.insight.funnel import funnel
from accord.insight.stages import STAGES

OLIST = Path(os.environ.get("ACCORD_SHARED_DATA", "../shared/data")) / "olist_funnel"
STAGE_OF = {"mql": "MQL", "offered": "MQL", "accepted": "SAL", "qualified": "SQL"}
Row = dict[str, Any]


@dataclass
class Walk:
    """One person's way, as a reader would write it down."""

    first: dict[str, datetime] = field(default_factory=dict)
    returns: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lost_at: datetime | None = None


def twin(touches: list[Row], handoffs: list[Row], deals: list[Row]) -> dict[str, Walk]:
    steps: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
    seen = [row for row in touches + handoffs if row.get("event", "mql") in ("mql", "offered")]
    for person in {row["person_id"] for row in seen}:
        first = min(row["occurred_at"] for row in seen if row["person_id"] == person)
        steps[person].append((first, 0, "lead"))  # a page seen after a rejection is no return
    for row in handoffs:
        ends = int(row["event"] in ("rejected", "recycled"))
        steps[row["person_id"]].append((row["occurred_at"], ends, row["event"]))
    still_open = set()
    for deal in {row["deal_id"] for row in deals}:
        events = [row for row in deals if row["deal_id"] == deal]
        person = events[0]["person_id"]
        won = [row["occurred_at"] for row in events if row["event"] == "won"]
        lost = [row["occurred_at"] for row in events if row["event"] == "lost"]
        opened = [row["occurred_at"] for row in events if row["event"] == "opened"]
        if won:
            steps[person].append((min(won), 0, "customer"))
        again = [row["occurred_at"] for row in events if row["event"] == "reopened"]
        steps[person] += [(max(again), 0, "reopened")] if again else []
        lost = [at for at in lost if not won and (not again or max(lost) >= max(again))]
        if lost:
            steps[person].append((max(lost), 1, "lost"))
        if opened:
            steps[person].append((min(opened), 0, "opportunity"))
            if not won and not lost:  # a deal that nobody closed
                still_open.add(person)
    return {person: walked(way, person in still_open) for person, way in steps.items()}


def walked(way: list[tuple[datetime, int, str]], has_open_deal: bool) -> Walk:
    walk, left_since = Walk(), dict.fromkeys(STAGES, False)
    for at, _, word in sorted(way, key=lambda step: step[:2]):
        stage = STAGE_OF.get(word, word)
        if stage in STAGES:
            if stage not in walk.first:
                walk.first[stage] = at
            elif left_since[stage] and stage != "lead":
                walk.returns[stage] += 1
            left_since[stage] = False
        elif word in ("rejected", "recycled", "lost"):
            left_since = dict.fromkeys(STAGES, True)
    over = [at for at, _, word in way if word in ("rejected", "lost")]
    life = [at for at, _, word in way if word not in ("rejected", "lost", "replied")]  # a reply brings nobody back
    if over and not has_open_deal and (not life or max(over) >= max(life)):
        walk.lost_at = max(over)
    return walk


MOMENTS = st.integers(0, 60).map(lambda hours: DAY_ZERO + timedelta(hours=7 * hours))
PEOPLE = st.sampled_from([f"p{place}" for place in range(12)])
TOUCHES = st.lists(st.fixed_dictionaries({"person_id": PEOPLE, "occurred_at": MOMENTS, "kind": st.just("page.home")}))
HANDOFFS = st.lists(
    st.fixed_dictionaries(
        {
            "person_id": PEOPLE,
            "handoff_id": st.sampled_from(["h1", "h2", "h3"]),
            "occurred_at": MOMENTS,
            "event": st.sampled_from(
                ["mql", "offered", "accepted", "contacted", "qualified", "rejected", "recycled", "replied"]
            ),
        }
    ),
    max_size=60,
)
DEAL_EVENTS = ("opened", "stage", "won", "lost", "reopened")
DEALS = st.lists(
    st.fixed_dictionaries(
        {
            "deal_id": PEOPLE,
            "occurred_at": MOMENTS,
            "event": st.sampled_from(["opened", "stage", "won", "lost", "reopened"]),
        }
    ).map(lambda row: {**row, "person_id": row["deal_id"]}),
    max_size=30,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOUCHES, HANDOFFS, DEALS)
def test_funnel_counts_what_a_reader_counts(touches: list[Row], handoffs: list[Row], deals: list[Row]) -> None:
    walks = twin(touches, handoffs, deals)
    recorded = [stage for stage in STAGES if any(stage in walk.first for walk in walks.values())]
    if not recorded:
        return
    found = funnel(facts_in_hand(touches=touches, handoffs=handoffs, deals=deals))
    for stage in recorded:
        later = recorded[recorded.index(stage) :]
        counted = found.whole.stage(stage)
        assert counted.count == sum(stage in walk.first for walk in walks.values())
        assert counted.passed == sum(any(name in walk.first for name in later) for walk in walks.values())
        assert counted.returns == sum(walk.returns[stage] for walk in walks.values())
    for here, following in pairwise(recorded):
        beyond = recorded[recorded.index(following) :]
        lost = 0
        for walk in walks.values():
            went_on = any(name in walk.first for name in beyond)
            lost += bool(
                here in walk.first and not went_on and walk.lost_at is not None and walk.lost_at >= walk.first[here]
            )
        step = found.conversion(here, following)
        assert step is not None and step.lost == lost
        assert step.open == step.of - step.count - lost


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HANDOFFS.filter(bool), st.sampled_from(["team", "cohort", "channel"]))
def test_groups_add_up_to_the_whole(handoffs: list[Row], by: str) -> None:
    engine = facts_in_hand(handoffs=[{**row, "team": row["handoff_id"]} for row in handoffs])
    if not any(row["event"] in STAGE_OF for row in handoffs):
        return
    found = funnel(engine, by=by)
    assert sum(group.n for group in found.groups) == found.n
    for place, stage in enumerate(found.stages):
        if stage.recorded:
            assert sum(group.stages[place].count or 0 for group in found.groups) == stage.count
            assert sum(group.stages[place].returns or 0 for group in found.groups) == stage.returns


def test_json_is_one_document_and_the_table_has_a_row_per_conversion() -> None:
    rows = [
        {"person_id": f"p{place}", "handoff_id": f"h{place}", "event": event, "occurred_at": DAY_ZERO, "team": "north"}
        for place in range(30)
        for event in (("offered", "accepted") if place % 3 else ("offered",))
    ]
    found = funnel(facts_in_hand(handoffs=rows), by="team")
    told = json.loads(json.dumps(found.to_json()))
    assert told["conversions"][1]["rate"] == 20 / 30
    assert told["groups"][0]["team"] == "north" and told["groups"][0]["label"] == "north"
    assert found.table().column("count").to_pylist() == [30, 20, 20]
    assert found.chart().to_dict()["layer"] and funnel(facts_in_hand(handoffs=rows)).chart("dark").to_dict()["layer"]
    assert "FROM handoffs" in told["sql"]


def olist() -> Engine:
    if not OLIST.is_dir():
        pytest.skip(f"no shared data at {OLIST}: set ACCORD_SHARED_DATA")
    engine = facts_in_hand()
    leads = f"read_csv('{OLIST}/olist_marketing_qualified_leads_dataset.csv', header = true)"
    wins = f"read_csv('{OLIST}/olist_closed_deals_dataset.csv', header = true)"
    times = "first_contact_date::TIMESTAMP AS occurred_at, occurred_at AS known_at, occurred_at AS recorded_at"
    for name, sql in {
        "profiles": f"SELECT 'person' AS subject, mql_id AS subject_id, mql_id AS source_id, origin, "
        f"landing_page_id AS landing_page, {times} FROM {leads}",
        "handoffs": f"SELECT mql_id AS person_id, mql_id AS handoff_id, 'mql' AS event, {times} FROM {leads}",
        "deals": f"SELECT mql_id AS person_id, seller_id AS deal_id, 'won' AS event, "
        f"{times.replace('first_contact_date', 'won_date')} FROM {wins}",
    }.items():
        engine.run(f"CREATE TABLE filled AS SELECT * FROM {name}")
        engine.run(f"INSERT INTO filled BY NAME {sql}")
        engine.unregister(name)
        engine.run(f"ALTER TABLE filled RENAME TO {name}")
        engine.unregister(f"{name}_revisions")
        engine.run(f"CREATE VIEW {name}_revisions AS SELECT *, NULL::TIMESTAMP AS superseded_at FROM {name}")
    return engine


def test_olist_says_what_its_note_says() -> None:
    found = funnel(olist(), by="origin")
    step = found.conversion("MQL", "customer")
    assert step is not None and step.time is not None
    assert (step.of, step.count, step.rate) == (8000, 842, 0.10525)
    assert [round(days, 1) for days in (step.time.p25, step.time.median, step.time.p75)] == [5.9, 14.7, 55.0]
    assert (round(step.time.most), round(step.time.least, 2), step.time.before) == (428, -1.18, 1)
    assert [stage.stage for stage in found.stages if not stage.recorded] == ["SAL", "SQL", "opportunity"]
    by_origin = {group.value: group.conversion("MQL", "customer") for group in found.groups}
    assert {origin: (s.of, round(100 * (s.rate or 0), 1)) for origin, s in by_origin.items() if s} == {
        "organic_search": (2296, 11.8),
        "paid_search": (1586, 12.3),
        "social": (1350, 5.6),
        "unknown": (1099, 16.3),
        "direct_traffic": (499, 11.2),
        "email": (493, 3.0),
        "referral": (284, 8.5),
        "other": (150, 2.7),
        "display": (118, 5.1),
        "other_publicities": (65, 4.6),
        None: (60, 23.3),
    }
