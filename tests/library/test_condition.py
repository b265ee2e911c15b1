"""Conditions against a readable twin, against hostile input, and against text of every sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.agreement.condition import And, ClauseKind, ConditionError, Kind, Not, Or, met, met_sql, parse
from accord.agreement.condition_rules import FUNCTIONS, MAX_DEPTH, MAX_LENGTH, MAX_PARTS, MAX_SIGNS, MAX_VALUES
from accord.agreement.condition_terms import small_letters
from accord.facts.lead_view import COLUMNS as LEAD_VIEW

Row = dict[str, Any]
Truth = bool | None


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


COLUMNS: Final = {
    name: Column(name, kind)
    for name, kind in {
        "n": Kind.NUMBER, "m": Kind.NUMBER, "t": Kind.TEXT, "u": Kind.TEXT, "yes": Kind.TRUTH, "no": Kind.TRUTH,
        "date": Kind.TRUTH, "Odd \"name'": Kind.NUMBER,
    }.items()
}  # fmt: skip
SQL_TYPES: Final = {Kind.NUMBER: "DOUBLE", Kind.TEXT: "VARCHAR", Kind.TRUTH: "BOOLEAN"}


# The twin: a piece of a condition is its text and a function of one row. None is unknown.


@dataclass(frozen=True)
class Piece:
    text: str
    of: Callable[[Row], Any]


def known(*pieces: Piece) -> Callable[[Callable[..., Any]], Callable[[Row], Any]]:
    """A function of known values that is unknown as soon as one of them is."""

    def make(function: Callable[..., Any]) -> Callable[[Row], Any]:
        def of(row: Row) -> Any:
            values = [piece.of(row) for piece in pieces]
            return None if None in values else function(*values)

        return of

    return make


def fits(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(fits(text[cut:], pattern[1:]) for cut in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and fits(text[1:], pattern[1:])


def rounded(value: float) -> float:
    whole = float(int(abs(value) + 0.5))
    return -whole if value < 0 else whole


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def column(name: str) -> Piece:
    return Piece(name if name.isalpha() else '"' + name.replace('"', '""') + '"', lambda row: row[name])


def number(value: float) -> Piece:
    return Piece(str(value), lambda _: value)


def text_value(value: str) -> Piece:
    return Piece(quoted(value), lambda _: value)


LETTERS: Final = "aAbB '%_é\u03a3\u03c2\u0130"
NUMBERS: Final = st.one_of(st.integers(-5, 5), st.sampled_from([0.25, -1.5, 2.5]))
TEXTS: Final = st.text(LETTERS, max_size=3)
COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
COUNT: Final[dict[str, Callable[[float, float], Any]]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b if b else None,
}  # fmt: skip


def first_known(values: Sequence[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def of_known(pick: Callable[..., Any], pieces: Sequence[Piece]) -> Callable[[Row], Any]:
    def of(row: Row) -> Any:
        values = [value for piece in pieces if (value := piece.of(row)) is not None]
        return pick(values) if values else None

    return of


def nullif(left: Piece, right: Piece) -> Piece:
    def of(row: Row) -> Any:
        return None if left.of(row) == right.of(row) else left.of(row)

    return Piece(f"nullif({left.text}, {right.text})", of)


def counted(left: Piece, sign: str, right: Piece) -> Piece:
    return Piece(f"({left.text} {sign} {right.text})", known(left, right)(COUNT[sign]))


def numeric_call(name: str, a: Piece, b: Piece) -> Piece:
    if name in ("abs", "round"):
        return Piece(f"{name}({a.text})", known(a)(abs if name == "abs" else rounded))
    if name == "nullif":
        return nullif(a, b)
    if name == "coalesce":
        return Piece(f"coalesce({a.text}, {b.text})", lambda row: first_known([a.of(row), b.of(row)]))
    return Piece(f"{name}({a.text}, {b.text})", of_known(max if name == "greatest" else min, [a, b]))


def text_call(name: str, a: Piece, b: Piece) -> Piece:
    if name == "nullif":
        return nullif(a, b)
    if name == "coalesce":
        return Piece(f"coalesce({a.text}, {b.text})", lambda row: first_known([a.of(row), b.of(row)]))
    change: Callable[[str], str] = {"lower": small_letters, "trim": lambda t: t.strip(" ")}[name]
    return Piece(f"{name}({a.text})", known(a)(change))


@st.composite
def numeric(draw: st.DrawFn, depth: int = 2) -> Piece:
    kind = (
        draw(st.sampled_from(["column", "column", "value", "count", "call", "minus", "length"])) if depth else "column"
    )
    if kind == "column":
        return column(draw(st.sampled_from(["n", "m", "Odd \"name'"])))
    if kind == "value":
        return number(draw(NUMBERS))
    if kind == "length":
        text = draw(textual(depth - 1))
        return Piece(f"length({text.text})", known(text)(len))
    a, b = draw(numeric(depth - 1)), draw(numeric(depth - 1))
    if kind == "count":
        return counted(a, draw(st.sampled_from(list(COUNT))), b)
    if kind == "minus":
        return Piece(f"-({a.text})", known(a)(lambda value: -value))
    return numeric_call(draw(st.sampled_from(["abs", "round", "nullif", "coalesce", "greatest", "least"])), a, b)


@st.composite
def textual(draw: st.DrawFn, depth: int = 2) -> Piece:
    kind = draw(st.sampled_from(["column", "column", "value", "call"])) if depth else "column"
    if kind == "column":
        return column(draw(st.sampled_from(["t", "u"])))
    if kind == "value":
        return text_value(draw(TEXTS))
    names = st.sampled_from(["nullif", "coalesce", "lower", "trim"])
    return text_call(draw(names), draw(textual(depth - 1)), draw(textual(depth - 1)))


@st.composite
def a_comparison(draw: st.DrawFn) -> Piece:
    terms = draw(st.sampled_from([numeric(), textual()]))
    left, right, sign = draw(terms), draw(terms), draw(st.sampled_from(list(COMPARE)))
    return Piece(f"{left.text} {sign} {right.text}", known(left, right)(COMPARE[sign]))


def negatable(draw: st.DrawFn, head: str, tail: str, of: Callable[[Row], Any]) -> Piece:
    if draw(st.booleans()):
        return Piece(f"{head} {tail}", of)
    return Piece(f"{head} NOT {tail}", lambda row: opposite(of(row)))


@st.composite
def a_between(draw: st.DrawFn) -> Piece:
    value, low, high = draw(numeric()), draw(numeric(1)), draw(numeric(1))
    of = known(value, low)(lambda v, a: v >= a), known(value, high)(lambda v, b: v <= b)
    return negatable(
        draw, value.text, f"BETWEEN {low.text} AND {high.text}", lambda row: all_of([of[0](row), of[1](row)])
    )


@st.composite
def a_list(draw: st.DrawFn) -> Piece:
    value, listed = draw(textual()), draw(st.lists(TEXTS, min_size=1, max_size=3))
    return negatable(draw, value.text, f"IN ({', '.join(map(quoted, listed))})", known(value)(lambda v: v in listed))


@st.composite
def a_pattern(draw: st.DrawFn) -> Piece:
    value, pattern = draw(textual()), draw(TEXTS)
    if draw(st.booleans()):
        return negatable(draw, value.text, f"LIKE {quoted(pattern)}", known(value)(lambda v: fits(v, pattern)))
    small = small_letters(pattern)
    of = known(value)(lambda v: fits(small_letters(v), small))
    return negatable(draw, value.text, f"ILIKE {quoted(pattern)}", of)


@st.composite
def a_truth(draw: st.DrawFn) -> Piece:
    kind = draw(st.sampled_from(["column", "is", "known", "starts_with", "contains"]))
    name = column(draw(st.sampled_from(["yes", "no", "date"])))
    if kind == "column":
        return name
    if kind == "is":
        wanted, negated = draw(st.booleans()), draw(st.booleans())
        words = f"IS {'NOT ' if negated else ''}{'TRUE' if wanted else 'FALSE'}"
        return Piece(f"{name.text} {words}", lambda row: (name.of(row) is wanted) is not negated)
    a, b = draw(textual()), draw(textual())
    if kind == "known":
        return Piece(f"{a.text} IS NOT NULL", lambda row: a.of(row) is not None)
    test: Callable[[str, str], bool] = str.startswith if kind == "starts_with" else str.__contains__
    return Piece(f"{kind}({a.text}, {b.text})", known(a, b)(test))


def all_of(truths: Sequence[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def any_of(truths: Sequence[Truth]) -> Truth:
    return True if True in truths else None if None in truths else False


def opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def joined(pieces: list[Piece], word: str, join: Callable[[Sequence[Truth]], Truth]) -> Piece:
    return Piece("(" + f" {word} ".join(p.text for p in pieces) + ")", lambda row: join([p.of(row) for p in pieces]))


def larger(inner: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda pieces: joined(pieces, "AND", all_of)),
        some.map(lambda pieces: joined(pieces, "OR", any_of)),
        inner.map(lambda piece: Piece(f"NOT ({piece.text})", lambda row: opposite(piece.of(row)))),
    )


LEAVES: Final = st.one_of(a_comparison(), a_between(), a_list(), a_pattern(), a_truth())
CONDITIONS: Final = st.recursive(LEAVES, larger, max_leaves=5)
CELLS: Final = {Kind.NUMBER: NUMBERS, Kind.TEXT: TEXTS, Kind.TRUTH: st.booleans()}
ROWS: Final = st.lists(
    st.fixed_dictionaries({c.name: st.none() | CELLS[c.kind] for c in COLUMNS.values()}), min_size=1, max_size=4
)
CONNECTION: Final = duckdb.connect()


def run(expressions: Sequence[str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in COLUMNS)
    casts = ", ".join(f"?::{SQL_TYPES[each.kind]}" for each in COLUMNS.values())
    values = ", ".join(f"({place}, {casts})" for place in range(len(rows)))
    sql = f"SELECT {', '.join(expressions)} FROM (VALUES {values}) AS lead(place, {names}) ORDER BY place"
    return CONNECTION.execute(sql, [row[name] for row in rows for name in COLUMNS]).fetchall()


def accepted(piece: Piece) -> bool:
    """Whether the invented condition is one: some have a part without a column, or the same on both sides."""
    try:
        parse(piece.text, COLUMNS)
    except ConditionError as error:
        harmless = (
            "says the same",
            "compares a value with itself",
            "no value lies",
            "too many signs",
            "nested too deeply",
        )
        assert error.reason.startswith(harmless), (piece.text, str(error))
        return False
    return True


@given(piece=CONDITIONS.filter(accepted), rows=ROWS)
@settings(max_examples=100, deadline=None)
def test_the_engine_the_parts_and_the_twin_agree(piece: Piece, rows: list[Row]) -> None:
    condition = parse(piece.text, COLUMNS)
    found = run([condition.sql, *(part.sql for part in condition.parts)], rows)
    for row, (whole, *parts) in zip(rows, found, strict=True):
        assert condition.resolve(parts) == whole == piece.of(row)
        assert condition.explain(parts).truth == whole


@given(piece=CONDITIONS.filter(accepted))
@settings(max_examples=100, deadline=None)
def test_printed_and_read_again_it_is_the_same_condition(piece: Piece) -> None:
    condition = parse(piece.text, COLUMNS)
    assert parse(condition.sql, COLUMNS).sql == condition.sql
    assert parse(str(condition), COLUMNS).sql == condition.sql
    assert "".join(part.text for part in condition.parts) == "".join(
        part.text for part in parse(str(condition), COLUMNS).parts
    )


@given(piece=CONDITIONS.filter(accepted), rows=ROWS)
@settings(max_examples=50, deadline=None)
def test_parts_can_be_replaced_by_columns_computed_before(piece: Piece, rows: list[Row]) -> None:
    condition = parse(piece.text, COLUMNS)
    replaced = condition.sql_with({part.index: f"coalesce({part.sql}, NULL)" for part in condition.parts})
    met_never = met_sql(condition.sql, ClauseKind.NEVER)
    for plain, other, never in run([condition.sql, replaced, met_never], rows):
        assert plain == other
        assert met(plain, ClauseKind.NEVER) == never


def anything() -> st.SearchStrategy[str]:
    words = ["n", "t", "yes", "'a'", "1", "(", ")", ",", "=", "<", "AND", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE"]
    more = [
        "lower(",
        "round(",
        "CAST(",
        "AS",
        "DOUBLE",
        "-",
        "*",
        "/",
        "DATE",
        "TRUE",
        "OR",
        "coalesce(",
        "'2026-01-31'",
    ]
    return st.lists(st.sampled_from(words + more), max_size=12).map(" ".join) | st.text(max_size=40)


@given(text=anything())
@settings(max_examples=300, deadline=None)
def test_no_text_gives_anything_but_a_condition_or_a_condition_error(text: str) -> None:
    try:
        condition = parse(text, COLUMNS)
    except ConditionError as error:
        assert error.reason
        assert str(error)
    else:
        assert run([condition.sql], [dict.fromkeys(COLUMNS)])


@pytest.mark.prove
@given(text=anything())
@settings(max_examples=5_000, deadline=None)
def test_none_of_5000_texts_gives_anything_but_a_condition_or_a_condition_error(text: str) -> None:
    try:
        condition = parse(text, COLUMNS)
    except ConditionError:
        return
    assert run([condition.sql], [dict.fromkeys(COLUMNS)])


HOSTILE: Final = {
    "3,000 parentheses": ("(" * 3_000 + "yes" + ")" * 3_000, "nested too deeply"),
    "3,000 closing ones": ("yes" + ")" * 3_000, "was not opened"),
    "NOT upon NOT": ("NOT " * 2_000 + "yes", "nested too deeply"),
    "minus upon minus": ("n > " + "- " * 3_000 + "1", "nested too deeply"),
    "call upon call": ("lower(" * 1_000 + "t" + ")" * 1_000 + " = 'a'", "nested too deeply"),
    "a megabyte of text": ("t = '" + "a" * 1_000_000 + "'", "too long"),
    "a megabyte of parentheses": ("(" * 1_000_000, "too long"),
    "a megabyte of spaces": (" " * 1_000_000, "too long"),
    "a long sum": ("n > " + " + ".join("1" * 1_000), "too many signs"),
    "a long chain": (" AND ".join(["yes"] * 1_000), "too many parts"),
    "a long list": (f"n IN ({','.join('1' * (MAX_VALUES + 1))})", "IN needs a list"),
    "a pattern bomb": ("t LIKE '" + "%a" * 20 + "'", "too many open places"),
    "a pattern bomb with places": ("t ILIKE '%_a%a%a%a%b'", "too many open places"),
    "a zero byte": ("yes\x00 OR 1=1", "a character that does not show"),
    "a lone surrogate": ("t = '\ud800'", "a character that does not show"),
    "writing from right to left": ("t = 'a\u202e' OR yes", "a character that does not show"),
    "nothing": ("  \n", "empty"),
    "a sign alone": ("+", "not part of a condition"),
    "stacked statements": ("yes; DROP TABLE people", "one predicate"),
    "a statement": ("DROP TABLE people", "not a statement"),
    "PRAGMA": ("PRAGMA database_list", "not a statement"),
    "ATTACH": ("ATTACH 'x.db'", "not a statement"),
    "COPY": ("COPY t TO 'x'", "not a statement"),
    "SET": ("SET threads = 1", "not a statement"),
    "a subquery": ("n IN (SELECT 1)", "subqueries"),
    "a scalar subquery": ("n = (SELECT max(n) FROM people)", "subqueries"),
    "EXISTS": ("EXISTS (SELECT 1)", "subqueries"),
    "WITH": ("WITH a AS (SELECT 1) SELECT * FROM a", "subqueries"),
    "ANY": ("n = ANY(VALUES (1))", "subqueries"),
    "a union": ("yes UNION SELECT 1", "subqueries"),
    "read_csv": ("read_csv('/etc/passwd') IS NULL", "unknown function"),
    "read_text": ("t = read_text('/etc/passwd')", "unknown function"),
    "glob": ("glob('*') IS NULL", "regular expressions"),
    "getenv": ("getenv('HOME') = t", "unknown function"),
    "a quoted function": ("\"getenv\"('HOME') = t", "unknown column"),
    "current_setting": ("current_setting('home_directory') = t", "unknown function"),
    "getvariable": ("getvariable('x') = t", "unknown function"),
    "query": ("query('SELECT 1')", "unknown function"),
    "random": ("random() < 0.5", "unknown function"),
    "now": ("now() > n", "unknown function"),
    "regexp_matches": ("regexp_matches(t, '(a+)+$')", "unknown function"),
    "try_cast": ("try_cast(t AS DOUBLE) > 1", "unknown function"),
    "method call": ("t.lower() = 'a'", "a column stands by itself"),
    "a window": ("row_number() OVER (ORDER BY n) = 1", "looks at one person"),
    "an aggregate": ("sum(n) > 1", "looks at one person"),
    "FILTER": ("n FILTER (WHERE yes) > 1", "window functions"),
    "a lambda": ("list_filter([1], x -> x > 1) IS NULL", "unknown function"),
    "an arrow": ("t -> 'a' = 'b'", "functions that are written on the spot"),
    "a new lambda": ("lambda x: x > 1", "functions that are written on the spot"),
    "CASE": ("CASE WHEN yes THEN TRUE ELSE no END", "CASE"),
    "COLUMNS(*)": ("COLUMNS(*) > 1", "unknown function"),
    "a star": ("*", "a star"),
    "a struct": ("{'a': 1} = t", "structures"),
    "a list": ("n IN [1, 2]", "lists"),
    "a place in a text": ("t[1] = 'a'", "lists"),
    "a dollar text": ("t = $$a$$", "text stands in single quotes"),
    "an escaped text": ("t = E'\\n'", "text stands in plain single quotes"),
    "hex": ("t = x'ff'", "unknown column"),
    "a backtick": ("`n` = 1", "names stand in double quotes"),
    "a template": ("{{ n }} = 1", "structures"),
    "a named parameter": ("n = :x", "no parameters"),
    "an at sign": ("@n = 1", "no parameters"),
    "COLLATE": ("t COLLATE nocase = 'a'", "COLLATE"),
    "an interval": ("n > INTERVAL 1 DAY", "intervals"),
    "a word for a column": ("IS", "a word of SQL"),
    "a word for a value": ("n = BETWEEN", "cannot be read"),
    "two texts in a row": ("t = 'a' 'b'", "two values follow one another"),
    "an alias": ("yes AS no", "cannot be read"),
    "a dangling AS": ("yes AS", "cannot be read"),
    "a cast to text": ("CAST(n AS VARCHAR) = '1'", "a cast is only"),
    "a hidden comment": ("yes /* ; DROP */", "comments"),
    "a comment at the front": ("-- x\nyes", "comments"),
    "an open comment": ("yes /*", "opened and not closed"),
    "a wide sign": ("n \uff1d 1", "this sign is not part"),
    "another alphabet": ("\u0443\u0435\u0455", "unknown column"),
    "a superscript": ("n = 1\u00b2", "unknown column"),
    "an impossible date": ("DATE '9999-99-99' > n", "not a day"),
    "an open end of time": ("TIMESTAMP 'infinity' > n", "not a day"),
    "digits of another script": ("DATE '\u0662\u0660\u0662\u0666-01-01' > n", "not a day"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_with_its_reason(name: str) -> None:
    text, reason = HOSTILE[name]
    with pytest.raises(ConditionError) as caught:
        parse(text, COLUMNS)
    assert reason in caught.value.reason, str(caught.value)
    assert len(str(caught.value)) < 600


def test_the_limits_themselves_are_accepted() -> None:
    assert parse("(" * MAX_DEPTH + "yes" + ")" * MAX_DEPTH, COLUMNS).sql == '"yes"'
    assert len(parse(" OR ".join(["yes"] * MAX_PARTS), COLUMNS).parts) == MAX_PARTS
    assert parse(f"n IN ({','.join('1' * MAX_VALUES)})", COLUMNS).columns == {"n"}
    assert parse("m > n" + " + 1" * MAX_SIGNS, COLUMNS).columns == {"m", "n"}
    assert parse("yes".ljust(MAX_LENGTH), COLUMNS).text == "yes".ljust(MAX_LENGTH)


def test_what_is_not_a_text_is_refused() -> None:
    with pytest.raises(ConditionError, match="not a text"):
        parse(True, COLUMNS)  # type: ignore[arg-type]


def test_names_are_matched_without_case_and_printed_as_declared() -> None:
    condition = parse('N >= 1 AND "odd ""NAME\'" < 2', COLUMNS)
    assert condition.columns == {"n", "Odd \"name'"}
    assert condition.sql == '"n" >= 1 AND "Odd ""name\'" < 2'


def test_a_column_may_be_called_like_a_word_of_sql() -> None:
    words = [
        "date",
        "index",
        "first",
        "last",
        "language",
        "format",
        "left",
        "case",
        "end",
        "count",
        "any",
        "double",
        "cast",
    ]
    columns = {word: Column(word, Kind.NUMBER) for word in words}
    condition = parse(" OR ".join(f"{word} > 1" for word in words), columns)
    assert [part.sql for part in condition.parts] == [f'"{word}" > 1' for word in words]
    assert parse("length > 3", {"length": Column("length", Kind.NUMBER)}).sql == '"length" > 3'


def test_joined_parts_are_one_list_and_keep_their_order() -> None:
    tree = parse("yes AND (no AND NOT (n > 1 OR m > 2)) AND t = 'a'", COLUMNS).tree
    assert isinstance(tree, And)
    assert [type(child).__name__ for child in tree.children] == ["Part", "Part", "Not", "Part"]
    inner = tree.children[2]
    assert isinstance(inner, Not)
    assert isinstance(inner.child, Or)


def test_wrong_numbers_of_truths_and_unknown_parts_are_mistakes_of_the_caller() -> None:
    condition = parse("yes AND no", COLUMNS)
    with pytest.raises(ValueError, match="2 parts, 1 truths"):
        condition.resolve([True])
    with pytest.raises(ValueError, match="2 parts, 3 truths"):
        condition.explain([True, None, False])
    with pytest.raises(IndexError, match="parts are 0 to 1"):
        condition.sql_with({2: "TRUE"})


def test_small_letters_are_those_of_the_engine() -> None:
    found = CONNECTION.execute(
        "SELECT i, lower(chr(i::INTEGER)) FROM range(1, 65536) r(i) WHERE NOT (i BETWEEN 55296 AND 57343)"
    ).fetchall()
    assert [(i, small_letters(chr(i))) for i, _ in found] == found


def test_whole_numbers_cannot_overflow() -> None:
    condition = parse("n * 1000000000000000 * 1000000000000000 > 0", COLUMNS)
    sql = f"SELECT {condition.sql} FROM (SELECT 9223372036854775807::BIGINT AS n)"
    assert CONNECTION.execute(sql).fetchone() == (True,)


def test_every_function_of_the_list_can_be_called() -> None:
    columns = {name: Column(name, Kind.NUMBER) for name in ["employees", "score", "fit", "intent"]}
    columns |= {name: Column(name, Kind.TEXT) for name in ["country", "title"]}
    for function in FUNCTIONS.values():
        assert function.name in parse(function.example, columns).sql


EXAMPLE: Final = [
    "title ILIKE '%plant manager%' OR title ILIKE '%factory director%'",
    "country IN ('DE', 'AT', 'CH', 'GB') AND employees >= 20",
    "account_open_deals > 0 OR is_competitor OR unsubscribed",
    "last_form = 'demo-request' AND hours_since_last_form <= 24",
    "account_deal_stage IN ('proposal', 'negotiation') AND days_since_deal_activity <= 45",
    "unsubscribed OR bounced",
    "days_since_recycle >= 180",
    "open_handoff",
]


@pytest.mark.parametrize("text", EXAMPLE)
def test_the_conditions_of_the_example_read_over_the_real_lead_view(text: str) -> None:
    assert parse(text, LEAD_VIEW).columns <= set(LEAD_VIEW)
