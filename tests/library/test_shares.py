"""People dealt out in shares, as far as it goes without Spark: who stands beside whom, and what a share answers from
its rows. `tests/prove/test_shares.py` deals out and asks on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledgers import ledger
from tests.library.test_spark import Spoken

from accord.facts.dealt_out import groups
from accord.facts.engine import Engine
from accord.facts.shares import Found, _unanswered, _unpacked, answer, shares_of

IDS = st.sampled_from("abcdefgh")


def brute(edges: list[tuple[str, str]]) -> dict[str, str]:
    """Everybody takes the smaller name of each pair until nothing changes."""
    named = {each: each for edge in edges if edge[0] != edge[1] for each in edge}
    for _ in named:
        for one, other in edges:
            if one != other:
                named[one] = named[other] = min(named[one], named[other])
    return named


@given(st.lists(st.tuples(IDS, IDS), max_size=12))
def test_whoever_is_joined_over_any_number_of_steps_has_one_name(edges: list[tuple[str, str]]) -> None:
    assert groups(edges) == brute(edges)


def dealt(engine: Engine, **own: set[str]) -> pa.Table:
    """The rows of a share as Spark hands them over; of each table whose rows are about the share's own people."""
    parts = []
    for table in ("touches", "profiles", "identities"):
        name, rows = f"{table}_revisions", engine.rows(f"SELECT * FROM {table}_revisions")
        person = rows[{"profiles": "subject_id", "identities": "alias_id"}.get(table, "person_id")].to_pylist()
        cells = {
            "share": pa.array([4] * len(rows), pa.int32()),
            "own": pa.array([each in own.get(table, set()) for each in person], pa.bool_()),
            "of": pa.array([name] * len(rows), pa.string()),
            name: rows.to_struct_array().combine_chunks(),
        }
        parts.append(pa.table(cells))
    return pa.concat_tables(parts, promote_options="default")


def told(engine: Engine, people: pa.Array) -> Iterator[Found]:
    """Who a share's people are, and how much it holds."""
    counts = {
        name: engine.one(f"SELECT count(*) FROM {name}")[0]
        for name in ("touches_revisions", "touches", "profiles", "identities")
    }
    yield Found("people", 0, pa.table({"person_id": people}))
    yield Found("counts", 3, pa.table({name: [count] for name, count in counts.items()}))


def test_a_share_answers_from_its_rows_about_its_own_people() -> None:
    facts = ledger(
        touches=[
            {"person_id": "ann", "kind": "form.demo", "source_id": "t", "revision": 1},
            {"person_id": "ann", "kind": "form.price", "source_id": "t", "revision": 2},
        ],
        profiles=[{"subject": "person", "subject_id": each} for each in ("bob", "guest")],
        identities=[{"alias_id": "cay", "person_id": "dan", "evidence": "claimed"}],
    )
    found = answer(told, dealt(facts, touches={"ann"}, profiles={"bob"}, identities={"cay"}))
    assert found["share"].to_pylist() == [4, 4]
    assert found["name"].to_pylist() == ["people", "counts"]
    assert found["number"].to_pylist() == [0, 3]
    people, counts = (_unpacked(rows.as_py()).to_pylist() for rows in found["rows"])
    assert [row["person_id"] for row in people] == ["ann", "bob", "cay", "dan"]
    assert counts == [{"touches_revisions": 2, "touches": 1, "profiles": 2, "identities": 1}]


def test_only_spark_deals_people_out() -> None:
    with pytest.raises(TypeError, match="Spoken cannot deal"):
        shares_of(Spoken(Engine()))


@pytest.mark.parametrize(
    ("trace", "said", "remedy"),
    [
        (
            "Job aborted\n  ModuleNotFoundError: No module named 'accord'\n at java",
            "cannot look at leads: ModuleNotFoundError: No module named 'accord'",
            "Install accord for the Python of the workers",
        ),
        (
            'x\njava.io.IOException: Cannot run program "python3": error=2',
            'Cannot run program "python3"',
            "PYSPARK_PYTHON",
        ),
        ("first\nout of memory\n", "Spark could not go on: out of memory", "memory and disk"),
        ("", "could not go on: RuntimeError", "memory and disk"),
    ],
)
def test_workers_that_cannot_answer_are_explained(trace: str, said: str, remedy: str) -> None:
    error: Any = _unanswered(RuntimeError(trace))
    assert said in str(error)
    assert remedy in error.remedy
