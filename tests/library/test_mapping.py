"""Mappings: YAML there and back, and what is proposed from names and values."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.imports import a_file, a_mapping, lines, proposed

from accord.facts.tables import TABLES
from accord.sources.mapping import (
    IMPORTED,
    FileMapping,
    MappingError,
    Rule,
    mapping_yaml,
    parse_mapping,
    required,
    targets,
)
from accord.sources.propose import PRESETS, propose

WORD = st.text(alphabet="abc: #{}[]'\"-é1", min_size=1, max_size=8).filter(lambda word: bool(word.strip()))
RULES = st.builds(
    Rule,
    columns=st.lists(WORD, min_size=1, max_size=3, unique=True).map(tuple),
    values=st.dictionaries(WORD, WORD, max_size=2),
    otherwise=st.sampled_from(["", "x y"]),
    when=st.dictionaries(WORD, st.lists(WORD, min_size=1, max_size=2).map(tuple), max_size=1),
) | st.builds(Rule, value=WORD)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(IMPORTED),
    st.dictionaries(st.integers(0, 30), RULES, min_size=1, max_size=4),
    st.lists(WORD, max_size=2, unique=True).map(tuple),
    st.sampled_from([None, True, False]),
)
def test_a_mapping_is_the_same_after_a_round_through_yaml(
    table: str, rules: dict[int, Rule], identity: tuple[str, ...], day_first: bool | None
) -> None:
    allowed = targets(table)
    columns = {allowed[place % len(allowed)]: rule for place, rule in rules.items()}
    mapping = FileMapping(table, columns, id=identity, day_first=day_first, only={"a": ("b", "c")})
    assert parse_mapping(YAML(typ="safe", pure=True).load(mapping_yaml(mapping))) == mapping


def test_every_table_that_can_be_imported_is_a_table_and_says_what_it_needs() -> None:
    for table in IMPORTED:
        assert table in TABLES
        assert "occurred_at" in required(table)
        assert not {"recorded_at", "batch", "revision"} & set(targets(table))


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("table: touches", "`columns` is missing"),
        ("table: touches\ncolumns: {kind: {from: a, value: b}}", "exactly one of"),
        ("table: touches\ncolumns: {kind: {}}", "exactly one of"),
        ("table: touches\nday_first: perhaps\ncolumns: {kind: a}", "day_first is 'perhaps'"),
        ("table: touches\nonly: [a]\ncolumns: {kind: a}", "`only` must name"),
        ("table: toches\ncolumns: {kind: a}", "the nearest is 'touches'"),
        ("accord_mapping: 2\ntable: touches\ncolumns: {kind: a}", "accord_mapping is 2"),
        ("table: touches\ndelimiter: '::'\ncolumns: {kind: a}", "not one sign"),
        ("table: touches\ncolumns: {kind: a}\nwith: {file: x.csv}", "`with` needs"),
    ],
)
def test_what_a_mapping_must_not_say(yaml: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        a_mapping(yaml)


def test_columns_are_found_by_name_in_whatever_spelling(tmp_path: Path) -> None:
    rows = ("1;a@b.de;05.01.2027;page.home;email", "2;c@d.de;06.01.2027;page.home;x")
    path = a_file(tmp_path, lines("Event ID;E-Mail;Datum;Event Type;Kanal", *rows))
    found = proposed(path, "touches")
    assert {target: rule.columns for target, rule in found.columns.items()} == {
        "person_id": ("E-Mail",),
        "kind": ("Event Type",),
        "channel": ("Kanal",),
        "occurred_at": ("Datum",),
    }
    assert found.id == ("Event ID",)


def test_columns_without_a_telling_name_are_found_by_their_values(tmp_path: Path) -> None:
    rows = ("x,ann@b.de,2027-01-05 10:00,page.home", "y,bob@b.de,2027-01-06 10:00,page.home")
    path = a_file(tmp_path, lines("a,b,c,kind", *rows))
    found = proposed(path, "touches")
    assert (found.columns["person_id"].columns, found.columns["occurred_at"].columns) == (("b",), ("c",))


def test_nothing_is_made_up_for_what_is_not_there() -> None:
    found = propose(("colour",), {"colour": ["red"]}, "consent")
    assert set(found.missing) == {"person_id", "purpose", "status", "occurred_at"}


def test_no_preset_and_no_table_by_guess() -> None:
    with pytest.raises(MappingError, match="Presets are hubspot, salesforce, leadforge"):
        propose(("a",), {}, "touches", preset="hubspott")
    with pytest.raises(MappingError, match="cannot be imported"):
        propose(("a",), {}, "decisions")
    for preset in PRESETS:
        with pytest.raises(MappingError, match=f"No export of {preset}"):
            propose(("colour",), {}, "touches", preset=preset)
