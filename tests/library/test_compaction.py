"""Many small files written as one: what readers see stays the same, then as now, and the rest goes on."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.lakes import day, row, rows, touch, touches
from tests.library.test_erasure import ALIKE, SAID, WORDS, bytes_hold

from accord.facts import compaction
from accord.facts.compaction import Compacted, compact
from accord.facts.engine import Engine
from accord.facts.lake_files import data_files, delta_table, replace_files
from accord.facts.ledger import Counts, Ledger, LedgerError

BATCHES = 30
TIMES = (None, day(3), day(10), day(25))


def a_busy_lake(folder: Path) -> Ledger:
    """A batch of two touches a day, one of them corrected on the next; the fifth was taken back, the last is open."""
    folder.mkdir(exist_ok=True)
    ledger = Ledger.create(folder / "lake")
    for number in range(2, BATCHES + 2):
        again = touch(f"{number - 1}", f"page.{number}", known_at=day(number))
        ledger.write("touches", touches(touch(f"{number}", occurred_at=day(number)), again), at=day(number))
        ledger.write("profiles", rows("profiles", row("profiles", f"{number}", title=f"t{number}")), at=day(number))
    fifth = [state.id for state in ledger.states().values() if state.table == "touches"][4]
    ledger.undo(fifth, at=day(20))
    ledger.append(ledger.begin("touches", at=day(32)), touches(touch("open")))
    return ledger


def seen(ledger: Ledger) -> list[Any]:
    read = [
        ledger.as_known(table, recorded_at=recorded, known_at=known).to_pylist()
        for table in ("touches", "profiles")
        for recorded in TIMES
        for known in TIMES
    ]
    history = ledger.connect().rows("SELECT * FROM touches_revisions ORDER BY source_id, revision, batch").to_pylist()
    return [read, history, ledger.batches().to_pylist()]


def test_what_is_seen_stays_the_same_then_as_now(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path)
    before, files = seen(ledger), len(ledger.files("touches"))
    done = ledger.compact()
    assert (files, len(ledger.files("touches")), len(ledger.files("profiles"))) == (BATCHES + 1, 1, 1)
    assert done.into == 3  # touches, profiles, the list of batches
    assert seen(ledger) == before
    assert seen(Ledger.open(ledger.folder)) == before


def test_recording_and_undoing_go_on(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path)
    last = [state.id for state in ledger.states().values() if state.table == "touches" and state.state == "in_force"][
        -1
    ]
    ledger.compact()
    same, new = touch("9", "page.10", known_at=day(10)), touch("new")
    assert ledger.write("touches", touches(same, new), at=day(40)) == Counts(stored=1, known=1)
    ledger.undo(last, at=day(41))
    now = {each["source_id"]: each["kind"] for each in ledger.as_known("touches").to_pylist()}
    assert str(BATCHES + 1) not in now
    assert {"new", "9"} <= now.keys()
    assert ledger.compact() == Compacted(0, 0, 0)


def test_few_files_and_large_ones_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = a_busy_lake(tmp_path)
    touched = ledger.folder / "touches"
    assert compact(Engine(), touched, many=BATCHES + 2) == Compacted(0, 0, 0)
    monkeypatch.setattr(compaction, "SMALL", 2)
    assert compact(Engine(), touched, many=2) == Compacted(0, 0, 0)


def test_who_was_quicker_wins_and_the_next_call_does_it(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path)
    folder = ledger.folder / "touches"
    stale = delta_table(folder)
    assert stale is not None
    files = data_files(folder, stale)
    ledger.write("touches", touches(touch("in between")), at=day(50))
    assert not replace_files(stale, folder, files, files[:1], operation="OPTIMIZE")
    before = seen(ledger)
    ledger.compact()
    assert seen(ledger) == before


def test_replaced_files_stay_for_an_hour_for_those_who_have_listed_them(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path)
    listed = ledger.files("touches")
    for path in listed:
        age(path, hours=30)
    ledger.compact()
    assert all(path.exists() for path in listed)
    assert ledger.compact().deleted == 0
    for path in listed:
        age(path, hours=2)
    assert ledger.compact().deleted == len(listed)
    assert not any(path.exists() for path in listed)


def age(path: Path, *, hours: int) -> None:
    then = path.stat().st_mtime - hours * 3_600
    os.utime(path, (then, then))


def test_who_is_erased_is_in_no_file_that_was_replaced_either(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path)
    at: datetime = day(33)
    ledger.write(
        "profiles",
        rows("profiles", row("profiles", "b", **SAID), row("profiles", "l", subject_id="p2", **ALIKE)),
        at=at,
    )
    ledger.compact()
    assert bytes_hold(tmp_path, *WORDS)
    ledger.erase(["p1"], at=day(34))
    assert bytes_hold(tmp_path, *WORDS) == []
    assert bytes_hold(tmp_path, "Picard")


def test_a_damaged_file_is_told_and_nothing_is_replaced(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path)
    path = ledger.files("touches")[3]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(LedgerError, match="damaged"):
        ledger.compact()
    assert len(list((ledger.folder / "touches").glob("*.parquet"))) == BATCHES + 1


def test_a_lake_may_be_called_as_one_likes(tmp_path: Path) -> None:
    ledger = a_busy_lake(tmp_path / "o'brien's [old] *lake*")
    before = seen(ledger)
    assert ledger.compact().into == 3
    assert seen(ledger) == before
