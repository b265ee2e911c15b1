"""Duplicates are found without labels: on invented people, and on public sets with the truth beside them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pytest

from accord.facts.duplicates import LIKELY, PERSON_FIELDS, Field, Kind, duplicates
from accord.facts.errors import AccordError

DATA = Path(__file__).parents[3] / "shared" / "data" / "identity_resolution"
Row = Mapping[str, str]
FEBRL = (
    Field("given_name", Kind.NAME), Field("surname", Kind.NAME), Field("street_number", Kind.CODE),
    Field("address_1", Kind.NAME), Field("address_2", Kind.NAME), Field("suburb", Kind.NAME),
    Field("postcode", Kind.CODE), Field("state", Kind.CLASS), Field("date_of_birth", Kind.CODE),
    Field("soc_sec_id", Kind.SURE),
)  # fmt: skip
FAKE = (
    Field("first_name", Kind.NAME), Field("surname", Kind.NAME), Field("dob", Kind.CODE), Field("city", Kind.NAME),
    Field("email", Kind.ADDRESS),
)  # fmt: skip


def people(*rows: tuple[str, ...]) -> pa.Table:
    """Records with an id, and of the fields given, family, email and phone what is said; all others are empty."""
    names = ("id", "given", "family", "email", "phone")
    told = [dict(zip(names, row, strict=False)) for row in rows]
    columns = ("id", *(field.name for field in PERSON_FIELDS))
    return pa.table({name: pa.array([row.get(name) for row in told], pa.string()) for name in columns})


STRANGERS = tuple((f"p{n}", f"{chr(65 + n)}nna", f"Meyer{n * 37}", f"m{n}@firm{n}.example") for n in range(26))


def test_two_spellings_of_one_person_are_a_pair_with_reasons() -> None:
    twice = (
        ("a", "Birgit", "Sommer", "birgit@kestrel.example", "0941123456"),
        ("b", "Birgit", "Somer", "birgit@kestrel.example", "0941123456"),
    )
    (pair,) = duplicates(people(*STRANGERS, *twice), PERSON_FIELDS)
    assert (pair.left, pair.right) == ("a", "b")
    assert LIKELY < pair.probability <= 1
    said = {reason.field: reason.says for reason in pair.reasons}
    assert said == {"given": "the same", "family": "nearly the same", "email": "the same", "phone": "the same"}
    assert all(reason.bits > 0 for reason in pair.reasons)


def test_namesakes_at_two_firms_are_no_pair() -> None:
    twice = (
        ("a", "Birgit", "Sommer", "birgit@kestrel.example", "0941123456"),
        ("b", "Birgit", "Sommer", "bsommer@other.example", "0309876543"),
    )
    assert duplicates(people(*STRANGERS, *twice), PERSON_FIELDS) == ()


def test_the_same_records_in_another_order_give_the_same_pairs() -> None:
    twice = (("a", "Bo", "Lee", "bo@x.example"), ("b", "Bo", "Lee", "bo@x.example"))
    rows = (*STRANGERS, *twice)
    found, again = duplicates(people(*rows), PERSON_FIELDS), duplicates(people(*rows[::-1]), PERSON_FIELDS)
    assert [(p.left, p.right, p.probability) for p in found] == [(p.left, p.right, p.probability) for p in again]


@pytest.mark.parametrize("rows", [(), (("a", "Bo", "Lee"),), (("a",), ("b",))])
def test_nothing_to_compare_gives_no_pair(rows: tuple[tuple[str, ...], ...]) -> None:
    assert duplicates(people(*rows), PERSON_FIELDS) == ()


def test_a_field_that_the_records_lack_is_named() -> None:
    with pytest.raises(AccordError, match="no column title"):
        duplicates(people(("a", "Bo")).drop_columns("title"), PERSON_FIELDS)
    with pytest.raises(AccordError, match="two records"):
        duplicates(people(("a", "Bo"), ("a", "Bo")), PERSON_FIELDS)


# Public sets


def f1(name: str, fields: Sequence[Field], key: str, entity: Callable[[Row], str]) -> float:
    """How well pairs at least as probable as is proposed agree with the truth."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in the shared data beside the project")
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            {k.strip(): (v or "").strip() for k, v in row.items()}
            for row in csv.DictReader(file, skipinitialspace=True)
        ]
    columns = {"id": [row[key] for row in rows], **{f.name: [row[f.name] for row in rows] for f in fields}}
    found = {(pair.left, pair.right) for pair in duplicates(pa.table(columns), fields)}
    same = defaultdict(list)
    for row in rows:
        same[entity(row)].append(row[key])
    true = {pair for ids in same.values() for pair in combinations(sorted(ids), 2)}
    return 2 * len(found & true) / (len(found) + len(true))


def febrl(number: int) -> float:
    return f1(f"febrl/dataset{number}.csv", FEBRL, "rec_id", lambda row: row["rec_id"].split("-")[1])


def test_doubles_in_febrl_1() -> None:
    assert febrl(1) >= 0.95


@pytest.mark.prove
@pytest.mark.parametrize("number", [2, 3])
def test_doubles_in_febrl_2_and_3(number: int) -> None:
    assert febrl(number) >= 0.95


@pytest.mark.prove
def test_doubles_in_fake_1000_are_reported(record_property: Callable[[str, object], None]) -> None:
    """Many cells are empty or wrong on purpose, and few fields are left: no pair proposed is wrong, some are missed."""
    found = f1("splink/fake_1000.csv", FAKE, "unique_id", lambda row: row["cluster"])
    record_property("F1", round(found, 4))
    assert found > 0.75
