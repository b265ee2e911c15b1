"""The proof: a replay of the simulated company under its versions reproduces every recorded automatic decision."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pytest

import accord.insight.replay.replay as replaying
from accord.agreement.answers import checked
from accord.agreement.promise import versions_in_force
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.example.company import build
from accord.facts.engine import Engine
from accord.facts.ledger import Ledger
from accord.facts.tables import DECISIONS, HANDOFFS
from accord.insight.replay import looking
from accord.insight.replay.replay import Replay, over_all_of, replay
from accord.insight.replay.reproduction import reproduction
from accord.insight.replay.summary import difference, summary

AUTOMATIC = ("offered", "rerouted", "reminded", "escalated")


@cache
def company(leads: int = 400, months: int = 24, seed: int = 7) -> Path:
    lake = Path(mkdtemp()) / "lake"
    build(lake, leads=leads, months=months, seed=seed)
    return lake


@cache
def engine() -> Engine:
    return Ledger.open(company()).connect()


@cache
def replayed() -> Replay:
    versions = versions_in_force(engine(), at=_end(engine()))
    return replay(engine(), versions)


def _end(of: Engine):  # type: ignore[no-untyped-def]
    return of.rows("SELECT max(known_at)::TIMESTAMPTZ AS t FROM touches")["t"][0].as_py()


def _rows(table: pa.Table, columns: list[str]) -> list[tuple[object, ...]]:
    seen = table.select(columns).to_pylist()
    return sorted(tuple(str(row[c]) for c in columns) for row in seen)


def _recorded(table: str, columns: list[str], which: str = "TRUE") -> list[tuple[object, ...]]:
    listed = ", ".join(f'"{c}"' for c in columns)
    got = engine().rows(f"SELECT * REPLACE (occurred_at::TIMESTAMPTZ AS occurred_at) FROM {table} WHERE {which}")
    engine().register("got", got)
    times = [c for c in columns if c.endswith("_due")]
    fixed = ", ".join(f'"{c}"::TIMESTAMPTZ AS "{c}"' for c in times)
    rows = engine().rows(
        f"SELECT {listed} FROM (SELECT * REPLACE ({fixed}) FROM got)" if times else f"SELECT {listed} FROM got"
    )
    engine().unregister("got")
    return _rows(rows, columns)


def test_two_versions_were_in_force_within_the_24_months() -> None:
    assert len(replayed().versions) == 2
    assert set(
        engine().rows("SELECT DISTINCT version FROM handoffs WHERE event = 'offered'")["version"].to_pylist()
    ) == set(replayed().versions)


def test_every_recorded_decision_is_reproduced() -> None:
    columns = ["occurred_at", *(c.name for c in DECISIONS.own)]
    recorded = _recorded("decisions", columns)
    assert len(recorded) > 400
    assert _rows(replayed().decisions, columns) == recorded


def test_every_recorded_automatic_event_is_reproduced() -> None:
    columns = ["occurred_at", *(c.name for c in HANDOFFS.own)]
    of_them = replayed().handoffs.to_pylist()
    again = _rows(
        pa.Table.from_pylist([r for r in of_them if r["event"] in AUTOMATIC], schema=replayed().handoffs.schema),
        columns,
    )
    words = ", ".join(f"'{word}'" for word in AUTOMATIC)
    recorded = _recorded("handoffs", columns, f"event IN ({words})")
    assert {row[3] for row in recorded} >= {"offered", "reminded", "escalated", "rerouted"}
    assert again == recorded


def test_nothing_was_left_unreplayed() -> None:
    assert replayed().unanswered == ()
    assert replayed().acts_without_handoff == 0


@pytest.mark.prove
def test_a_company_in_which_somebody_leaves_with_work_open_is_reproduced_too() -> None:
    lived = Ledger.open(company(leads=1_500, months=6)).connect()
    moved = lived.rows("SELECT owner FROM handoffs WHERE event = 'rerouted' AND rule = 'routing.left.deputy'")
    assert moved["owner"].to_pylist() == ["amy"]
    assert reproduction(lived, replay(lived, versions_in_force(lived, at=_end(lived)))).exact


def test_looking_ahead_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = versions_in_force(engine(), at=_end(engine()))
    for room in (looking, replaying):
        monkeypatch.setattr(room, "first_ticks", lambda *_: looking.TURNS.empty_table())
    looks: list[int] = []

    def counted(engine: Engine, rules: Rules, asked: pa.Table) -> pa.Table:
        looks.append(len(asked))
        return look(engine, rules, asked)

    monkeypatch.setattr(looking, "look", counted)
    again = replay(engine(), versions)
    assert sum(looks) > 20
    assert _same(again.decisions, replayed().decisions)
    assert _same(again.handoffs, replayed().handoffs)


@pytest.mark.parametrize("most", [12, 40])
def test_looking_at_one_part_of_time_after_the_other_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(looking, "MOMENTS_AT_ONCE", 0)
    monkeypatch.setattr(looking, "MOST_PARTS", most)
    monkeypatch.setattr(looking, "FEWEST_PARTS", most // 2)
    monkeypatch.setattr(looking, "PEOPLE_AT_ONCE", 150)
    monkeypatch.setattr(looking, "look", lambda *_: pytest.fail("somebody had to be looked at late"))
    parts, seen = looking.parts, []

    def noted(*of, **more):  # type: ignore[no-untyped-def]
        for part in parts(*of, **more):
            seen.append(part.moments)
            yield part

    monkeypatch.setattr(looking, "parts", noted)
    again = replay(engine(), versions_in_force(engine(), at=_end(engine())))
    assert len(seen) > most // 2
    assert sum(seen) == again.moments == replayed().moments
    assert _same(again.decisions, replayed().decisions)
    assert _same(again.handoffs, replayed().handoffs)


def test_an_error_while_deciding_leaves_the_ledger_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOMENTS_AT_ONCE", 0)
    monkeypatch.setattr(replaying, "decide", _broken)
    versions = versions_in_force(engine(), at=_end(engine()))
    before = engine().one("SELECT count(*), count(asset) FROM touches_revisions")
    with pytest.raises(RuntimeError, match="while deciding"):
        replay(engine(), versions)
    monkeypatch.undo()
    assert engine().one("SELECT count(*), count(asset) FROM touches_revisions") == before
    assert _same(replay(engine(), versions).handoffs, replayed().handoffs)


def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("while deciding")


def test_everybody_whose_turn_comes_is_foreseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "look", lambda *_: pytest.fail("somebody had to be looked at late"))
    assert len(replay(engine(), versions_in_force(engine(), at=_end(engine()))).decisions)


def test_holding_only_what_is_read_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    before = engine().one("SELECT count(*), count(asset) FROM touches_revisions")
    versions = versions_in_force(engine(), at=_end(engine()))
    held = replay(engine(), versions)
    assert engine().one("SELECT count(*), count(asset) FROM touches_revisions") == before
    monkeypatch.setattr(looking, "held", lambda *_: nullcontext())
    whole = replay(engine(), versions)
    assert whole.moments == held.moments
    assert _same(whole.decisions, held.decisions)
    assert _same(whole.handoffs, held.handoffs)


def _same(one: pa.Table, other: pa.Table) -> bool:
    return len(one) == len(other) > 400 and one.equals(other)


def test_a_stricter_line_hands_over_fewer_and_says_who() -> None:
    versions = versions_in_force(engine(), at=_end(engine()))
    now = versions[-1]
    line = now.qualification.score
    assert line is not None
    stricter = replace(now, qualification=replace(now.qualification, score=replace(line, at_least=line.at_least + 15)))
    before = replay(engine(), [over_all_of(now, engine())])
    after = replay(engine(), [over_all_of(stricter, engine())])
    assert 0 < len(after.offers) < len(before.offers)
    found = difference(engine(), before, after)
    gone = set(before.offers["person_id"].to_pylist()) - set(after.offers["person_id"].to_pylist())
    named = {r["person_id"] for r in found.people.to_pylist() if r["difference"] == "no longer handed over"}
    assert named == gone
    assert sum(found.counts["people"].to_pylist()) == len(found.people)


def test_the_summary_counts_what_the_replay_gave() -> None:
    versions = versions_in_force(engine(), at=_end(engine()))
    counted = summary(engine(), replayed(), versions[-1])
    assert sum(counted.months["handoffs"].to_pylist()) == len(replayed().offers)
    clocks = {row["clock"]: row for row in counted.clocks.to_pylist()}
    assert set(clocks) == {"answer", "first touch", "outcome"}
    assert all(row["started"] >= row["kept"] + row["ran_out"] for row in clocks.values())
    assert sum(row["mails"] for row in counted.held_back.to_pylist()) > 0


def test_reasons_are_held_against_facts() -> None:
    versions = versions_in_force(engine(), at=_end(engine()))
    found = checked(engine(), versions[-1]).to_pylist()
    assert {row["contradicted"] for row in found} >= {True, False}


@pytest.mark.prove
@pytest.mark.parametrize("seed", [1, 2])
def test_other_companies_of_2000_leads_are_reproduced_too(seed: int) -> None:
    one = Ledger.open(company(leads=2_000, seed=seed)).connect()
    done = replay(one, versions_in_force(one, at=_end(one)))
    recorded = one.rows("SELECT person_id, outcome, because FROM decisions")
    assert sorted(map(str, recorded.to_pylist())) == sorted(
        map(str, done.decisions.select(["person_id", "outcome", "because"]).to_pylist())
    )
