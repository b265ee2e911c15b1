"""Time in stage: whoever is still there counts as still there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lifelines import KaplanMeierFitter
from tests.tables import DAY_ZERO, facts_in_hand

from accord.insight.velocity import velocity


def offered(person: str, after: float, *, accepted_after: float | None, team: str = "north") -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"person_id": person, "handoff_id": person, "event": "offered", "team": team, "occurred_at": _day(after)}
    ]
    if accepted_after is not None:
        rows.append({**rows[0], "event": "accepted", "occurred_at": _day(after + accepted_after)})
    return rows


def _day(days: float) -> object:
    return DAY_ZERO + timedelta(days=days)


ROWS = [
    row
    for place in range(30)
    for row in offered(
        f"p{place}",
        place,
        accepted_after=None if place % 3 == 0 else 1 + place % 5,
        team="north" if place % 2 else "south",
    )
]


def test_time_at_mql_is_the_estimate_of_everybody_and_beside_it_those_who_moved_on() -> None:
    found = velocity(facts_in_hand(handoffs=ROWS), at=DAY_ZERO + timedelta(days=60))
    assert found.followed_until is not None
    last = (found.followed_until - DAY_ZERO).days
    pace = next(pace for pace in found.paces if pace.stage == "MQL")
    days = [last - place if place % 3 == 0 else 1 + place % 5 for place in range(30)]
    plain = KaplanMeierFitter().fit(days, [place % 3 != 0 for place in range(30)])
    assert pace.stay is not None and pace.stay.median == pytest.approx(plain.median_survival_time_)
    assert (pace.stay.n, pace.stay.left) == (30, 20)
    assert pace.onward is not None and pace.onward.median == 3
    assert pace.stay.interval is not None and pace.stay.median is not None
    assert pace.stay.interval.low <= pace.stay.median <= pace.stay.interval.high


def test_by_team_there_is_a_row_per_team_and_stage() -> None:
    found = velocity(facts_in_hand(handoffs=ROWS), by="team")
    rows = found.table().to_pylist()
    assert {(row["team"], row["stage"], row["n"]) for row in rows} == {
        ("north", "lead", 15),
        ("south", "lead", 15),
        ("north", "MQL", 15),
        ("south", "MQL", 15),
    }
    assert found.chart().to_dict()["config"]
    assert found.to_json()["stages"][0]["team"] in ("north", "south")
