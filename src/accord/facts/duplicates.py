"""Records that probably mean the same person or account: pairs with a probability, and what each field says about it.

The model is Fellegi and Sunter's as Splink 4 computes it (Linacre et al. 2022): each field that agrees, nearly agrees
or differs makes a match more or less probable, by a weight that is learned from the records themselves by expectation
maximisation. No labels are needed. Only pairs that share something rare are compared at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import log2
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from accord.facts.errors import AccordError

if TYPE_CHECKING:
    from splink import Linker

LIKELY = 0.9
"""Pairs at least so probable are proposed, unless somebody asks for others."""
MOST_PER_RECORD = 40
"""A way to find pairs that would compare more than so many pairs per record is left out: what it shares is common."""
FEWEST = 200
"""Fewer records than this teach the model nothing, so the weights are Splink's own, and one record in ten is expected
to have a double."""
FEWEST_PAIRS = 20
"""Fewer pairs than this teach nothing about how often fields agree in matches."""
RANDOM_PAIRS = 1_000_000
SEED = 20_271_101
_RECALL = 0.7


class Kind(StrEnum):
    """How the values of a field are compared."""

    NAME = "name"  # words that people type: Jaro-Winkler
    CODE = "code"  # numbers and dates in which a digit may be wrong: edits
    SURE = "sure"  # a code that hardly two people share, such as a telephone number
    ADDRESS = "address"  # an e-mail address: the whole, the part before the @, both nearly
    CLASS = "class"  # one of few values: equal or not


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the records, and how its values are compared."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Reason:
    """What one field says about a pair: the level reached in words, both values, and the weight in bits (log2 of how
    many times more probable the field makes a match; below 0 it speaks against one)."""

    field: str
    says: str
    left: str
    right: str
    bits: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may mean the same; `left` is the smaller id. `probability` is between 0 and 1."""

    left: str
    right: str
    probability: float
    reasons: tuple[Reason, ...]


PERSON_FIELDS = (
    Field("given", Kind.NAME),
    Field("family", Kind.NAME),
    Field("email", Kind.ADDRESS),
    Field("phone", Kind.SURE),
    Field("company", Kind.NAME),
    Field("title", Kind.NAME),
    Field("city", Kind.NAME),
    Field("country", Kind.CLASS),
)
"""What is compared of people. `given` and `family` are the first and the last word of the name."""
ACCOUNT_FIELDS = (
    Field("name", Kind.NAME),
    Field("domain", Kind.SURE),
    Field("industry", Kind.CLASS),
    Field("city", Kind.NAME),
    Field("country", Kind.CLASS),
)
"""What is compared of accounts."""


def duplicates(records: pa.Table, fields: Sequence[Field], *, likely: float = LIKELY) -> tuple[Pair, ...]:
    """Pairs of records that mean the same with a probability of at least `likely`, the most probable first.

    `records` has a text column `id`, unique, and a text column per field; empty cells say nothing. Letter case and
    blanks around values do not count. The same records give the same pairs. Raises AccordError for a field that the
    records do not have, and for an id that stands twice.
    """
    _check(records, fields)
    held = [field for field in fields if _tells(records, field)]
    if records.num_rows < 2 or not held:
        return ()
    with duckdb.connect(config={"threads": 1}) as session:
        session.register("given_records", records)
        session.execute(f"CREATE TABLE records AS {_cleaned(held)}")
        return _found(session, held, records.num_rows, likely)


def _check(records: pa.Table, fields: Sequence[Field]) -> None:
    missing = [field.name for field in fields if field.name not in records.column_names]
    if missing or "id" not in records.column_names:
        named = ", ".join(missing or ["id"])
        raise AccordError(f"The records have no column {named}.", remedy="Name each compared field as a column.")
    if len(set(records["id"].to_pylist())) < records.num_rows:
        raise AccordError("An id stands in two records.", remedy="Give every record an id of its own.")


def _tells(records: pa.Table, field: Field) -> bool:
    """Whether at least two records say something in a field."""
    return len([value for value in records[field.name].to_pylist() if value and value.strip()]) > 1


def _cleaned(fields: Sequence[Field]) -> str:
    cells = ", ".join(f'nullif(trim(lower("{field.name}")), \'\') AS "{field.name}"' for field in fields)
    return f"SELECT id, {cells} FROM given_records ORDER BY id"


