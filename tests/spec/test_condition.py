"""What conditions of the agreement mean, row by row, and what is refused with which reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import pytest

from accord.agreement.condition import (
    RULES_OF_CONDITIONS,
    ClauseKind,
    Condition,
    ConditionError,
    Kind,
    Rule,
    Threshold,
    met,
    met_sql,
    parse,
)


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


COLUMNS: Final = {
    name: Column(name, kind)
    for kind, names in {
        Kind.TEXT: "country title industry",
        Kind.NUMBER: "employees score fit intent opens sends days_since_recycle",
        Kind.TRUTH: "is_competitor unsubscribed bounced",
        Kind.TIME: "last_form_at",
    }.items()
    for name in names.split()
}

PEOPLE: Final = """
    CREATE TABLE people AS SELECT * FROM (VALUES
        -- person, country, title,               industry, employees, score, fit,  intent, opens, sends, competitor, unsub, bounced, form
        (1, 'DE', 'Head of Plant Managers',      'metal',  20,        64.5,  30.0, 34.5,   1,     4,     FALSE,      FALSE, FALSE, TIMESTAMP '2026-01-31 08:00:00'),
        (2, 'de', 'chef d''atelier',             NULL,     19,        65.0,  40.0, NULL,   0,     0,     TRUE,       NULL,  FALSE, TIMESTAMP '2026-01-30 23:00:00'),
        (3, NULL, NULL,                          '',       NULL,      NULL,  NULL, NULL,   NULL,  NULL,  NULL,       NULL,  NULL,  NULL)
    ) AS t(person, country, title, industry, employees, score, fit, intent, opens, sends, is_competitor, unsubscribed,
           bounced, last_form_at)
"""  # noqa: E501


def a_condition(text: str) -> Condition:
    return parse(text, COLUMNS)


def answers(sql: str) -> str:
    """One sign per person: T true, F false, ? unknown."""
    with duckdb.connect() as con:
        con.execute(PEOPLE)
        found = con.execute(f"SELECT {sql} FROM people ORDER BY person").fetchall()
    return " ".join({True: "T", False: "F", None: "?"}[truth] for (truth,) in found)


MEANINGS: Final = """
    country = 'DE'                                        | T F ?
    COUNTRY <> 'DE'                                       | F T ?
    lower(country) = 'de'                                 | T T ?
    employees >= 20                                       | T F ?
    20 <= employees                                       | T F ?
    score > 64                                            | T T ?
    score > 64.5                                          | F T ?
    employees BETWEEN 19 AND 20                           | T T ?
    employees NOT BETWEEN 20 AND 30                       | F T ?
    country IN ('DE', 'AT')                               | T F ?
    country NOT IN ('DE', 'AT')                           | F T ?
    title LIKE '%Plant%'                                  | T F ?
    title LIKE '%plant%'                                  | F F ?
    title ILIKE '%PLANT manager_'                         | T F ?
    title NOT ILIKE 'chef%'                               | T F ?
    title = 'chef d''atelier'                             | F T ?
    industry IS NULL                                      | F T F
    industry IS NOT NULL                                  | T F T
    is_competitor                                         | F T ?
    NOT is_competitor                                     | T F ?
    is_competitor = FALSE                                 | T F ?
    is_competitor IS TRUE                                 | F T F
    is_competitor IS NOT TRUE                             | T F T
    unsubscribed IS FALSE                                 | T F F
    unsubscribed OR bounced                               | F ? ?
    unsubscribed AND bounced                              | F F ?
    NOT (unsubscribed OR is_competitor)                   | T F ?
    employees >= 20 OR country = 'de' AND is_competitor   | T T ?
    (employees >= 20 OR country = 'de') AND is_competitor | F T ?
    opens / sends >= 0.25                                 | T ? ?
    opens / (sends - sends) > 0                           | ? ? ?
    employees + score * 2 = 149                           | T T ?
    -employees < -19                                      | T F ?
    abs(employees - 20) < 1                               | T F ?
    round(score) = 65                                     | T T ?
    round(score, 1) = 64.5                                | T F ?
    greatest(fit, intent) >= 34.5                         | T T ?
    least(fit, intent) >= 40                              | F T ?
    coalesce(employees, 0) < 20                           | F T T
    coalesce(is_competitor, FALSE)                        | F T F
    nullif(trim(industry), '') IS NULL                    | F T T
    length(country) = 2                                   | T T ?
    starts_with(title, 'Head')                            | T F ?
    contains(lower(title), 'plant')                       | T F ?
    upper(country) = 'DE'                                 | T T ?
    last_form_at >= DATE '2026-01-31'                     | T F ?
    last_form_at < TIMESTAMP '2026-01-31 00:30:00+01:00'  | F T ?
