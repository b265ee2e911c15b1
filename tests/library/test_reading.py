"""What the reader makes of texts that are hostile, broken or merely unusual: never an exception, always a place."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.agreement.checking import check
from accord.agreement.document import Agreement, Method, Side
from accord.agreement.mistake import MistakeKind
from accord.agreement.prose import articles
from accord.agreement.reading import read, read_as_far_as_possible
from accord.agreement.yaml_text import NotYamlError, below, parsed, places, resolved
from accord.facts.errors import AccordError

FILE = Path(__file__).parents[2] / "examples/agreement.yaml"


@cache
def example() -> Agreement:
    agreement, mistakes = read(FILE)
    assert agreement is not None, mistakes
    return agreement


def test_example_is_read_as_it_is_written() -> None:
    agreement = example()
    assert (agreement.version, agreement.company, agreement.currency) == (7, "Northwind Robotics", "EUR")
    assert agreement.in_force_from.utcoffset() == timedelta(hours=1)
    assert agreement.fiscal_year_start == (1, 1)
    assert agreement.qualification.tick == 6 * 3600
    assert agreement.cards["fit-and-intent"].bands == (("A", 80.0), ("B", 65.0), ("C", 0.0))
    assert agreement.routing.rules[2].method is Method.WEIGHTED
    assert agreement.routing.rules[2].weights == {"tomas": 2, "sara": 1}
    assert [limit.when is None for limit in agreement.response.first_touch] == [False, True]
    assert agreement.answers.recycle[1].returns == "days_since_recycle >= 180"
    assert agreement.contact.shield[1].exempt == ("event-invitation",)
    assert agreement.plan["2027-Q1"]["deal_size"] == 20_800
    assert agreement.incentive is not None
    assert agreement.incentive.split == {Side.MARKETING: 0.5, Side.SALES: 0.5}
    assert agreement.text == FILE.read_text(encoding="utf-8")
    assert agreement.signatories.deputies == {Side.MARKETING: ("jonas",), Side.SALES: ("ada",)}
    assert len(agreement.digest) == 64


def test_agreement_without_optional_articles_is_read() -> None:
    text = """
