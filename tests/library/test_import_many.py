"""A file of many rows, whose people are hashed once each: the same facts as by the readable way, row by row."""

from __future__ import annotations

import random
from pathlib import Path

from tests.imports import KEY, counts, imported, lines

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