"""


@pytest.mark.parametrize("line", MEANINGS.strip().splitlines())
def test_what_a_condition_means(line: str) -> None:
    text, expected = (cell.strip() for cell in line.rsplit("|", 1))
    assert answers(a_condition(text).sql) == expected


@pytest.mark.parametrize("line", MEANINGS.strip().splitlines())
def test_its_sql_and_its_one_spelling_read_again_mean_the_same(line: str) -> None:
    condition = a_condition(line.rsplit("|", 1)[0].strip())
    assert a_condition(condition.sql).sql == condition.sql
    assert a_condition(str(condition)).sql == condition.sql


def test_dates_are_read_in_the_time_zone_of_the_agreement() -> None:
    berlin = parse("last_form_at >= DATE '2026-01-31'", COLUMNS, zone=ZoneInfo("Europe/Berlin"))
    assert berlin.sql == "\"last_form_at\" >= TIMESTAMP '2026-01-30 23:00:00'"
    assert answers(berlin.sql) == "T T ?"


REFUSALS: Final = """
    employees = '50'                    | employees is a number, '50' is a text           | Write 50 without quotes.
    title = 50                          | title is a text, 50 is a number                 | Write '50' in quotes.
    is_competitor = 'yes'               | is_competitor is true or false, 'yes' is a text | Write is_competitor, or NOT is_competitor.
    last_form_at > '2026-01-01'         | last_form_at is a moment                        | Write DATE '2026-01-31'
    last_form_at > DATE '2026-02-30'    | not a day or moment of the calendar             | Write DATE '2026-01-31'
    emploees >= 20                      | unknown column                                  | Did you mean employees?
    country = "DE"                      | unknown column                                  | text in single ones
    lenght(title) > 3                   | unknown function                                | Did you mean length?
    employees + 1                       | employees + 1 is a number                       | Compare it with a value.
    NOT country                         | country is a text                               | Compare it with a value.
    1 = 1                               | says the same about everybody                   | Compare a column
    TRUE                                | says the same about everybody                   | Compare a column
    is_competitor OR 1 = 1              | says the same about everybody                   | Compare a column
    employees = employees               | compares a value with itself                    | Compare two.
    employees = NULL                    | a comparison with NULL is never true            | Write IS NULL.
    employees <> NULL                   | a comparison with NULL is never true            | Write IS NOT NULL.
    country NOT IN ('DE', NULL)         | NULL in a list                                  | Leave it out
    coalesce(employees, NULL) = 1       | NULL stands only after IS                       | Write IS NULL
    employees BETWEEN 50 AND 20         | no value lies between these                     | The smaller one comes first.
    10 < employees < 20                 | a comparison stands where a value is needed     | AND
    is_competitor = unsubscribed = TRUE | a comparison stands where a value is needed     | AND
    is_competitor > FALSE               | is_competitor is true or false and has no order | NOT
    employees IS TRUE                   | employees is a number                           | IS TRUE is for
    employees IS 5                      | IS stands before NULL, TRUE and FALSE only      | Write =
    employees IN ()                     | IN needs a list                                 | From 1 to 1,000
    employees IN 5                      | more than a condition may say here              | Values are
    employees IN (fit)                  | IN takes values that are written out            | =
    employees = title                   | employees is a number, title is a text          | Compare values of one kind.
    is_competitor BETWEEN FALSE AND TRUE | is_competitor is true or false and has no order | Use the column itself.
    greatest(fit) > 1                   | greatest takes 2 to 1,000 values                | Write greatest
    is_competitor IN (TRUE)             | is_competitor is true or false                  | NOT
    title LIKE country                  | a pattern is a text that is written out         | Write LIKE
    employees LIKE '5%'                 | employees is a number                           | LIKE and ILIKE are for text.
    title LIKE '50\\%'                   | a backslash in a pattern                        | Use _.
    title LIKE '%a_%b%c%'               | too many open places                            | At most 10
    title LIKE 'a' ESCAPE '!'           | ESCAPE is not part                              | %
    lower(employees) = 'a'              | lower takes text, and employees is a number     | Write lower
    greatest(title, country) = 'a'      | greatest takes number or time                   | Write greatest
    coalesce(employees, 'none') = 1     | employees is a number, 'none' is a text         | Compare it with a number.
    round(score, fit) = 1               | round takes 0 to 10 decimals                    | Write round(score, 1).
    round(score, 1, 2) = 1              | round takes 1 to 2 values                       | Write round
    trim(title, 'x') = 'a'              | trim takes 1 values                             | Write trim
    lower(title, country) = 'a'         | cannot be read as a condition                   | as many values as they take
    title + 1 = 2                       | title is a text                                 | Arithmetic is for numbers
    employees > 1e300                   | a number out of range                           | to 1,000,000,000,000,000
    employees > 1_000                   | not a number                                    | Write 1000
    employees > 12k                     | unknown column                                  | columns
    employees >                         | cannot be read as a condition                   | Write column, sign, value
    employees 20                        | two values follow one another                   | Put AND, OR or a comparison
    (employees > 20                     | a parenthesis is opened and not closed          | Close it.
    employees > 20)                     | a parenthesis is closed and was not opened      | Remove it.
    title = 'open                       | a quote or comment is opened and not closed     | doubled
    title = ‘DE’                        | looks like a sign of SQL and is not             | Type '.
    employees ≥ 20                      | looks like a sign of SQL and is not             | Type >=.
    employees == 20                     | equality is one sign                            | Write =.
    employees % 2 = 0                   | this sign is not part of a condition            | + - * and /
    title ~ 'a+'                        | regular expressions are not part                | Use LIKE
    title SIMILAR TO 'a+'               | regular expressions are not part                | Use LIKE
    people.employees > 1                | unknown column                                  | `accord columns`
    title || 'x' = 'ax'                 | text is not joined                              | by itself
    employees IS DISTINCT FROM 5        | IS DISTINCT FROM is not part                    | IS NULL
    employees ISNULL                    | ISNULL is written in two words                  | Write IS NULL.
    CAST(title AS INTEGER) = 1          | a cast is only CAST(x AS DOUBLE)                | one kind
    title::INTEGER = 1                  | casts are not part of a condition               | one kind
    (employees, fit) = (1, 2)           | not part of a condition                         | Values are
    CASE WHEN bounced THEN fit END > 1  | CASE is not part of a condition                 | AND, OR and NOT
    count(*) > 1                        | a condition looks at one person                 | greatest
    max(fit) OVER () > 1                | a condition looks at one person                 | greatest
    * = 1                               | a star for all columns                          | Name the column.
    employees = ?                       | a condition has no parameters                   | Write the value out.
    employees = $1                      | a condition has no parameters                   | Write the value out.
    employees > 1; DROP TABLE people    | not several statements                          | semicolon
    employees > 1 -- and more           | comments are not part                           | Say why
    employees > 1 /* or */ OR bounced   | comments are not part                           | Say why
