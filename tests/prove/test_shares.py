"""People dealt out in shares know as much as with everybody beside them: the lead view in every column, the moments at
which they are looked at, and the shield, over a hundred invented histories side by side and over the spec of contact.

Each share is asked on Spark; with everybody beside them DuckDB answers in this process.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from tests.in_shares import shared
from tests.ledgers import day, ledger, moments, us
from tests.library.test_lead_view import ASKED, DECAYS, NAMES, histories
from tests.library.test_lead_view_few import differing
from tests.spec import test_family as family
from tests.spec.test_contact import ANN, CASES, NOW, example

from accord.agreement.contact import held_back_sql
from accord.agreement.document import Agreement
from accord.agreement.kinship import tell_relatives
from accord.agreement.rules import Rules
from accord.agreement.running import moments_of_facts
from accord.facts.engine import Engine
from accord.facts.lead_view_whole import view_sql
from accord.facts.shares import Found, Shares
from accord.facts.spark import Spark, started

pytestmark = [
    pytest.mark.prove,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
REMEDY = "PySpark is not installed: pip install --require-hashes -r requirements/spark.txt, with Java 17 on the path"
HISTORIES, SHARES = 100, 7
IDS = {
    "touches": ("person_id",),
    "profiles": ("subject_id", "account_id"),
    "deals": ("deal_id", "account_id", "person_id"),
    "consent": ("person_id",),
    "handoffs": ("handoff_id", "person_id"),
    "identities": ("alias_id", "person_id"),
}
Facts = Mapping[str, Sequence[Mapping[str, Any]]]
Moments = Sequence[tuple[str, datetime]]


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    pytest.importorskip("pyspark.sql", reason=REMEDY)
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers have Accord, but not its tests
    found = started("local[2]")
    yield found
    found.session.stop()


def beside(each: Facts, place: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same facts under ids of their own, so that histories can stand side by side."""

    def named(cell: Any) -> Any:
        return f"{place:03} {cell}" if cell not in (None, "", "-") else cell

    for table, rows in each.items():
        for row in rows:
            yield table, {**row, **{name: named(row[name]) for name in (*IDS[table], "source_id") if name in row}}


def together(all_of_them: Sequence[Facts]) -> Engine:
    """One ledger of many."""
    merged: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for place, each in enumerate(all_of_them):
        for table, row in beside(each, place):
            merged[table].append(row)
    engine = ledger(**merged)
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    return engine


@pytest.fixture(scope="module")
def invented() -> tuple[Engine, Moments]:
    """Histories beside each other, and the people and moments that are asked about."""
    found: list[tuple[Facts, Moments]] = []

    @settings(max_examples=HISTORIES, derandomize=True, database=None, deadline=None)
    @given(histories(), ASKED)
    def note(facts: Facts, asked: Moments) -> None:
        found.append((facts, asked))

    note()
    asked = [(f"{place:03} {who}", at) for place, (_, each) in enumerate(found) for who, at in each]
    return together([facts for facts, _ in found]), asked


def seen(engine: Engine, _people: pa.Array) -> Iterator[Found]:
    engine.run("CREATE TEMP VIEW moments AS SELECT * FROM asked")
    yield Found("seen", 0, engine.rows(view_sql(NAMES, DECAYS, carry=("trigger",))))


def test_the_lead_view_of_every_person_is_the_same_in_a_share(spark: Spark, invented: tuple[Engine, Moments]) -> None:
    engine, asked = invented
    engine.register("moments", moments(*asked))
    found = shared(spark, engine, SHARES).ask(seen, also={"asked": moments(*asked)})
    assert len(found) == SHARES, "people lie in every share"
    there = {key: row for each in found for key, row in by_key(each.rows)}
    assert len(there) == len(asked) == sum(len(each.rows) for each in found)
    assert differing(there, dict(by_key(engine.rows(view_sql(NAMES, DECAYS, carry=("trigger",)))))) == {}


def by_key(rows: pa.Table) -> Iterator[tuple[Any, dict[str, Any]]]:
    return (((row["person_id"], row["moment"]), row) for row in rows.to_pylist())


SINCE, UNTIL = us(-400), us(400)


