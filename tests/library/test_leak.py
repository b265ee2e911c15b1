"""Who of each group passed a stage now and before, and whether a share grows, against loops that anyone can read."""

from __future__ import annotations

from datetime import timedelta
from math import sqrt
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import DAY_ZERO

from accord.insight.diagnosis import leak
from accord.insight.diagnosis.case import DIMENSIONS, Case, moments, within
from accord.insight.diagnosis.chance import Share, trend

MIDDLE, END = DAY_ZERO + timedelta(days=5), DAY_ZERO + timedelta(days=10)
WORDS = st.one_of(st.none(), st.sampled_from(["large", "mid", "small"]))
RECORD = st.fixed_dictionaries(
    {"came": st.integers(0, 11).map(lambda days: DAY_ZERO + timedelta(days=days)), "stood": st.booleans(),
     "passed": st.booleans(), **dict.fromkeys(DIMENSIONS, WORDS)}
)  # fmt: skip


def case() -> Case:
    periods = {
        "in_period": lambda times: within(times, MIDDLE, END),
        "in_base": lambda times: within(times, DAY_ZERO, MIDDLE),
    }
    return cast(Case, SimpleNamespace(**periods))


def share(records: list[dict[str, Any]]) -> Share:
    return Share(sum(each["passed"] for each in records), len(records))


def twin(records: list[dict[str, Any]]) -> list[tuple[str, tuple[Share, ...]]]:
    now = [each for each in records if each["stood"] and MIDDLE <= each["came"] < END]
    before = [each for each in records if each["stood"] and DAY_ZERO <= each["came"] < MIDDLE]
    told = []
    for name in DIMENSIONS:
        for value in sorted({each[name] for each in now if each[name]}):
            own = [[each for each in stretch if each[name] == value] for stretch in (now, before)]
            rest = [[each for each in stretch if each[name] != value] for stretch in (now, before)]
            told.append((f"{name} {value}", tuple(map(share, [*own, *rest]))))
    return told


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORD, max_size=30))
def test_a_group_is_compared_with_all_others_now_and_before(records: list[dict[str, Any]]) -> None:
    rows = [{**each, "id": f"h{place}"} for place, each in enumerate(records)]
    kinds = {"came": pa.timestamp("us"), "stood": pa.bool_(), "passed": pa.bool_(), "id": pa.string()}
    table = pa.Table.from_pylist(rows, pa.schema([*kinds.items(), *((name, pa.string()) for name in DIMENSIONS)]))
    stood, passed = (np.array([each[name] for each in rows], bool) for name in ("stood", "passed"))
    stage = leak.Stage("passed", table, "id", "handoffs", moments(table, "came"), stood, passed, 1.0)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(leak, "_enough", lambda _: True)
        changed.setattr(leak, "_one", lambda _, subject, shares, records: (subject, shares, records))
        found: list[Any] = list(leak._of_stage(case(), stage))
    assert [each[:2] for each in found] == twin(records)
    for subject, _, ids in found:
        name, value = subject.split()
        missed = [each["id"] for each in rows if each["stood"] and not each["passed"] and each[name] == value
                  and MIDDLE <= each["came"] < END]  # fmt: skip
        assert list(ids) == missed


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=30))
def test_a_trend_is_a_line_through_flags_over_time(told: list[tuple[bool, int]]) -> None:
    flags, days = [flag for flag, _ in told], [day for _, day in told]
    slope, error, p = trend(np.array(flags, bool), np.array(days, float))
    if len(told) < 3 or min(days) == max(days):
        assert (slope, error, p) == (0.0, 0.0, 1.0)
        return
    times = [(day - min(days)) / (max(days) - min(days)) for day in days]
    middle, share_of_all = sum(times) / len(times), sum(flags) / len(flags)
    squares = sum((time - middle) ** 2 for time in times)
    smooth = (sum(flags) + 1) / (len(flags) + 2)
    together = sum((time - middle) * (flag - share_of_all) for time, flag in zip(times, flags, strict=True))
    assert slope == pytest.approx(together / squares, abs=1e-12)
    assert error == pytest.approx(sqrt(smooth * (1 - smooth) / squares))
