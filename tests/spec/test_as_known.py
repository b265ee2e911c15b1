"""As known: which content of a fact holds at which time of being recorded and being known."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lakes import day, touch, touches
from tests.tables import text_table

from accord.facts.ledger import Ledger

# One row per row of an import; the days are days of January 2027. Import C is taken back on the 12th.
IMPORTED = """
import | recorded | id | kind      | known | inferred
A      | 3        | 1  | first     | 2     | no
A      | 3        | 2  | only      | 1     | no
A      | 3        | 3  | guessed   | 3     | yes
B      | 6        | 1  | corrected | 5     | no
B      | 6        | 3  | sure      | 2     | yes
B      | 6        | 2  | only      | 1     | no
C      | 9        | 1  | mistaken  | 8     | no
C      | 9        | 4  | mistaken  | 8     | no
D      | 15       | 1  | older     | 4     | no
"""
# What is asked, and the kind that holds for each of the facts; empty: not known.
EXPECTED = """
recorded | known | 1         | 2    | 3       | 4        | because
2        | 31    |           |      |         |          | nothing was recorded
3        | 31    | first     | only | guessed |          | import A
3        | 1     |           | only |         |          | only the second could be known on the first
6        | 31    | corrected | only | sure    |          | the next revisions; the second fact came again, unchanged
6        | 4     | first     | only | sure    |          | on the fourth the correction was not known
6        | 2     | first     | only |         |          | an inferred time is not before what it corrects
9        | 31    | mistaken  | only | sure    | mistaken | import C was in force
9        | 7     | corrected | only | sure    |          | and what it says was known on the eighth
12       | 31    | corrected | only | sure    |          | it was taken back
15       | 31    | corrected | only | sure    |          | what arrives late and was known earlier does not hold now
15       | 4     | older     | only | sure    |          | but it held on the fourth
15       | 3     | first     | only | sure    |          | and not before
"""
FACTS = ("1", "2", "3", "4")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = Ledger.create(tmp_path_factory.mktemp("lake"))
    told = text_table(IMPORTED)
    for name in dict.fromkeys(row["import"] for row in told):
        record(ledger, name, [row for row in told if row["import"] == name])
    return ledger


def record(ledger: Ledger, name: str, told: list[dict[str, Any]]) -> None:
    at = told[0]["recorded"]
    batch = ledger.begin("touches", at=day(at))
    facts = [
        touch(str(r["id"]), r["kind"], known_at=day(r["known"]), known_inferred=r["inferred"] == "yes") for r in told
    ]
    ledger.commit(batch, rows=len(told), refused=0, counts=ledger.append(batch, touches(*facts)))
    if name == "C":
        ledger.undo(batch.id, at=day(12))


@pytest.mark.parametrize("row", text_table(EXPECTED), ids=lambda row: f"{row['recorded']}-{row['known']}")
def test_as_known(ledger: Ledger, row: dict[str, Any]) -> None:
    found = ledger.as_known("touches", recorded_at=day(row["recorded"]), known_at=day(row["known"])).to_pylist()
    kinds = {fact["source_id"]: fact["kind"] for fact in found}
    assert {id_: kinds.get(id_) for id_ in FACTS} == {id_: row[id_] for id_ in FACTS}, row["because"]
