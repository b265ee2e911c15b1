"""The pieces of the forecast against loops that anybody can read, and its door."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lakes import rows

import accord
from accord.cli import main
from accord.facts.ledger import Ledger
from accord.insight.forecast.arrivals import _DRIFTS, DAY, WEEK, _filtered, flow
from accord.insight.forecast.pipeline import LOST, OPEN, WON, Deals, hazards
from accord.insight.forecast.ranges import NEAR, range_of

Capture = pytest.CaptureFixture[str]
NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)


# Ranges


def nearest(drawn: list[int]) -> float:
    """How near to 80 % the best of all ranges between two drawn values comes."""
    values = sorted(set(drawn))
    shares = [
        sum(low <= each <= high for each in drawn) / len(drawn) for low in values for high in values if low <= high
    ]
    return min(abs(share - 0.8) for share in shares)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=5, max_size=60))
def test_no_range_is_much_nearer_to_80_percent(drawn: list[int]) -> None:
    found = range_of(np.array(drawn, dtype=float))
    share = sum(found.low <= each <= found.high for each in drawn) / len(drawn)
    assert abs(share - 0.8) <= nearest(drawn) + 0.25
    assert abs(found.level - share) <= NEAR + 1e-3


# Arrivals


@settings(max_examples=30)
@given(st.lists(st.floats(0, 30), min_size=6, max_size=20), st.sampled_from(range(1, len(_DRIFTS))))
def test_the_filter_gives_what_the_whole_covariance_gives(seen: list[float], which: int) -> None:
    """A level that drifts and noise around it are jointly normal: the level at the end, given all that was seen."""
    drift, n = float(_DRIFTS[which]), len(seen)
    levels = np.array([[min(i, j) * drift for j in range(n)] for i in range(n)]) + 1e6  # nothing is known of the first
    observed = levels + np.eye(n)
    values = np.array(seen)
    level = float(levels[-1] @ np.linalg.solve(observed, values - values.mean())) + values.mean()
    assert _filtered(values)[0][which] == pytest.approx(level, abs=1e-3)


def test_a_steady_flow_goes_on_at_its_pace() -> None:
    times = np.arange(0, 60 * WEEK, DAY // 4, dtype=np.int64)
    found = flow(times, since=0, now=52 * WEEK)
    assert found is not None
    drawn = found.draw(np.random.default_rng(1), 56 * WEEK, 2_000)
    assert np.median(drawn) == pytest.approx(4 * 28, abs=3)


def test_weekends_without_arrivals_stay_nearly_empty() -> None:
    times = np.array([week * WEEK + day * DAY + hour * (DAY // 24) for week in range(60) for day in range(5)
                      for hour in range(8, 18)], dtype=np.int64)  # fmt: skip
    found = flow(times, since=0, now=52 * WEEK + 5 * DAY, until=53 * WEEK)
    assert found is not None
    assert found.draw(np.random.default_rng(1), 53 * WEEK, 2_000).mean() < 1


# Deals


@st.composite
def some_deals(draw: st.DrawFn) -> Deals:
    count = draw(st.integers(20, 60))
    opened = np.array([draw(st.integers(200, 395)) for _ in range(count)], dtype=np.int64) * DAY
    lasted = np.array([draw(st.integers(1, 120)) for _ in range(count)], dtype=np.int64) * DAY
    now = 400 * DAY
    over = opened + lasted < now
    state = np.array(
        [(WON if place % 2 else LOST) if ended else OPEN for place, ended in enumerate(over)], dtype=np.int8
    )
    return Deals(
        opened, np.where(over, opened + lasted, now), state, np.full(count, 1.0), np.ones(count, dtype=np.bool_)
    )


@settings(max_examples=30)
@given(some_deals())
def test_rates_are_ends_per_day_at_each_age(deals: Deals) -> None:
    found = hazards(deals, now=400 * DAY)
    if found is None:
        assert (deals.state == WON).sum() < 5 or (deals.state != OPEN).sum() < 10
        return
    upper = [*found.edges[1:], np.inf]
    for place, (low, high) in enumerate(zip(found.edges, upper, strict=True)):
        ended = won = 0
        days = 0.0
        for opened, closed, state in zip(deals.opened, deals.closed, deals.state, strict=True):
            first, last = max(35 * DAY - opened, 0) / DAY, (closed - opened) / DAY
            days += max(min(last, high) - max(first, low), 0.0)
            if state != OPEN and low < last <= high:
                ended, won = ended + 1, won + (state == WON)
        assert (found.ended[place], found.won[place]) == (ended, won)
        assert found.at_risk[place] == pytest.approx(days)


# The door


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of deals, one opened every second day; every second one is won for 1,000 EUR after ten days."""
    folder = tmp_path_factory.mktemp("forecast") / "lake"
    ledger = Ledger.create(folder)
    found: list[dict[str, Any]] = []
    for number in range(200):
        opened = NOW - timedelta(days=2 * number)
        common = {"deal_id": f"d{number}", "account_id": f"a{number}", "person_id": f"p{number}"}
        deal = {**common, "amount": 1_000.0, "currency": "EUR"}
        found.append(fact(f"o{number}", "opened", opened, deal))
        if number > 5:
            event = "won" if number % 2 else "lost"
            found.append(fact(f"c{number}", event, opened + timedelta(days=10), deal))
    ledger.write("deals", rows("deals", *found), at=NOW)
    return folder