"""  # noqa: E501


@pytest.mark.parametrize("line", REFUSALS.strip().splitlines())
def test_what_is_refused_and_what_to_write_instead(line: str) -> None:
    text, reason, remedy = (cell.strip() for cell in line.rsplit(" | ", 2))
    with pytest.raises(ConditionError) as caught:
        a_condition(text)
    assert reason in caught.value.reason
    assert remedy in caught.value.remedy


def test_a_refusal_says_where() -> None:
    with pytest.raises(ConditionError) as caught:
        a_condition("country = 'DE'\n  AND emploees >= 20")
    error = caught.value
    assert (error.at, error.found, error.nearest) == ((2, 7), "emploees", "employees")
    assert str(error).startswith("Condition (line 2, column 7): unknown column; found emploees. Did you mean")


UNKNOWN: Final = """
    clause | true  | false | unknown
    where  | met   | -     | -
    always | met   | -     | -
    when   | met   | -     | -
    return | met   | -     | -
    unless | met   | -     | -
    never  | met   | -     | met
    shield | met   | -     | met
"""


@pytest.mark.parametrize("line", UNKNOWN.strip().splitlines()[1:])
def test_what_unknown_means_in_each_clause(line: str) -> None:
    """For unless, never and shield, met means blocked."""
    name, *cells = (cell.strip() for cell in line.split("|"))
    clause, expected = ClauseKind(name), [cell == "met" for cell in cells]
    assert [met(truth, clause) for truth in (True, False, None)] == expected
    with duckdb.connect() as con:
        found = [con.execute(f"SELECT {met_sql(sql, clause)}").fetchone() for sql in ("TRUE", "FALSE", "NULL::BOOLEAN")]
    assert found == [(each,) for each in expected]


def test_every_clause_is_in_the_table() -> None:
    assert {line.split("|")[0].strip() for line in UNKNOWN.strip().splitlines()[1:]} == set(ClauseKind)


def test_each_part_says_whether_it_was_true_false_or_unknown() -> None:
    condition = a_condition("country IN ('DE','AT') AND (employees >= 20 OR NOT is_competitor) AND score / 2 > 30")
    values = {"country": "FR", "employees": None, "is_competitor": True, "score": 64.5}
    explanation = condition.explain([False, None, True, True], values)
    assert explanation.lines() == (
        "all of these (false):",
        "  country IN ('DE', 'AT') is false (country = 'FR')",
        "  at least one of these (unknown):",
        "    employees >= 20 is unknown (employees is unknown)",
        "    the opposite of this (false):",
        "      is_competitor is true",
        "  score / 2 > 30 is true (score = 64.5)",
    )
    assert [each.text for each in explanation.deciding()] == ["country IN ('DE', 'AT')"]


def test_a_single_part_explains_itself() -> None:
    assert a_condition("employees >= 20").explain([True]).lines() == ("employees >= 20 is true",)
    told = a_condition("coalesce(is_competitor, bounced)").explain([True], {"is_competitor": None, "bounced": True})
    assert told.lines() == ("coalesce(is_competitor, bounced) is true (is_competitor is unknown, bounced is true)",)


DECIDING: Final = """
    bounced OR unsubscribed           | F F | bounced, unsubscribed
    bounced OR unsubscribed           | F T | unsubscribed
    bounced AND unsubscribed          | T ? | unsubscribed
    NOT (bounced AND unsubscribed)    | F T | bounced
    is_competitor OR NOT unsubscribed | F ? | unsubscribed
