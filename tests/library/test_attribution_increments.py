"""One more day, added to what was kept, against everything counted anew: days of touches, late ones, corrections, wins
that move, ids that come to mean somebody else, and batches that are taken back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lakes import day, row, rows

from accord.facts.ledger import Ledger
from accord.insight.attribution import attribution, increment, kept, reading, touched
from accord.insight.attribution.attribution import Attribution, attribute
from accord.insight.attribution.increment import Memory

EXACT = 1e-9
CHANNELS = ("call", "email", "event", "search")
PEOPLE = [f"p{number}" for number in range(40)]
Told = dict[str, Any]


class Days:
    """A lake that lives on, day by day, and is asked twice each time: with a memory and without."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger.create(folder / "lake")
        self.memory = folder / "memory"
        self.today = 30
        self.written = 0
        self.remembered: list[bool] = []
        self.batches: list[str] = []

    def touch(self, person: str, channel: str, number: int, back: float = 0.0) -> Told:
        """On the `back`-th day before today; no two at the same moment."""
        self.written += 1
        at = day(self.today) - timedelta(days=back) + timedelta(seconds=self.written)
        return row("touches", f"t{number}", person_id=person, channel=channel, occurred_at=at, known_at=day(self.today))

    def record(self, table: str, facts: Sequence[Told]) -> None:
        if not facts:
            return
        before = self.ledger.in_force(table)
        self.ledger.write(table, rows(table, *facts), at=day(self.today))
        if table == "touches":
            self.batches += self.ledger.in_force(table) - before

    def base(self) -> None:
        """Forty people with six touches each, and wins of three in four."""
        facts = [
            self.touch(person, CHANNELS[(place * 7 + time * 3 + place // 5) % 4], place * 6 + time, 25 - 4 * time)
            for place, person in enumerate(PEOPLE)
            for time in range(6)
        ]
        self.record("touches", facts)
        self.record(
            "deals", [self.win(f"base{place}", PEOPLE[place], 10.0 * place) for place in range(40) if place % 4]
        )

    def win(self, deal: str, person: str, amount: float, back: float = 0.5) -> Told:
        self.written += 1
        return row(
            "deals", f"{deal}-{self.written}", deal_id=deal, person_id=person, event="won", amount=amount,
            currency="EUR", occurred_at=day(self.today) - timedelta(days=back), known_at=day(self.today),
        )  # fmt: skip

    def means(self, alias: str, person: str) -> None:
        self.written += 1
        self.record("identities", [row("identities", f"i{self.written}", alias_id=alias, person_id=person)])

    def undo(self, which: int) -> None:
        if len(self.batches) > 1:  # the first stays, so that there is something to share out
            self.ledger.undo(self.batches.pop(1 + which % (len(self.batches) - 1)), at=day(self.today))

    def ask(self, **asked: Any) -> Attribution:
        """Both ways; they must be the same."""
        at = (day(self.today) + timedelta(hours=12)).replace(tzinfo=None)
        memory = Memory.of(self.ledger, self.memory)
        with spied(self.remembered):
            found = attribute(self.ledger.connect(), at=at, memory=memory, **asked)
        assert_same(found, attribute(self.ledger.connect(), at=at, **asked))
        return found


@contextmanager
def spied(heard: list[bool]) -> Iterator[None]:
    """Hears whether what was kept could be used."""

    def recalled(*given: Any) -> Any:
        found = increment.recalled(*given)
        heard.append(found is not None)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "recalled", recalled)
        yield


@contextmanager
def days() -> Iterator[Days]:
    """A lake that is large enough to be dealt into two parts, because parts are small."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_ROWS_A_PART", 1)
        patch.setattr(reading, "_MOST_PARTS", 2)
        lived = Days(Path(folder))
        lived.base()
        yield lived


QUICK: dict[str, Any] = {"models": ("linear", "markov_1")}


def assert_same(found: Attribution, expected: Attribution) -> None:
    """Every figure with its interval."""
    here, there = found.to_json(), expected.to_json()
    assert_near(here, there, "")


def assert_near(here: object, there: object, where: str) -> None:
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        assert here.keys() == there.keys(), where
        for key, value in here.items():
            assert_near(value, there[key], f"{where}/{key}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for place, value in enumerate(here):
            assert_near(value, there[place], f"{where}/{place}")
    elif isinstance(here, float):
        assert here == pytest.approx(there, rel=EXACT, abs=EXACT), where
    else:
        assert here == there, where


WHO = st.sampled_from([*PEOPLE, "new1", "new2", "visitor1", "visitor2"])
WHAT = st.one_of(
    st.tuples(st.just("touch"), WHO, st.sampled_from(CHANNELS)),
    st.tuples(st.just("touch"), WHO, st.sampled_from(CHANNELS)),
    st.tuples(st.just("late"), WHO, st.sampled_from(CHANNELS)),
    st.tuples(st.just("to come"), WHO, st.sampled_from(CHANNELS)),
    st.tuples(st.just("win"), WHO, st.sampled_from([0.0, 1.1, 700.7])),
    st.tuples(st.just("means"), st.sampled_from(["visitor1", "visitor2", "p3"]), st.sampled_from(["p4", "p5", "new1"])),
)
RARE = st.one_of(
    st.tuples(st.just("correct"), st.integers(0, 239), st.sampled_from(CHANNELS)),
    st.tuples(st.just("undo"), st.integers(0, 5), st.none()),
    st.tuples(st.just("unheard"), WHO, st.just("fair")),
    st.tuples(st.just("compact"), st.none(), st.none()),
)
DAY = st.tuples(st.lists(WHAT, max_size=6), st.lists(RARE, max_size=1), st.booleans())


LIVED = st.lists(DAY, min_size=2, max_size=4)
ASKED = st.sampled_from([{}, {"window": 9.0}, {"since": datetime.fromisoformat("2027-01-20")}])


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVED, ASKED)
def test_days_added_one_by_one_are_what_everything_counted_anew_is(lived: list[Any], asked: dict[str, Any]) -> None:
    added(lived, asked)


@pytest.mark.prove
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVED, ASKED)
def test_many_days_added_one_by_one_are_what_everything_counted_anew_is(
    lived: list[Any], asked: dict[str, Any]
) -> None:
    added(lived, asked)


def added(lived: Sequence[Any], asked: Mapping[str, Any]) -> None:
    """Each day after the first is one more day."""
    with days() as lake:
        lake.ask(**asked)
        for common, rare, both in lived:
            lake.today += 1
            live(lake, [*common, *(rare if both else [])])
            lake.ask(**asked)


def live(lake: Days, events: Sequence[tuple[str, Any, Any]]) -> None:
    """One day, its touches in one batch."""
    kinds = {"touch": 0.0, "late": 11.25, "to come": -1.75, "unheard": 0.0}
    lake.record(
        "touches",
        [lake.touch(who, what, 1000 + lake.written, kinds[kind]) for kind, who, what in events if kind in kinds],
    )
    for kind, who, what in events:
        if kind == "win":
            lake.record("deals", [lake.win(f"won{lake.written % 3}", who, what)])
        elif kind == "means":
            lake.means(who, what)
        elif kind == "correct":
            lake.record("touches", [lake.touch(PEOPLE[who // 6], what, who)])
        elif kind == "undo":
            lake.undo(who)
        elif kind == "compact":
            lake.ledger.compact()


def test_a_day_reads_the_touches_of_its_people_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = touched.of_people
    monkeypatch.setattr(increment, "of_people", lambda pieces, people: _heard(read, real(pieces, people)))
    with days() as lake:
        lake.ask(**QUICK)
        lake.today += 1
        lake.record("touches", [lake.touch("p7", "call", 900), lake.touch("nobody yet", "email", 901)])
        lake.record("deals", [lake.win("d", "p8", 5.0)])
        lake.ask(**QUICK)
    assert lake.remembered == [False, True]
    assert max(read) == 6 + 7 + 1  # of two people with six touches and one who came with one, as they are now


def _heard(read: list[int], found: touched.Touches) -> touched.Touches:
    read.append(len(found.person))
    return found


def _a_correction(lake: Days) -> None:
    lake.record("touches", [lake.touch("p0", "event", 3)])


def _a_new_channel(lake: Days) -> None:
    lake.record("touches", [lake.touch("p0", "fair", 3000)])


def _a_batch_taken_back(lake: Days) -> None:
    lake.undo(0)


def _another_method(_: Days) -> None:
    kept.METHOD += 1  # put back by the fixture


def _a_damaged_file(lake: Days) -> None:
    next((lake.memory / "channel").glob("touches-*-moment.npy")).write_bytes(b"cut off")


def _a_lost_file(lake: Days) -> None:
    next((lake.memory / "channel").glob("sums-*.npz")).unlink()


@pytest.mark.parametrize(
    "event", [_a_correction, _a_new_channel, _a_batch_taken_back, _another_method, _a_damaged_file, _a_lost_file]
)
def test_in_doubt_everything_is_read_and_kept_anew(event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "METHOD", kept.METHOD)
    with days() as lake:
        lake.today += 1
        lake.record("touches", [lake.touch("p1", "call", 900)])
        lake.ask(**QUICK)
        event(lake)
        lake.ask(**QUICK)
        lake.ask(**QUICK)
    assert lake.remembered == [False, False, True]


@pytest.mark.parametrize("other", [{"window": 9.0}, {"half_life": 2.0}, {"models": ("linear", "markov_2")}])
def test_another_question_is_answered_anew(other: dict[str, Any]) -> None:
    with days() as lake:
        lake.ask(**QUICK)
        lake.ask(**{**QUICK, **other})
        lake.ask(**{**QUICK, **other})
    assert lake.remembered == [False, False, True]


def test_what_came_between_engine_and_memory_is_left_for_the_next_run() -> None:
    with days() as lake:
        lake.ask(**QUICK)
        memory, engine = Memory.of(lake.ledger, lake.memory), lake.ledger.connect()
        lake.record("touches", [lake.touch("p1", "call", 900)])
        with spied(lake.remembered):
            attribute(engine, memory=memory, at=(day(lake.today) + timedelta(hours=12)).replace(tzinfo=None))
        lake.ask(**QUICK)
    assert lake.remembered == [False, False, True]


def test_files_do_not_pile_up(tmp_path: Path) -> None:
    nobody = np.arange(1, 2, dtype=np.uint64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.uint8)
    names: list[str] = []
    for _ in range(100):
        names = touched.with_one_more(tmp_path, names, touched.piece(touched.Touches(*nobody)))
    pieces = [touched.read(tmp_path, name) for name in names]
    assert len(names) <= 8
    assert sum(len(each.moment) for each in pieces) == 100


def test_what_nobody_names_any_more_is_removed() -> None:
    with days() as lake:
        for number in range(3):
            lake.record("touches", [lake.touch("p1", "call", 900 + number)])
            lake.ask(**QUICK)
        folder = lake.memory / "channel"
        assert len(list(folder.iterdir())) == 4 * len(list(folder.glob("touches-*-person.npy"))) + 2


def test_a_folder_that_cannot_be_written_is_said_and_the_figures_stand() -> None:
    with days() as lake:
        lake.memory.write_text("a file")
        found = attribute(lake.ledger.connect(), memory=Memory.of(lake.ledger, lake.memory))
    assert any("Nothing could be kept" in notice for notice in found.notices)


def test_below_the_size_that_pays_nothing_is_kept() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Days(Path(folder))
        lake.base()
        lake.ask(**QUICK)
        assert not lake.memory.exists()