accord: 1
version: 1
in_force_from: 2026-01-01T00:00:00Z
company: NO
currency: NOK
time_zone: Europe/Oslo
calendar: {hours: {mon-fri: "08:00-16:00"}}
teams: {all: {people: [kari]}}
"""
    agreement, mistakes = read(text)
    assert agreement is not None, mistakes
    assert agreement.company == "NO"
    assert agreement.promises == ()
    assert [each.no for each in articles(agreement)] == [1, 2]


def test_time_without_zone_is_read_in_the_companys_and_said() -> None:
    agreement, mistakes = read(FILE.read_text(encoding="utf-8").replace("2026-12-01T00:00:00+01:00", "2026-07-01"))
    assert agreement is not None
    assert agreement.in_force_from == datetime.fromisoformat("2026-07-01T00:00:00+02:00")
    assert [each.path for each in mistakes if each.kind is MistakeKind.NOTICE] == ["in_force_from"]


BOMB = "a: &a [x, x]\n" + "\n".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}' if n else '*a'] * 9)}]" for n in range(9))

UNREADABLE: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 1, "an empty file"),
    "comment only": (b"# nothing\n", 1, "an empty file"),
    "scalar": (b"just words\n", 1, "'just words'"),
    "list": (b"- a\n- b\n", 1, "a list"),
    "null": (b"---\n...\n", 2, "nothing"),
    "binary": (b"accord: 1\n\x00\x01", 2, "a binary file"),
    "utf-16": ("accord: 1".encode("utf-16"), 1, "UTF-16"),
    "latin-1": ("accord: 1\ncompany: Müller\n".encode("latin-1"), 2, "0xFC"),
    "too large": (b"# " + b"x" * 1_000_001, 0, "1,000,003 bytes"),
    "tab": (b"accord: 1\ncalendar:\n\thours: x\n", 3, "a tab"),
    "open bracket": (b"accord: 1\nteams: {a: [b\n", 3, "not YAML"),
    "open quote": (b"accord: 1\ncompany: 'x\n", 3, "not YAML"),
    "bad indent": (b"accord: 1\n  version: 2\n", 2, "not YAML"),
    "two documents": (b"accord: 1\n---\naccord: 1\n", 2, "a second document"),
    "python object": (b"accord: !!python/object/apply:os.system [ls]\n", 1, "the tag"),
    "own tag": (b"accord: !secret x\n", 1, "the tag"),
    "unknown alias": (b"accord: *nothing\n", 1, "alias"),
    "alias of itself": (b"accord: &a [*a]\n", 1, "alias"),
    "alias bomb": (BOMB.encode(), 6, "too many values"),
    "many aliases": (b"a: &a 1\nb: [" + b"*a, " * 51 + b"1]\n", 2, "aliases"),
    "deep": (b"a: " + b"[" * 5000 + b"]" * 5000, 1, "levels"),
    "deep mapping": (b"{a: " * 5000 + b"}" * 5000, 1, "levels"),
    "list as key": (b"? [a, b]\n: c\n", 1, "as a key"),
    "control character": (b"accord: 1\ncompany: \x07\n", 0, "not YAML"),
    "directive": (b"%YAML 9.9\n---\naccord: 1\n", 1, "not YAML"),
}


@pytest.mark.parametrize(("raw", "line", "words"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_text_is_one_clear_mistake(raw: bytes, line: int, words: str) -> None:
    agreement, mistakes = read(raw)
    assert agreement is None
    assert len(mistakes) == 1
    assert words in mistakes[0].message
    assert mistakes[0].line == line
    assert mistakes[0].allowed


def test_byte_order_mark_and_windows_lines_are_read() -> None:
    agreement, mistakes = read(b"\xef\xbb\xbf" + FILE.read_bytes().replace(b"\n", b"\r\n"))
    assert agreement is not None, mistakes


def test_missing_file_and_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(AccordError, match="cannot be read"):
            read(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("06:00", "06:00"),
        ("2026-12-01", "2026-12-01"),
        ("1.0", 1.0),
        ("20_000", 20_000),
        ("-3", -3),
        ("1e3", 1000.0),
        ("010", 10),
        ("true", True),
        ("~", None),
        ("", None),
        ("_1", "_1"),
        ("-", "-"),
        ("." * 3, "..."),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert resolved(text) == value
    assert type(resolved(text)) is type(value)


def test_places_name_every_path() -> None:
    where = places("a:\n  b: [x, {c: d}]\n  'e.f': 1\n")
    assert where == {
        "a": (1, 1),
        "a.b": (2, 3),
        "a.b[0]": (2, 7),
        "a.b[1]": (2, 10),
        "a.b[1].c": (2, 11),
        "a['e.f']": (3, 3),
    }
    assert below("", "a") == "a"
    assert places("a: [") == {}


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_no_bytes_at_all_raise(raw: bytes) -> None:
    agreement, mistakes = read(raw)
    assert agreement is None
    assert mistakes


@given(st.text(alphabet="[]{}:,-?&*!|>'\"%@` \n#ab1\t", max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_signs_of_yaml_raise(text: str) -> None:
    try:
        parsed(text)
    except NotYamlError as error:
        assert error.mistake.message


Path_ = tuple[str | int, ...]


def paths_of(value: Any, above: Path_ = ()) -> list[Path_]:
    below_it = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(each for key, inner in below_it for each in paths_of(inner, (*above, key)))]


@cache
def plain_text() -> str:
    return json.dumps(parsed(FILE.read_text(encoding="utf-8"))[0].plain())


@cache
def all_paths() -> tuple[Path_, ...]:
    return tuple(path for path in paths_of(json.loads(plain_text())) if path)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["4h", "0m", "NO", "marketing", "2026-01-01", "employees > 3", "A", "", "Europe/Berlin", "1d" * 9]),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["a", "within", "when", "points", "hours", "x.y"]), SCALARS, max_size=3),
)
DELETE = object()


CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.just(DELETE) | VALUES), min_size=1, max_size=3)


@given(CHANGES)
@settings(max_examples=25, deadline=None)
def test_no_change_of_the_example_raises(changes: list[tuple[int, object]]) -> None:
    read_changed(changes)


@pytest.mark.prove
@given(CHANGES)
@settings(max_examples=500, deadline=None)
def test_none_of_500_changes_of_the_example_raises(changes: list[tuple[int, object]]) -> None:
    read_changed(changes)


def read_changed(changes: list[tuple[int, object]]) -> None:
    agreement = json.loads(plain_text())
    for index, value in changes:
        change(agreement, all_paths()[index % len(all_paths())], value)
    text = json.dumps(agreement)
    draft = read_as_far_as_possible(text)
    assert draft.agreement is not None
    found = (*draft.mistakes, *check(draft.agreement, broken=draft.broken))
    assert all(each.message and each.line >= 1 for each in found)
    whole, mistakes = read(text)
    assert (whole is None) == any(each.blocks for each in mistakes)
    if whole is not None:
        assert all(each.text for each in articles(whole))


def change(agreement: Any, path: Path_, value: object) -> None:
    holder = agreement
    for step in path[:-1]:
        try:
            holder = holder[step]
        except (KeyError, IndexError, TypeError):
            return
    try:
        if value is DELETE:
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return


def test_broken_calendar_does_not_hide_or_invent_other_mistakes() -> None:
    text = FILE.read_text(encoding="utf-8").replace("holidays: DE-BE", "holidays: DE-XX")
    text = text.replace("weights: {tomas: 2, sara: 1}", "weights: {tomas: 2, zoe: 1}")
    draft = read_as_far_as_possible(text)
    assert draft.agreement is not None
    found = [each for each in check(draft.agreement, broken=draft.broken) if each.blocks]
    assert [each.path for each in found] == ["routing.rules[2].weights.zoe"]