def _found(
    session: duckdb.DuckDBPyConnection, fields: Sequence[Field], records: int, likely: float
) -> tuple[Pair, ...]:
    from splink import DuckDBAPI, Linker, SettingsCreator  # takes a second to import

    logging.getLogger("splink").setLevel(logging.ERROR)  # it explains to a person at a notebook
    ways = _ways(session, fields, records)
    if not ways:
        return ()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=[_comparison(field) for field in fields],
        blocking_rules_to_generate_predictions=[_rule(way) for way in ways],
        retain_intermediate_calculation_columns=True,
        retain_matching_columns=True,
        probability_two_random_records_match=min(0.1 / records, 0.05),
    )
    linker = Linker("records", settings, DuckDBAPI(connection=session), set_up_basic_logging=False)
    if records >= FEWEST:
        _learn(linker, ways, [way for way in _apart(ways, len(fields)) if _compared(session, way) >= FEWEST_PAIRS])
    answers = linker.inference.predict(threshold_match_probability=likely).as_record_dict()
    pairs = [_pair(row, fields) for row in answers]
    return tuple(sorted(pairs, key=lambda pair: (-pair.probability, pair.left, pair.right)))


Way = tuple[str, ...]
"""Columns that must be equal for a pair to be compared."""


def _ways(session: duckdb.DuckDBPyConnection, fields: Sequence[Field], records: int) -> list[Way]:
    """The ways to find pairs: by a sure field alone, and by any two other fields, so that one slip is never enough to
    part two records. Ways that would compare too many pairs are left out."""
    sure = [(field.name,) for field in fields if field.kind in (Kind.SURE, Kind.ADDRESS)]
    others = [field.name for field in fields if field.kind in (Kind.NAME, Kind.CODE)]
    ways = [*sure, *combinations(others, 2)]
    if not ways:
        ways = [(field.name,) for field in fields]
    return [way for way in ways if 0 < _compared(session, way) <= MOST_PER_RECORD * max(records, 100)]


def _compared(session: duckdb.DuckDBPyConnection, way: Way) -> int:
    """How many pairs a way would compare."""
    columns = ", ".join(f'"{name}"' for name in way)
    there = " AND ".join(f'"{name}" IS NOT NULL' for name in way)
    sql = f"SELECT sum(n * (n - 1) // 2) FROM (SELECT count(*) AS n FROM records WHERE {there} GROUP BY {columns})"
    row = session.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _rule(way: Way) -> Any:
    from splink import block_on

    return block_on(*(f'"{name}"' for name in way))


def _comparison(field: Field) -> Any:
    import splink.comparison_library as compare

    name = field.name
    match field.kind:
        case Kind.NAME:
            made = compare.JaroWinklerAtThresholds(name, [0.92, 0.8]).configure(term_frequency_adjustments=True)
        case Kind.CODE:
            made = compare.DamerauLevenshteinAtThresholds(name, [1, 2]).configure(term_frequency_adjustments=True)
        case Kind.SURE:
            made = compare.DamerauLevenshteinAtThresholds(name, [1, 2])
        case Kind.ADDRESS:
            made = compare.EmailComparison(name)
        case Kind.CLASS:
            made = compare.ExactMatch(name).configure(term_frequency_adjustments=True)
    return made


def _learn(linker: Linker, ways: Sequence[Way], apart: Sequence[Way]) -> None:
    """How often fields agree by chance, from random pairs; how often they agree in matches, by EM. A field by which
    pairs were found cannot be learned from these pairs, so EM runs over ways that share no field."""
    sure = [way for way in ways if len(way) == 1]
    linker.training.estimate_probability_two_random_records_match([_rule(way) for way in sure or ways], recall=_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    for way in apart:
        linker.training.estimate_parameters_using_expectation_maximisation(_rule(way), fix_u_probabilities=True)


def _apart(ways: Sequence[Way], fields: int) -> Iterator[Way]:
    """Ways that share no field, until each field was free in one of them."""
    used: set[str] = set()
    taught = 0
    for way in ways:
        if not used & set(way) and fields > len(way):
            used |= set(way)
            taught += 1
            yield way
        if taught == 3:
            return


def _pair(row: Mapping[str, Any], fields: Sequence[Field]) -> Pair:
    left, right, sides = row["id_l"], row["id_r"], ("l", "r")
    if left > right:
        left, right, sides = right, left, ("r", "l")
    reasons = (_reason(row, field, sides) for field in fields)
    told = sorted((each for each in reasons if each is not None), key=lambda each: -abs(each.bits))
    return Pair(left, right, float(row["match_probability"]), tuple(told))


def _reason(row: Mapping[str, Any], field: Field, sides: tuple[str, str]) -> Reason | None:
    """None where one of the two says nothing."""
    level = row[f"gamma_{field.name}"]
    if level < 0:
        return None
    factor = float(row[f"bf_{field.name}"]) * float(row.get(f"bf_tf_adj_{field.name}") or 1.0)
    says = "differs" if level == 0 else _words(field, str(row[f"{field.name}_l"]), str(row[f"{field.name}_r"]))
    one, two = (str(row[f"{field.name}_{side}"]) for side in sides)
    return Reason(field.name, says, one, two, round(log2(factor), 2) if factor > 0 else -99.0)


def _words(field: Field, left: str, right: str) -> str:
    if left == right:
        return "the same"
    if field.kind is Kind.ADDRESS and left.partition("@")[0] == right.partition("@")[0]:
        return "the same before the @"
    return "nearly the same"
