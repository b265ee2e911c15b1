"""The ledger: nothing is lost, nothing counts twice, whatever was taken back is gone, and the past stays readable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lakes import day, touch, touches

from accord.facts import recording
from accord.facts.engine import Engine, EngineError
from accord.facts.ledger import Batch, Counts, Ledger, LedgerError
from accord.facts.tables import TABLES

PERHAPS = pa.array(["perhaps"])


def kinds(ledger: Ledger, **asked: datetime) -> dict[str, str]:
    found = ledger.as_known("touches", **asked).to_pylist()
    assert len({row["source_id"] for row in found}) == len(found)
    return {row["source_id"]: row["kind"] for row in found}


# Identity and revisions


def test_the_same_file_twice_is_known(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    facts = touches(touch("1"), touch("2"), touch("2"))
    assert ledger.write("touches", facts, at=day(2)) == Counts(stored=2, known=1)
    assert ledger.write("touches", facts, at=day(3)) == Counts(known=3)
    assert kinds(ledger) == {"1": "page.pricing", "2": "page.pricing"}


def test_a_changed_row_is_the_next_revision_and_both_are_kept(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1", "old"), touch("2")), at=day(2))
    assert ledger.write("touches", touches(touch("1", "new", known_at=day(3))), at=day(4)) == Counts(revised=1)
    assert kinds(ledger)["1"] == "new"
    assert kinds(ledger, recorded_at=day(3))["1"] == "old"
    assert kinds(ledger, known_at=day(2))["1"] == "old"
    history = (
        ledger.connect().rows("SELECT * FROM touches_revisions WHERE source_id = '1' ORDER BY revision").to_pylist()
    )
    assert [(row["revision"], row["kind"]) for row in history] == [(1, "old"), (2, "new")]
    assert [row["superseded_at"] for row in history] == [day(3).replace(tzinfo=None), None]


def test_content_that_came_and_went_is_known_when_its_file_comes_again(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    january, february = touches(touch("1", "a")), touches(touch("1", "b", known_at=day(5)))
    ledger.write("touches", january, at=day(6))
    ledger.write("touches", february, at=day(7))
    assert ledger.write("touches", january, at=day(8)) == Counts(known=1)
    assert kinds(ledger) == {"1": "b"}


def test_exports_in_the_wrong_order_give_the_same_history(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1", "later", known_at=day(5))), at=day(6))
    ledger.write("touches", touches(touch("1", "earlier", known_at=day(2))), at=day(7))
    assert kinds(ledger) == {"1": "later"}
    assert kinds(ledger, known_at=day(3)) == {"1": "earlier"}


def test_a_correction_with_an_inferred_time_holds_although_it_seems_older(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    wrong = touch("1", "wrong day", occurred_at=day(5), known_inferred=True)
    right = touch("1", "right day", occurred_at=day(4), known_inferred=True)
    ledger.write("touches", touches(wrong), at=day(6))
    ledger.write("touches", touches(right), at=day(7))
    assert kinds(ledger) == {"1": "right day"}
    assert ledger.as_known("touches")["known_at"].to_pylist() == [day(5)]


def test_two_contents_in_one_file_are_two_revisions_in_order_of_being_known(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    facts = touches(touch("1", "second", known_at=day(3)), touch("1", "first", known_at=day(2)), touch("2"))
    assert ledger.write("touches", facts, at=day(4)) == Counts(stored=2, revised=1)
    assert kinds(ledger, known_at=day(2))["1"] == "first"
    assert kinds(ledger)["1"] == "second"


def test_sources_do_not_share_ids(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    assert ledger.write("touches", touches(touch("1"), touch("1", source="forms")), at=day(2)) == Counts(stored=2)


# Batches


def test_what_is_not_committed_is_not_seen_and_can_come_again(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.append(ledger.begin("touches", at=day(2)), touches(touch("1")))
    assert kinds(ledger) == {}
    assert ledger.write("touches", touches(touch("1")), at=day(3)) == Counts(stored=1)
    assert kinds(ledger) == {"1": "page.pricing"}


def test_undo_takes_back_and_the_file_can_be_imported_again(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1", "old")), at=day(2))
    batch = ledger.begin("touches", at=day(3), file="touches.csv")
    counts = ledger.append(batch, touches(touch("1", "new", known_at=day(2)), touch("2")))
    ledger.commit(batch, rows=3, refused=1, counts=counts)
    state = ledger.undo(batch.id, at=day(4))
    assert (state.state, state.file, state.rows, state.refused) == ("retracted", "touches.csv", 3, 1)
    assert kinds(ledger) == {"1": "old"}
    assert kinds(ledger, recorded_at=day(3)) == {"1": "new", "2": "page.pricing"}
    again = ledger.write("touches", touches(touch("1", "new", known_at=day(2)), touch("2")), at=day(5))
    assert again == Counts(stored=1, revised=1)
    assert kinds(ledger) == {"1": "new", "2": "page.pricing"}


def test_an_unknown_batch_is_answered_with_the_nearest(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    batch = ledger.begin("touches", at=day(2))
    with pytest.raises(LedgerError, match=f"no batch {batch.id}x.*nearest is {batch.id}"):
        ledger.undo(batch.id + "x", at=day(3))
    ledger.undo(batch.id, at=day(3))
    with pytest.raises(LedgerError, match="taken back already"):
        ledger.undo(batch.id, at=day(4))
    with pytest.raises(LedgerError, match="retracted, not open"):
        ledger.append(batch, touches(touch("1")))


def test_several_batches_are_taken_back_together_or_not_at_all(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1")), at=day(2))
    ledger.write("touches", touches(touch("2")), at=day(3))
    with pytest.raises(LedgerError, match="no batch b-1"):
        ledger.undo_all([*ledger.states(), "b-1"], at=day(4))
    assert sorted(kinds(ledger)) == ["1", "2"]
    assert [state.state for state in ledger.undo_all(ledger.states(), at=day(4))] == ["retracted"] * 2
    assert kinds(ledger) == {}


def test_of_two_imports_at_once_the_second_has_to_be_repeated(tmp_path: Path) -> None:
    ledger, other = Ledger.create(tmp_path), Ledger.open(tmp_path)
    mine, theirs = ledger.begin("touches", at=day(2)), other.begin("touches", at=day(2))
    my_counts = ledger.append(mine, touches(touch("1", "mine")))
    their_counts = other.append(theirs, touches(touch("1", "theirs")))
    other.commit(theirs, rows=1, refused=0, counts=their_counts)
    with pytest.raises(LedgerError, match="repeat it"):
        ledger.commit(mine, rows=1, refused=0, counts=my_counts)
    assert kinds(ledger) == {"1": "theirs"}


def test_two_commits_at_the_same_moment_do_not_both_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, other = Ledger.create(tmp_path), Ledger.open(tmp_path)
    mine, theirs = ledger.begin("touches", at=day(2)), other.begin("touches", at=day(2))
    my_counts = ledger.append(mine, touches(touch("1", "mine")))
    their_counts = other.append(theirs, touches(touch("1", "theirs")))
    write = ledger._log

    def overtaken(*arguments: Any, **more: Any) -> None:
        """The other commit slips in after mine was checked and before it is written."""
        other.commit(theirs, rows=1, refused=0, counts=their_counts)
        write(*arguments, **more)

    monkeypatch.setattr(ledger, "_log", overtaken)
    with pytest.raises(LedgerError, match="repeat it"):
        ledger.commit(mine, rows=1, refused=0, counts=my_counts)
    assert kinds(ledger) == {"1": "theirs"}


def test_rows_must_add_up(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    batch = ledger.begin("touches", at=day(2))
    counts = ledger.append(batch, touches(touch("1")))
    with pytest.raises(LedgerError, match="2 rows came in"):
        ledger.commit(batch, rows=2, refused=0, counts=counts)


def test_a_batch_may_be_appended_to_several_times(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    batch = ledger.begin("touches", at=day(2))
    parts = [touches(touch("1"), touch("2")), touches(touch("2"), touch("3")).to_reader()]
    counts = [ledger.append(batch, part) for part in parts]
    assert counts == [Counts(stored=2), Counts(stored=1, known=1)]
    ledger.commit(batch, rows=4, refused=0, counts=sum(counts, Counts()))
    assert sorted(kinds(ledger)) == ["1", "2", "3"]


def test_batches_are_listed_with_file_and_counts(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    batch = ledger.begin("touches", at=day(2), file="a.csv", file_hash="ff", mapping="as: touches")
    ledger.commit(batch, rows=1, refused=0, counts=ledger.append(batch, touches(touch("1"))))
    (listed,) = ledger.batches().to_pylist()
    assert listed["batch"] == batch.id
    assert (listed["state"], listed["at"], listed["file"], listed["mapping"]) == (
        "in_force",
        day(2),
        "a.csv",
        "as: touches",
    )
    assert [listed[name] for name in ("rows", "stored", "known", "revised", "refused")] == [1, 1, 0, 0, 0]


def test_a_clock_that_was_set_back_does_no_harm(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1")), at=day(5))
    (batch,) = ledger.states()
    assert ledger.undo(batch, at=day(3)).changed_at == day(5)
    assert ledger.begin("touches", at=day(4)).at == day(5)
    assert ledger.begin("deals", at=day(4)).at == day(4)


# Rows


def test_rows_may_be_a_query_on_an_engine(tmp_path: Path) -> None:
    ledger, engine = Ledger.create(tmp_path), Engine()
    engine.register("given", touches(touch("1"), touch("2")))
    counts = ledger.write("touches", "SELECT * FROM given WHERE source_id = '2'", at=day(2), engine=engine)
    assert counts == Counts(stored=1)
    assert sorted(kinds(ledger)) == ["2"]


def test_times_without_a_zone_are_utc_and_dates_begin_at_midnight(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    for place, moment in enumerate(("TIMESTAMP '2027-01-01'", "DATE '2027-01-01'", "'2027-01-01T01:00:00+01:00'")):
        values = (
            f"SELECT 'p' AS person_id, 'x' AS kind, 'crm' AS source, '{place}' AS source_id, {moment} AS occurred_at"
        )
        ledger.write(
            "touches",
            f"{values}, {moment} AS known_at, true AS known_inferred, 'day' AS precision, 'claimed' AS evidence",
            at=day(2),
        )
    assert ledger.as_known("touches")["occurred_at"].to_pylist() == [day(1)] * 3


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (touches(touch("1")).drop_columns(["person_id"]), "lack person_id"),
        (touches(touch("1")).append_column("kindd", pa.array(["x"])), "bring kindd"),
        (touches(touch("1", person_id=None)), "1 rows for touches have no person_id"),
        (touches(touch("1", evidence="hearsay")), "evidence cannot be 'hearsay'.*Allowed are evidenced"),
        (
            touches(touch("1")).drop_columns(["known_inferred"]).append_column("known_inferred", pa.array(["perhaps"])),
            "perhaps",
        ),
    ],
)
def test_rows_that_the_table_does_not_allow_leave_nothing_behind(tmp_path: Path, facts: pa.Table, message: str) -> None:
    ledger = Ledger.create(tmp_path)
    with pytest.raises((LedgerError, EngineError), match=message):
        ledger.write("touches", facts, at=day(2))
    assert not list((tmp_path / "touches").glob("*.parquet"))
    assert kinds(ledger) == {}


def test_identities_are_compared_in_parts_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "COMPARED_AT_ONCE", 7)
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(*(touch(str(n)) for n in range(30))), at=day(2))
    mixed = [touch(str(n), "new" if n % 3 == 0 else "page.pricing", known_at=day(1)) for n in range(20, 40)]
    assert ledger.write("touches", touches(*mixed, *mixed), at=day(3)) == Counts(stored=10, known=27, revised=3)
    assert len(kinds(ledger)) == 40


def test_empty_tables_are_typed(tmp_path: Path) -> None:
    engine = Ledger.create(tmp_path).connect()
    for table in TABLES.values():
        found = engine.rows(f"SELECT * FROM {table.name}")
        assert found.num_rows == 0
        assert found.column_names == [column.name for column in table.columns]
        assert engine.rows(f"SELECT superseded_at FROM {table.name}_revisions").num_rows == 0


def test_every_table_takes_its_own_columns(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    for table in TABLES.values():
        filled = {column.name: a_value(column.type, column.allowed) for column in table.columns}
        counts = ledger.write(table.name, pa.Table.from_pylist([filled], schema=table.schema), at=day(2))
        assert counts == Counts(stored=1), table.name
        (found,) = ledger.as_known(table.name).to_pylist()
        set_by_us = {"batch", "recorded_at", "revision"}
        assert {name: found[name] for name in filled.keys() - set_by_us} == {
            name: filled[name] for name in filled.keys() - set_by_us
        }


def a_value(kind: pa.DataType, allowed: Sequence[str]) -> Any:
    if allowed:
        return str(allowed[0])
    by_kind = {pa.string(): "text", pa.int64(): 3, pa.float64(): 0.1, pa.bool_(): True}
    return by_kind.get(kind, day(1))


# The folder


def test_a_lake_keeps_its_labels_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "lake")
    ledger.describe(simulated=True, time_zone="Europe/Berlin")
    opened = Ledger.open(tmp_path / "lake")
    assert opened.about == {"format": 2, "simulated": True, "time_zone": "Europe/Berlin"}
    assert opened.key == ledger.key
    assert (tmp_path / "lake" / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("times", range(5))
def test_of_many_who_make_one_lake_at_once_one_does_and_all_see_it_whole(tmp_path: Path, times: int) -> None:
    folder, start = tmp_path / "made" / f"lake {times}", Barrier(6)

    def make(_: int) -> Ledger:
        start.wait(30)
        try:
            return Ledger.create(folder)
        except LedgerError as error:
            assert "already holds a lake" in str(error)
            return Ledger.open(folder)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(make, range(6)))
    assert {each.key for each in found} == {Ledger.open(folder).key}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert found[0].begin("touches", at=day(2)).table == "touches"


def test_what_is_no_lake_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no lake"):
        Ledger.open(tmp_path / "nowhere")
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(LedgerError, match="other files"):
        Ledger.create(tmp_path)
    Ledger.create(tmp_path / "lake")
    with pytest.raises(LedgerError, match="already holds a lake"):
        Ledger.create(tmp_path / "lake")
    with pytest.raises(LedgerError, match="percent"):
        Ledger.create(tmp_path / "50%")


def test_damage_is_named(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1")), at=day(2))
    (file,) = ledger.files("touches")
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    with pytest.raises(LedgerError, match=f"{file.name} is damaged"):
        ledger.connect()
    file.write_bytes(whole[:-9] + b"\0" * 9)
    with pytest.raises((LedgerError, EngineError), match=file.name):
        ledger.connect()
    file.unlink()
    with pytest.raises(LedgerError, match="missing"):
        ledger.connect()


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    Ledger.create(tmp_path)
    (tmp_path / "key").write_text("not a key")
    with pytest.raises(LedgerError, match="key is damaged"):
        Ledger.open(tmp_path)
    (tmp_path / "key").unlink()
    with pytest.raises(LedgerError, match="key of the lake is missing"):
        Ledger.open(tmp_path)
    (tmp_path / "lake.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(LedgerError, match="format 99"):
        Ledger.open(tmp_path)
    (tmp_path / "lake.json").write_text("{")
    with pytest.raises(LedgerError, match=r"lake\.json is damaged"):
        Ledger.open(tmp_path)


@pytest.mark.parametrize("folder", ["with space", "[a-z]*", "it's", "größe", "a#b?c"])
def test_a_lake_lives_in_any_folder(tmp_path: Path, folder: str) -> None:
    ledger = Ledger.create(tmp_path / folder)
    ledger.write("touches", touches(touch("1")), at=day(2))
    ledger.write("touches", touches(touch("1", "new", known_at=day(2))), at=day(3))
    assert kinds(Ledger.open(tmp_path / folder)) == {"1": "new"}


def test_the_files_are_a_delta_table_that_others_read(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1"), touch("2")), at=day(2))
    table = DeltaTable(tmp_path / "touches")
    assert table.count() == 2
    assert table.to_pyarrow_table().schema.field("occurred_at").type == pa.timestamp("us", tz="UTC")


def test_the_files_may_be_compacted_by_others(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path)
    ledger.write("touches", touches(touch("1", "old")), at=day(2))
    ledger.write("touches", touches(touch("1", "new", known_at=day(2)), touch("2")), at=day(3))
    DeltaTable(tmp_path / "touches").optimize.compact()
    assert len(ledger.files("touches")) == 1
    assert kinds(ledger) == {"1": "new", "2": "page.pricing"}
    assert kinds(ledger, recorded_at=day(2)) == {"1": "old"}


def test_times_need_a_zone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Ledger.create(tmp_path).begin("touches", at=datetime(2027, 1, 1))  # noqa: DTZ001


# The twin: the same rules as loops over lists


@dataclass(frozen=True)
class Told:
    """One row of a file."""

    id: str
    kind: str
    known: int
    inferred: bool

    @property
    def content(self) -> tuple[object, ...]:
        return (self.kind, self.inferred, None if self.inferred else self.known)


@dataclass(frozen=True)
class Kept:
    told: Told
    revision: int
    known: int
    recorded: int


class Twin:
    def __init__(self) -> None:
        self.batches: list[list[Kept]] = []
        self.gone: dict[int, int] = {}

    def record(self, told: Sequence[Told], at: int) -> Counts:
        old = [kept for number, batch in enumerate(self.batches) if number not in self.gone for kept in batch]
        new: list[Kept] = []
        for place, row in sorted(enumerate(told), key=lambda each: (each[1].known, each[0])):
            first = next(n for n, other in enumerate(told) if (other.id, other.content) == (row.id, row.content))
            same = [kept for kept in old if kept.told.id == row.id]
            if first != place or row.content in [kept.told.content for kept in same]:
                continue
            before = [kept.known for kept in same] if row.inferred else []
            mine = [kept for kept in new if kept.told.id == row.id]
            revision = max((kept.revision for kept in same), default=0) + len(mine) + 1
            new.append(Kept(row, revision, max([row.known, *before]), at))
        self.batches.append(new)
        stored = sum(kept.revision == 1 for kept in new)
        return Counts(stored, len(told) - len(new), len(new) - stored)

    def as_known(self, recorded: int, known: int) -> dict[str, str]:
        seen = [
            kept
            for number, batch in enumerate(self.batches)
            if not (number in self.gone and self.gone[number] <= recorded)
            for kept in batch
            if kept.recorded <= recorded and kept.known <= known
        ]
        latest = sorted(seen, key=lambda kept: (kept.known, kept.revision))
        return {kept.told.id: kept.told.kind for kept in latest}


TOLD = st.builds(Told, st.sampled_from("12"), st.sampled_from("abc"), st.integers(1, 4), st.booleans())
FILES = st.lists(TOLD, min_size=1, max_size=4)
STREAMS = st.lists(FILES | st.integers(0, 3), min_size=2, max_size=5)


def play(stream: Sequence[Sequence[Told] | int]) -> None:
    with TemporaryDirectory() as folder:
        ledger, twin, ids = Ledger.create(Path(folder)), Twin(), list[str]()
        for at, step in enumerate(stream, start=1):
            if not isinstance(step, int):
                batch, counts = imported(ledger, step, at)
                ids.append(batch.id)
                assert counts == twin.record(step, at)
            elif step < len(ids) and step not in twin.gone:
                ledger.undo(ids[step], at=day(at))
                twin.gone[step] = at
        compare(ledger, twin, len(stream))


def imported(ledger: Ledger, told: Sequence[Told], at: int) -> tuple[Batch, Counts]:
    facts = [touch(row.id, row.kind, known_at=day(row.known), known_inferred=row.inferred) for row in told]
    batch = ledger.begin("touches", at=day(at))
    counts = ledger.append(batch, touches(*facts))
    ledger.commit(batch, rows=len(told), refused=0, counts=counts)
    return batch, counts


def compare(ledger: Ledger, twin: Twin, last: int) -> None:
    for recorded in {1, last - 1, last}:
        engine = ledger.connect(recorded_at=day(recorded), tables=["touches"])
        for known in range(1, 6):
            assert through_revisions(engine, known) == twin.as_known(recorded, known)
        assert kinds(ledger, recorded_at=day(recorded), known_at=day(3)) == twin.as_known(recorded, 3)


def through_revisions(engine: Engine, known: int) -> dict[str, str]:
    moment = day(known).replace(tzinfo=None)
    sql = "SELECT * FROM touches_revisions WHERE known_at <= $1 AND (superseded_at IS NULL OR superseded_at > $1)"
    found = engine.rows(sql, [moment]).to_pylist()
    assert len({row["source_id"] for row in found}) == len(found)
    return {row["source_id"]: row["kind"] for row in found}


@given(STREAMS)
@settings(max_examples=10, deadline=None)
def test_random_histories_read_as_the_twin_says(stream: Sequence[Sequence[Told] | int]) -> None:
    play(stream)


@pytest.mark.prove
@given(st.lists(FILES | st.integers(0, 6), min_size=2, max_size=9))
@settings(max_examples=200, deadline=None)
def test_200_random_histories_read_as_the_twin_says(stream: Sequence[Sequence[Told] | int]) -> None:
    play(stream)