"""


@pytest.mark.parametrize("line", DECIDING.strip().splitlines())
def test_which_parts_decided(line: str) -> None:
    text, truths, parts = (cell.strip() for cell in line.split("|"))
    explanation = a_condition(text).explain([{"T": True, "F": False, "?": None}[each] for each in truths.split()])
    assert ", ".join(each.text for each in explanation.deciding()) == parts


THRESHOLDS: Final = """
    score >= 65 AND days_since_recycle >= 30  | score >= 65; days_since_recycle >= 30
    30 < score                                | score > 30
    score BETWEEN 10 AND 20.5                 | score >= 10; score <= 20.5
    score NOT BETWEEN -1 AND 2                | score < -1; score > 2
    score IN (1, 2) OR fit NOT IN (3)         | score = 1; score = 2; fit <> 3
    NOT (score = 5)                           | score = 5
    score / 2 >= 5 OR fit > intent            |
    country = 'DE' AND abs(score) > 1         |
"""


@pytest.mark.parametrize("line", THRESHOLDS.strip().splitlines())
def test_where_a_growing_number_changes_the_answer(line: str) -> None:
    text, expected = (cell.strip() for cell in line.split("|"))
    found = a_condition(text).thresholds()
    assert all(isinstance(each, Threshold) for each in found)
    assert "; ".join(f"{each.column} {each.operator} {each.number:g}" for each in found) == expected


def test_columns_that_thresholds_cannot_describe_are_named() -> None:
    condition = a_condition(
        "score / 2 >= 5 AND fit > intent AND employees > 3 AND coalesce(opens, 0) > 1 AND sends IS NULL"
    )
    assert condition.computed_columns() == {"score", "fit", "intent", "opens"}


FLOORS: Final = """
    score >= 65                                       | 65
    score > 65                                        | 65
    score = 65                                        | 65
    65 <= score                                       | 65
    score BETWEEN 60 AND 80                           | 60
    score IN (70, 60)                                 | 60
    NOT score < 65                                    | 65
    score >= 65 AND score >= 70 AND country = 'DE'    | 70
    country = 'DE' AND (score >= 60 AND bounced)      | 60
    score <= 65                                       |
    score >= 65 OR bounced                            |
    NOT score >= 65                                   |
    score NOT BETWEEN 60 AND 80                       |
    NOT (score BETWEEN 60 AND 80)                     |
    score NOT IN (60)                                 |
    score + 1 >= 65                                   |
    fit >= 65                                         |
"""


@pytest.mark.parametrize("line", FLOORS.strip().splitlines())
def test_below_which_score_a_condition_cannot_be_true(line: str) -> None:
    text, expected = (cell.strip() for cell in line.split("|"))
    assert a_condition(text).at_least("score") == (float(expected) if expected else None)


@pytest.mark.parametrize("rule", RULES_OF_CONDITIONS, ids=lambda rule: rule.form)
def test_every_printed_example_is_a_condition(rule: Rule) -> None:
    assert set(answers(a_condition(rule.example).sql).split()) <= {"T", "F", "?"}
    assert rule.sentence.endswith(".")