def turning(engine: Engine, people: pa.Array, *, agreement: Agreement) -> Iterator[Found]:
    found = foreseen(engine, Rules.of(agreement))
    yield Found("moments", 0, found.filter(pc.is_in(found["person_id"], people)))


def foreseen(engine: Engine, rules: Rules) -> pa.Table:
    return moments_of_facts(engine, rules, since=SINCE, until=UNTIL, ticks=rules.ticks(SINCE, UNTIL))


def test_a_share_looks_at_its_people_when_everybody_would_be_looked_at(
    spark: Spark, invented: tuple[Engine, Moments]
) -> None:
    engine, _ = invented
    found = shared(spark, engine, SHARES).ask(partial(turning, agreement=example().agreement))
    there = [tuple(row.values()) for each in found for row in each.rows.to_pylist()]
    here = [tuple(row.values()) for row in foreseen(engine, example()).to_pylist()]
    assert sorted(there) == sorted(here)
    assert len(here) > HISTORIES


def there(_engine: Engine, people: pa.Array) -> Iterator[Found]:
    yield Found("people", 0, pa.table({"person_id": people}))


def test_nobody_is_one_of_the_people_of_two_shares(spark: Spark) -> None:
    """Not even whom a source only concluded to be somebody else: such a word joins nobody."""
    guesses = [{"alias_id": f"cookie {n}", "person_id": f"ann {n}", "evidence": "inferred"} for n in range(40)]
    said = [{"alias_id": f"old {n}", "person_id": f"ann {n}", "evidence": "claimed"} for n in range(20)]
    touched = [{"person_id": f"{who} {n}", "kind": "form.demo"} for n in range(40) for who in ("ann", "cookie", "old")]
    engine = together([{"touches": touched, "identities": [*guesses, *said]}])
    found = shared(spark, engine, SHARES).ask(there)
    people = [person for each in found for person in each.rows["person_id"].to_pylist()]
    assert sorted(people) == sorted(f"000 {row['person_id']}" for row in touched)
    homes = {person: place for place, each in enumerate(found) for person in each.rows["person_id"].to_pylist()}
    assert all(homes[f"000 ann {n}"] == homes[f"000 old {n}"] for n in range(20))


def held(engine: Engine, _people: pa.Array, *, agreement: Agreement) -> Iterator[Found]:
    engine.run("CREATE TEMP VIEW moments AS SELECT * FROM asked")
    tell_relatives(engine, Rules.of(agreement))
    yield Found("held", 0, engine.rows(f"SELECT person_id, held_by FROM ({held_back_sql(Rules.of(agreement))})"))


def test_the_spec_of_contact_holds_in_shares(spark: Spark) -> None:
    engine = together([{"profiles": [ANN], **facts} for facts, _, _ in CASES.values()])
    messages = [message for _, message, _ in CASES.values()]
    found = of_anns(shared(spark, engine, 3), example(), messages, at=NOW)
    assert found == [expected for _, _, expected in CASES.values()]


def test_the_spec_of_families_holds_in_shares(spark: Spark) -> None:
    facts = [
        {"profiles": [*accounts, family.ANN, family.BOB], "deals": deals, "identities": identities}
        for accounts, deals, identities, _ in family.CASES.values()
    ]
    found = of_anns(shared(spark, together(facts), 3), family.FAMILY, [None] * len(facts), at=family.NOW)
    assert found == [expected for *_, expected in family.CASES.values()]


def of_anns(shares: Shares, rules: Rules, messages: Sequence[str | None], *, at: float) -> list[str | None]:
    """By which clause each of the Anns is held back, from a message of her own."""
    asked = pa.table({
        "person_id": [f"{place:03} ann" for place in range(len(messages))],
        "moment": pa.array([day(at)] * len(messages), pa.timestamp("us")),
        "message": pa.array(messages, pa.string()),
    })  # fmt: skip
    found = shares.ask(partial(held, agreement=rules.agreement), also={"asked": asked})
    said = {row["person_id"]: row["held_by"] for each in found for row in each.rows.to_pylist()}
    assert len(said) == len(messages)
    return [said[person] for person in sorted(said)]
