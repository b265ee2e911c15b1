"""The queries add up what the kernel does, group by group: over invented touches, and over a log that is dealt out.

`tests/prove/test_spark.py` asks them of Spark.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attribution import SQL, Row, invented
from tests.library.test_attribution import ROWS, row
from tests.library.test_spark import Spoken
from tests.tables import DAY_ZERO

from accord.facts.engine import Engine
from accord.insight.attribution import reading
from accord.insight.attribution.attribution import attribute_rows
from accord.insight.attribution.in_sql import Cuts, tallied_in_sql
from accord.insight.attribution.reading import micros
from accord.insight.attribution.tally import MODELS, Tally, planned

COUNTS = ("people", "converters", "touches", "nulls", "alone", "outside", "totals")


def in_both_ways(engine: Engine, window: float | None, since: datetime | None) -> tuple[Tally, Tally]:
    """By queries that are said in Spark's words too, and by the kernel."""
    relation = reading.look(engine, SQL)
    plan = planned(relation.channels, MODELS, half_life=7.0)
    cuts = Cuts(None if since is None else micros(since), window)
    by_kernel = reading._tallied_here(engine, relation, plan, cuts, by_lot=True, progress=reading.untold)
    return tallied_in_sql(Spoken(engine), SQL, relation.channels, plan, cuts), by_kernel


def differences(found: Tally, expected: Tally) -> list[str]:
    """Which sums are not the same to 12 digits."""
    arrays: dict[str, tuple[Any, Any]] = {name: (getattr(found, name), getattr(expected, name)) for name in COUNTS}
    arrays |= {model: (found.credits[model], given) for model, given in expected.credits.items()}
    for model, steps in expected.steps.items():
        pairs = zip(steps._fields, found.steps[model], steps, strict=True)
        arrays |= {f"{model} {name}": (one, other) for name, one, other in pairs}
    return [name for name, (one, other) in arrays.items() if not same(one, other)]


def same(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and bool(np.allclose(one, other, rtol=1e-12, atol=1e-12))


def in_one_order(rows: list[Row]) -> list[Row]:
    """As the queries take touches of the same moment, of which a log says the order and a query cannot."""
    return sorted(
        rows,
        key=lambda r: (r["person_id"], r["occurred_at"], r["channel"] is None, r["converted"], r["channel"] or ""),
    )


@settings(max_examples=60, deadline=None)
@given(
    ROWS,
    st.none() | st.integers(0, 40),
    st.none() | st.integers(-2, 20).map(lambda days: DAY_ZERO + timedelta(days=days)),
)
def test_the_queries_add_up_what_the_kernel_does(rows: list[Row], window: float | None, since: datetime | None) -> None:
    engine = invented(in_one_order(rows))
    if any(each["channel"] is not None for each in rows):
        assert differences(*in_both_ways(engine, window, since)) == []


def test_conversions_that_are_no_touch_share_the_path_of_their_moment() -> None:
    rows = [
        row("a", 0, "ad"), row("a", 1, "mail", True, 5.0), row("a", 1, None, True, 2.0), row("a", 1, None, True, 1.0),
        row("a", 2, None, True, 4.0), row("a", 3, "ad"), row("b", 0, None, True, 9.0), row("b", 4, "call"),
    ]  # fmt: skip
    found, expected = in_both_ways(invented(rows), None, None)
    assert differences(found, expected) == []
    assert (found.people, found.alone, found.converters) == (2, 2, 1)


@pytest.mark.parametrize("window", [None, 3.0])
def test_an_engine_that_is_not_duckdb_is_asked_in_queries(
    window: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its rows in more than one part; the figures and their ranges are those of the kernel."""
    monkeypatch.setattr(reading, "_ROWS_A_PART", 100)
    words = ["ad", "mail", "call", "fair"]
    rows = [
        row(f"p{n % 90}", n, words[n * n % 4], n % 11 == 0, float(n % 7)) for n in range(900)
    ]  # fmt: skip
    engine = invented(rows)
    here, there = (attribute_rows(each, SQL, window=window).to_json() for each in (engine, Spoken(engine)))
    assert close(there, here)


def close(there: Any, here: Any) -> bool:
    if isinstance(here, dict):
        return there.keys() == here.keys() and all(close(there[name], here[name]) for name in here)
    if isinstance(here, list):
        return len(there) == len(here) and all(map(close, there, here))
    return bool(there == (pytest.approx(here, rel=1e-9) if isinstance(here, float) else here))