def fact(source_id: str, event: str, at: datetime, deal: dict[str, Any]) -> dict[str, Any]:
    times = {"occurred_at": at, "known_at": at, "known_inferred": False, "precision": "second", "evidence": "evidenced"}
    return {"source": "crm", "source_id": source_id, "owner": "ada", "event": event, **times, **deal}


@pytest.fixture
def agreement(tmp_path: Path) -> str:
    from tests.agreements import ARTICLES

    file = tmp_path / "agreement.yaml"
    file.write_text(json.dumps({**ARTICLES, "plan": {"2026-Q2": {"new_revenue": 20_000}}}), encoding="utf-8")
    return str(file)


def document(capsys: Capture, *words: str) -> Any:
    assert main(["forecast", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_door_tells_ranges_goal_and_record_for_a_machine(lake: Path, agreement: str, capsys: Capture) -> None:
    found = document(capsys, "--lake", str(lake), "--agreement", agreement)
    revenue = found["outlooks"][0]
    assert (revenue["target"], revenue["goal"], revenue["period"]) == ("new_revenue", 20_000, "2026-Q2")
    assert revenue["so_far"] <= revenue["low"] <= revenue["middle"] <= revenue["high"]
    assert found["record"]["of"] > 0
    assert {each["target"] for each in found["record"]["forecasts"]} >= {"new_revenue", "wins"}
    assert found["path"][0]["won"] == 0
    assert found["path"][-1]["high"] == revenue["high"]


def test_the_same_in_words_as_csv_as_a_page_and_on_paper(
    lake: Path, agreement: str, tmp_path: Path, capsys: Capture
) -> None:
    words = ["forecast", "--lake", str(lake), "--agreement", agreement, "--no-record"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "New revenue will most likely end 2026-Q2 between" in told
    assert main([*words, "--csv"]) == 0
    assert "new_revenue,new_revenue,both,money,2026-Q2" in capsys.readouterr().out
    assert main([*words, "--html", str(tmp_path / "f.html")]) == 0
    page = (tmp_path / "f.html").read_text(encoding="utf-8")
    assert "New revenue, week by week" in page
    assert "<script" not in page
    assert main([*words, "--pdf", str(tmp_path / "f.pdf")]) == 0
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")


def test_known_by_a_day_only_what_could_be_known_is_read(lake: Path, agreement: str, capsys: Capture) -> None:
    found = document(capsys, "--lake", str(lake), "--agreement", agreement, "--known-by", "2026-02-28", "--no-record")
    assert found["at"].startswith("2026-02-2")
    assert found["outlooks"][0]["period"] == "2026-Q1"
    assert "The agreement has no plan for 2026-Q1, so these numbers have no goal." in found["notices"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--to", "2026-01-01"], "The stretch was over on 2026-01-02"),
        (["--by", "chanel"], "People cannot be told apart by 'chanel'"),
        (["--by", "cohort"], "What is still to come has no cohort yet"),
        (["--known-by", "2020-01-01"], "records no touch, handoff or deal"),
        (["--from", "tomorrow"], "'tomorrow' is not a day"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(
    lake: Path, agreement: str, words: list[str], says: str, capsys: Capture
) -> None:
    asked = ["forecast", "--lake", str(lake), "--agreement", agreement, "--no-record", *words]
    if "--to" in words:
        asked += ["--from", "2025-12-01"]
    assert main(asked) == 2
    assert says in capsys.readouterr().err


def test_a_lake_without_an_agreement_or_without_facts_says_what_to_do(
    lake: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["forecast", "--lake", str(lake)]) == 2
    assert "Name one with --agreement FILE" in capsys.readouterr().err
    Ledger.create(tmp_path / "empty")
    assert main(["forecast", "--lake", str(tmp_path / "empty")]) == 2
    assert "Import handoffs and deals first" in capsys.readouterr().err


# In a notebook


def test_an_opened_lake_gives_the_numbers_of_the_functions(lake: Path) -> None:
    opened = accord.open_lake(lake, at=NOW + timedelta(days=30))
    assert opened.at == NOW
    assert opened.funnel().table().equals(accord.funnel(opened.engine).table())
    assert opened.velocity().n == opened.funnel().n
    assert opened.promises() == ()
    with pytest.raises(accord.AccordError, match="no agreement in force"):
        opened.forecast()
    with pytest.raises(accord.AccordError, match="records no touch"):
        accord.open_lake(lake, at=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_forecast_is_a_table_and_a_chart_like_every_result(lake: Path) -> None:
    from tests.agreements import an_agreement

    opened = accord.open_lake(lake, at=NOW)
    found = accord.forecast(opened.engine, an_agreement(), at=NOW)
    table = found.table()
    assert isinstance(table, pa.Table)
    assert table.column("target").to_pylist() == ["new_revenue", "wins"]
    assert found.interval is not None
    assert found.interval.level == 0.8
    told = found.to_json()["outlooks"]
    assert [each["level"] for each in told] == [each.interval and each.interval.level for each in found.outlooks]
    assert "layer" in found.chart().to_dict()
