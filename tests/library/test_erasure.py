"""Erasure: nothing that was said about a person can be read back from the lake, and no total changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from tests.lakes import day, row, rows, touch, touches

from accord.facts import erasure
from accord.facts.ledger import Counts, Erased, Ledger
from accord.facts.recording import Recording

SAID = {
    "name": "Birgit Sommer-Quast", "email": "birgit.quast@kestrel.example", "phone": "+49 30 7654321",
    "title": "Plant managerin", "city": "Regensburg-Ost", "more": '{"hobby": "orienteering"}', "employees": 1413.0,
}  # fmt: skip
ALIKE = {"name": "Laurent Picard", "email": "laurent@ostrava.example", "city": "Ostrava"}


def a_profile(source_id: str, **more: Any) -> dict[str, Any]:
    return row("profiles", source_id, **more)


def a_lake(folder: Path) -> Ledger:
    folder.mkdir(exist_ok=True)
    ledger = Ledger.create(folder / "lake")
    birgit = a_profile("1", account_id="a1", deleted=False, **SAID)
    ledger.write("profiles", rows("profiles", birgit, a_profile("2", subject_id="p2", **ALIKE)), at=day(2))
    ledger.write("profiles", rows("profiles", birgit | {"title": "Head of plants", "known_at": day(3)}), at=day(4))
    ledger.write("touches", touches(touch("1"), touch("2", person_id="p2")), at=day(4))
    return ledger


def bytes_hold(folder: Path, *words: str) -> list[tuple[str, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, word) for path in files for word in words if word.encode() in path.read_bytes()]


WORDS = ("Quast", "birgit", "7654321", "managerin", "Head of plants", "Regensburg", "orienteering")


def test_what_was_said_is_in_no_byte_of_any_file(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    undone = ledger.write("profiles", rows("profiles", a_profile("9", name="Quast, B.")), at=day(5))
    ledger.undo(list(ledger.states())[-1], at=day(6))
    assert undone == Counts(stored=1)
    assert {word for _, word in bytes_hold(tmp_path, *WORDS)} == set(WORDS)
    assert ledger.erase(["p1"], at=day(7)) == Erased(rows=3, files=3)
    assert bytes_hold(tmp_path, *WORDS) == []


def test_totals_ids_times_and_other_people_stay(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    before = ledger.as_known("profiles").to_pylist()
    touched = ledger.as_known("touches")
    ledger.erase(["p1"], at=day(7))
    after = Ledger.open(ledger.folder).as_known("profiles").to_pylist()
    emptied = dict.fromkeys(erasure.PERSONAL)
    assert after == [each | (emptied if each["subject_id"] == "p1" else {}) for each in before]
    assert [each["account_id"] for each in after if each["subject_id"] == "p1"] == ["a1"]
    assert ledger.as_known("touches").equals(touched)
    history = ledger.connect().rows("SELECT revision, superseded_at FROM profiles_revisions WHERE subject_id = 'p1'")
    assert sorted(each["revision"] for each in history.to_pylist()) == [1, 2]


def test_the_past_version_of_the_table_cannot_be_read_back(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    past = DeltaTable((ledger.folder / "profiles").as_uri(), version=2)
    assert "Birgit Sommer-Quast" in pa.table(past.to_pyarrow_table())["name"].to_pylist()
    ledger.erase(["p1"], at=day(7))
    with pytest.raises(FileNotFoundError):
        DeltaTable((ledger.folder / "profiles").as_uri(), version=2).to_pyarrow_table()


def test_a_second_time_there_is_nothing_left_to_erase(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    ledger.erase(["p1"], at=day(7))
    assert ledger.erase(["p1"], at=day(8)) == Erased(0, 0)
    assert Ledger.create(tmp_path / "empty").erase(["p1"], at=day(8)) == Erased(0, 0)


def test_an_old_export_brings_nothing_back_and_what_is_new_counts(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    ledger.erase(["p1"], at=day(7))
    again = rows("profiles", a_profile("1", account_id="a1", deleted=False, **SAID))
    assert ledger.write("profiles", again, at=day(8)) == Counts(known=1)
    assert ledger.write("profiles", rows("profiles", a_profile("7", **SAID)), at=day(8)) == Counts(stored=1)
    assert bytes_hold(tmp_path, *WORDS) == []
    ledger.write("profiles", rows("profiles", a_profile("8", occurred_at=day(9), name="B. Sommer")), at=day(9))
    assert "B. Sommer" in ledger.as_known("profiles")["name"].to_pylist()


def test_who_is_erased_while_an_import_writes_is_erased_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = a_lake(tmp_path)
    checked = Recording.__init__

    def meanwhile(self: Recording, *args: Any) -> None:
        checked(self, *args)
        monkeypatch.undo()
        Ledger.open(ledger.folder).erase(["p1"], at=day(20))

    monkeypatch.setattr(Recording, "__init__", meanwhile)
    ledger.write("profiles", rows("profiles", a_profile("5", occurred_at=day(6), **SAID)), at=day(7))
    assert bytes_hold(tmp_path, *WORDS) == []
    assert len(ledger.as_known("profiles")) == 3


def test_a_file_that_a_killed_import_left_is_erased_too(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    left = next((ledger.folder / "profiles").glob("*.parquet"))
    (ledger.folder / "profiles" / "left.parquet").write_bytes(left.read_bytes())
    ledger.erase(["p1"], at=day(7))
    assert bytes_hold(tmp_path, *WORDS) == []


def test_a_commit_that_was_overtaken_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = a_lake(tmp_path)
    written_anew = erasure._written_anew

    def slowly(*args: Any) -> Any:
        done = written_anew(*args)
        monkeypatch.undo()
        ledger.write("profiles", rows("profiles", a_profile("6", subject_id="p2", city="Brno")), at=day(6))
        return done

    monkeypatch.setattr(erasure, "_written_anew", slowly)
    ledger.erase(["p1"], at=day(7))
    assert bytes_hold(tmp_path, *WORDS) == []
    assert len(ledger.as_known("profiles")) == 3


def test_spans_of_checkpoints_stay_readable(tmp_path: Path) -> None:
    ledger = a_lake(tmp_path)
    for number in range(12):
        ledger.write("profiles", rows("profiles", a_profile(f"x{number}", **SAID)), at=day(5))
        ledger.erase(["p1"], at=day(6 + number))
    assert len(ledger.as_known("profiles")) == 14


@pytest.mark.parametrize("hostile", ["p1' OR '1' = '1", "'); DROP TABLE x; --", "%", "p1' --", "[*]"])
def test_an_id_is_never_read_as_sql(tmp_path: Path, hostile: str) -> None:
    ledger = a_lake(tmp_path / "o'lake [1]")
    before = ledger.as_known("profiles")
    assert ledger.erase([hostile], at=day(7)) == Erased(0, 0)
    assert ledger.as_known("profiles").equals(before)
    ledger.write("profiles", rows("profiles", a_profile("h", subject_id=hostile, **SAID)), at=day(8))
    assert ledger.as_known("profiles").num_rows == 3
    assert ledger.erase([hostile], at=day(9)).rows == 0
    assert ledger.erase(["p1"], at=day(9)) == Erased(rows=2, files=2)
