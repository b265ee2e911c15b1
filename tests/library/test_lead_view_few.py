"""The lead view for a few moments is the lead view: row by row as the time lines give it, also when planned ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledgers import day, filled, ledger, moments
from tests.library.test_lead_view import ASKED, DECAYS, NAMES, an_engine, histories, looked

from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, Decay, Origin
from accord.facts.lead_view_few import few_sql
from accord.facts.lead_view_whole import view_sql

Fact = Mapping[str, Any]
Facts = Mapping[str, Sequence[Fact]]
Form = Callable[..., str]
READ = ("touches", "profiles", "deals", "consent", "identities")
SUMS = frozenset(decay.name for decay in DECAYS)
ORIGINS = [o for o in Origin if o not in (Origin.STANDING, Origin.CARD)]


def differing(found: Mapping[Any, Mapping[str, Any]], expected: Mapping[Any, Mapping[str, Any]]) -> dict[Any, Any]:
    """Cells that are not the same: sums of decays beyond 1e-9, everything else at all."""
    assert found.keys() == expected.keys()
    return {
        (*key, name): (found[key][name], value)
        for key, row in expected.items()
        for name, value in row.items()
        if found[key][name] != (pytest.approx(value, abs=1e-9, rel=1e-9) if name in SUMS else value)
    }


@settings(max_examples=25, deadline=None)
@given(histories(), ASKED)
def test_both_forms_give_the_same_rows(facts: Facts, asked: list[tuple[str, datetime]]) -> None:
    assert differing(looked(facts, asked, few_sql), looked(facts, asked, view_sql)) == {}


@pytest.mark.prove
@settings(max_examples=300, deadline=None)
@given(histories(), ASKED)
def test_both_forms_give_the_same_rows_in_300_histories(facts: Facts, asked: list[tuple[str, datetime]]) -> None:
    assert differing(looked(facts, asked, few_sql), looked(facts, asked, view_sql)) == {}


NAMED = st.sets(st.sampled_from(NAMES), max_size=4).map(sorted)
SUMMED = st.sets(st.sampled_from(DECAYS), max_size=2).map(lambda found: sorted(found, key=lambda d: d.name))


@settings(max_examples=40, deadline=None)
@given(histories(), ASKED, NAMED, SUMMED)
def test_whichever_columns_are_asked_for(
    facts: Facts, asked: list[tuple[str, datetime]], names: list[str], decays: list[Decay]
) -> None:
    """Facts that no asked column reads are left out, and that changes nothing."""
    looked(facts, asked, few_sql)
    few = an_engine().rows(few_sql(names, decays, carry=("trigger",)))
    lines = an_engine().rows(view_sql(names, decays, carry=("trigger",)))
    assert {f.name: f.type for f in few.schema} == {f.name: f.type for f in lines.schema}
    assert differing(by_key(few), by_key(lines)) == {}


@pytest.mark.parametrize("origin", ORIGINS)
def test_one_origin_alone(origin: Origin) -> None:
    names = [name for name in NAMES if COLUMNS[name].origin is origin]
    engine = an_engine()
    engine.register("moments", moments(("ann", day(3)), ("nobody", day(3))))
    assert by_key(engine.rows(few_sql(names))) == by_key(engine.rows(view_sql(names)))


def test_sums_stay_under_their_names_in_whichever_order_they_are_asked_for() -> None:
    """Of people known under two ids too: their rows come from the other form."""
    touched = [{"person_id": person, "kind": "form.demo", "occurred_at": day(1)} for person in ("ann", "bob", "cay")]
    same = [{"alias_id": "bob", "person_id": "ann", "evidence": "claimed", "occurred_at": day(2)}]
    engine = ledger(touches=touched, identities=same)
    engine.register("moments", moments(("ann", day(3)), ("cay", day(3))))
    for decays in (DECAYS, DECAYS[::-1]):
        rows = engine.rows(view_sql([], decays))
        assert rows.column_names[-len(decays) :] == [decay.name for decay in decays]
        assert {row["person_id"]: (row["whole"], row["fortnight"]) for row in rows.to_pylist()} == {
            "ann": (2, 0),
            "cay": (1, 0),
        }


def by_key(rows: pa.Table) -> dict[Any, dict[str, Any]]:
    return {(row["person_id"], row["moment"]): row for row in rows.to_pylist()}


def test_a_person_asked_about_twice_at_the_same_moment_is_answered_twice() -> None:
    engine = ledger(touches=[{"person_id": "ann", "kind": "form.demo"}])
    engine.register("moments", moments(("ann", day(3)), ("ann", day(3))))
    assert engine.rows(few_sql(["forms"]))["forms"].to_pylist() == [1, 1]


# Planned once, facts arriving after


def a_live_engine() -> Engine:
    """Tables that facts are added to, as a live ledger has them, and the moments of `look`."""
    engine, empty = Engine(threads=1), ledger()
    for name in READ:
        engine.register("shape", empty.rows(f"SELECT * FROM {name}_revisions"))
        engine.run(f"CREATE TABLE {name}_revisions AS SELECT * FROM shape")
    engine.run("CREATE TABLE few_moments (person_id VARCHAR, moment TIMESTAMP, trigger VARCHAR)")
    return engine


PLANNED = few_sql(NAMES, DECAYS, carry=("trigger",), moments="few_moments")


def arrive(engine: Engine, facts: Facts) -> None:
    for name in READ:
        if facts.get(name):
            engine.insert(f"{name}_revisions", revisions(name, facts[name]))


def revisions(name: str, facts: Sequence[Fact]) -> pa.Table:
    return ledger(**{name: facts}).rows(f"SELECT * FROM {name}_revisions")


def planned(engine: Engine, asked: Sequence[tuple[str, datetime]]) -> dict[Any, dict[str, Any]]:
    engine.run("DELETE FROM few_moments")
    engine.insert("few_moments", moments(*asked))
    return by_key(engine.planned(PLANNED))


@settings(max_examples=6, deadline=None)
@given(histories(), histories(), ASKED, ASKED)
def test_facts_that_arrive_after_planning_are_seen(
    facts: Facts, more: Facts, asked: list[tuple[str, datetime]], again: list[tuple[str, datetime]]
) -> None:
    """Planned over nothing at all, then asked with some facts, then with more."""
    engine = a_live_engine()
    assert planned(engine, []) == {}
    later = {name: [{**f, "source_id": f"more-{f['source_id']}"} for f in rows] for name, rows in more.items()}
    arrive(engine, facts)
    assert differing(planned(engine, asked), looked(facts, asked, view_sql)) == {}
    arrive(engine, later)
    both = {name: [*facts[name], *later[name]] for name in READ}
    assert differing(planned(engine, again), looked(both, again, view_sql)) == {}


def test_the_first_fact_of_each_table_is_seen_by_what_was_planned_without_any() -> None:
    engine, asked = a_live_engine(), [("ann", day(9))]
    facts: dict[str, list[Fact]] = {
        "touches": [{"person_id": "ann", "kind": "form.demo", "occurred_at": day(1)}],
        "profiles": [{"subject": "person", "subject_id": "ann", "account_id": "acme", "occurred_at": day(1)}],
        "deals": [{"deal_id": "d", "account_id": "acme", "event": "opened", "occurred_at": day(1)}],
        "consent": [{"person_id": "ann", "purpose": "all", "status": "withdrawn", "occurred_at": day(1)}],
        "identities": [{"alias_id": "bob", "person_id": "ann", "evidence": "claimed", "occurred_at": day(1)}],
    }
    assert not planned(engine, asked)["ann", day(9)]["unsubscribed"]
    arrived: dict[str, Sequence[Fact]] = {}
    for name in READ:
        arrived[name] = filled(name, facts[name])
        arrive(engine, {name: arrived[name]})
        assert differing(planned(engine, asked), looked(arrived, asked, view_sql)) == {}
    row = planned(engine, asked)["ann", day(9)]
    assert (row["forms"], row["account_open_deals"], row["unsubscribed"]) == (1, 1, True)
