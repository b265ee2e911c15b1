"""A file of many rows, whose people are hashed once each: the same facts as by the readable way, row by row."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.imports import KEY, TOUCHES, counts, imported, lines

from accord.facts.identity import person_id
from accord.sources.importing import MANY_ROWS

ROWS, PEOPLE = MANY_ROWS + 2_000, 1_500


def content() -> list[tuple[str, str, str, str]]:
    """Rows of (id, person, when, kind): every 100th blank in its person, every 50th the same id again, changed."""
    chance = random.Random(7)  # noqa: S311 invented rows
    rows = []
    for number in range(ROWS):
        person = "" if number % 100 == 99 else f"P-{chance.randrange(PEOPLE)} "
        again = number % 50 == 49
        kind = f"page.p{number}" if again else "page.pricing"
        rows.append((str(number - 1 if again else number), person, f"2027-01-{1 + number % 28:02} 10:00:00", kind))
    return rows


def test_many_rows_are_recorded_as_row_by_row(tmp_path: Path) -> None:
    rows = content()
    good = [row for row in rows if row[1]]
    file = lines("id,person,when,kind", *(",".join(row) for row in rows))
    done = imported(tmp_path, file)
    ids = {row[0] for row in good}
    assert counts(done.outcome) == (ROWS, len(ids), 0, len(good) - len(ids), ROWS - len(good), 0)
    assert len(done.refused()) == ROWS - len(good)
    kept = dict.fromkeys(ids, ("", "", ""))
    for number, person, when, kind in good:
        kept[number] = max(kept[number], (when, person_id(KEY, "crm", person), kind)) if kept[number][0] > when else (
            when, person_id(KEY, "crm", person), kind,
        )  # fmt: skip
    found = done.facts("touches", "occurred_at", "person_id", "kind")
    assert sorted(found) == sorted(kept.values())


def test_the_same_file_again_is_known(tmp_path: Path) -> None:
    file = lines("id,person,when,kind", *(",".join(row) for row in content() if row[1] and int(row[0]) % 50 != 48))
    first = counts(imported(tmp_path, file).outcome)
    again = counts(imported(tmp_path, file).outcome)
    assert first[1] == first[0] > MANY_ROWS
    assert again == (first[0], 0, first[0], 0, 0, 0)


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\u00a0"])
def test_a_blank_in_the_last_row_makes_no_other_person_and_no_other_fact(tmp_path: Path, blank: str) -> None:
    rows = [f"{number},P-{number % 9},2027-01-01 10:00:00,page.pricing" for number in range(ROWS)]
    last = f"{ROWS - 1}{blank},{blank}P-1{blank},2027-01-01 10:00:00,page.pricing"
    done = imported(tmp_path, lines("id,person,when,kind", *rows, last))
    assert counts(done.outcome) == (ROWS + 1, ROWS, 0, 1, 0, 0)  # the last id again, with another person
    persons = {person for (person,) in done.facts("touches", "person_id")}
    assert persons == {person_id(KEY, "crm", f"P-{number}") for number in range(9)}


def test_the_name_of_a_source_may_hold_a_quote(tmp_path: Path) -> None:
    mapping = TOUCHES.replace("source: crm", "source: o'brien's; crm")
    done = imported(tmp_path, lines("id,person,when,kind", "1,P,2027-01-01,call.connected"), mapping)
    told = done.facts("touches", "source", "person_id", "precision", "evidence")
    assert told == [("o'brien's; crm", person_id(KEY, "o'brien's; crm", "P"), "day", "evidenced")]


def test_an_import_does_not_load_what_it_can_do_without(tmp_path: Path) -> None:
    """It would take 0.3 s; Arrow loads pandas for a single time that becomes an object."""
    file, mapping = tmp_path / "file.csv", tmp_path / "mapping.yaml"
    file.write_text(lines("id,person,when,kind", "1,P,2027-01-01,call.connected"), encoding="utf-8")
    mapping.write_text(TOUCHES, encoding="utf-8")
    code = f"""
import sys
from datetime import UTC, datetime
from pathlib import Path
from tests.imports import a_mapping
from accord.facts.ledger import Ledger
from accord.sources.importing import import_file, workplace
with workplace(Ledger.create(Path({str(tmp_path / "lake")!r})), at=datetime(2027, 1, 1, tzinfo=UTC)) as place:
    mapping = a_mapping(Path({str(mapping)!r}).read_text(encoding="utf-8"))
    (done,) = import_file(Path({str(file)!r}), mapping, place, refused_file=lambda _: None)
print(done.stored, "pandas" in sys.modules, "pyarrow.compute" in sys.modules)
"""
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "False", "False"]
