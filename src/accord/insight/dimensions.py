"""By what people in the funnel can be told apart: the governed list of dimensions and the query of each.

A person has one value per dimension: the last one that any source named (an empty cell says nothing, so earlier
revisions count), for what may sit on the account also the account's. 'unknown' is a value; having none is another.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import process

from accord.facts.errors import AccordError
from accord.facts.lead_view import BY_ADDRESS, NOBODY

_PROFILE = (
    "campaign",
    "city",
    "country",
    "industry",
    "landing_page",
    "language",
    "lifecycle",
    "origin",
    "owner",
    "segment",
)
_ELSE = {"campaign": ("touches", "ASC"), "owner": ("handoffs", "DESC")}  # when no profile says
_EVENT = {"channel": ("touches", "ASC"), "band": ("handoffs", "ASC"), "team": ("handoffs", "DESC")}
COHORT = "cohort"
DIMENSIONS = tuple(sorted((*_PROFILE, *_EVENT, "persona", COHORT)))


def checked(name: str) -> str:
    """The dimension's name as it is written in the list. Raises AccordError with the nearest one otherwise."""
    if name in DIMENSIONS:
        return name
    nearest = process.extractOne(name, DIMENSIONS, score_cutoff=50)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    raise AccordError(
        f"People cannot be told apart by {name!r}.", remedy=f"{hint}Possible are: {', '.join(DIMENSIONS)}."
    )


def _one(table: str, column: str, key: str, order: str, where: str = "1 = 1") -> str:
    """One row per `key`: the first or last non-empty value of a column, without putting the rows in order."""
    word, at = ("arg_min", "occurred_at") if order == "ASC" else ("arg_max", "known_at")
    return (
        f"SELECT {key} AS id, {word}({column}, ({at}, recorded_at, source_id)) AS value "
        f"FROM {table} WHERE {column} IS NOT NULL AND {where} GROUP BY {key}"
    )


def last_of_person(column: str, *, among: str | None = None) -> str:
    """`id`, `value`: the last non-empty value of a profile column per person; `among` is a query of the people asked
    for, everybody without it. Of accounts one that a source states comes before one to which the address leads."""
    asked = "" if among is None else f" AND subject_id IN ({among})"
    if column == "account_id":
        return _employers(asked)
    return _one("profiles_revisions", column, "subject_id", "DESC", f"subject = 'person'{asked}")


_EMPLOYER = (
    f"arg_max(account_id, (CASE WHEN source = '{BY_ADDRESS}' THEN 0 ELSE 1 END, known_at, recorded_at, source_id))"
)


def _employers(asked: str) -> str:
    return (
        f"SELECT id, value FROM (SELECT subject_id AS id, {_EMPLOYER} AS value FROM profiles_revisions WHERE "
        f"account_id IS NOT NULL AND subject = 'person'{asked} GROUP BY subject_id) last WHERE value <> '{NOBODY}'"
    )


def _of_profile(column: str) -> str:
    return f"SELECT id, {column} AS value FROM ({_of_profiles((column,))}) told"


def dimension_sql(name: str) -> str:
    """A query with `id` (the person) and `value`, at most one row per person. `cohort` has none: it is a date.

    Raises AccordError for a name that is not a dimension.
    """
    name = checked(name)
    if name in _EVENT:
        table, order = _EVENT[name]
        return _one(table, name, "person_id", order)
    if name == "persona":
        return _one("decisions", "persona", "person_id", "DESC")
    if name not in _ELSE:
        return _of_profile(name)
    table, order = _ELSE[name]
    return (
        f"SELECT coalesce(said.id, seen.id) AS id, coalesce(said.value, seen.value) AS value "
        f"FROM ({_of_profile(name)}) said FULL OUTER JOIN ({_one(table, name, 'person_id', order)}) seen "
        f"ON said.id = seen.id"
    )


def profile_dimensions_sql(names: Sequence[str]) -> str:
    """A query with `id` (the person) and a column for each of some dimensions, at most one row per person: what
    `dimension_sql` says of each, from one reading. Only for dimensions that profiles alone tell."""
    if told_elsewhere := set(names) - (set(_PROFILE) - set(_ELSE)):
        raise ValueError(f"not told by profiles alone: {', '.join(sorted(told_elsewhere))}")
    return _of_profiles(names)


def _of_profiles(names: Sequence[str]) -> str:
    last = ", ".join(
        f"arg_max({name}, (known_at, recorded_at, source_id)) FILTER (WHERE {name} IS NOT NULL) AS {name}"
        for name in names
    )
    last += f", {_EMPLOYER} FILTER (WHERE account_id IS NOT NULL) AS account_id"
    either = ", ".join(f"coalesce(own.{name}, firm.{name}) AS {name}" for name in names)
    words = f"SELECT subject_id AS id, {last} FROM profiles_revisions WHERE subject = '{{}}' GROUP BY subject_id"
    return (
        f"SELECT own.id, {either} FROM ({words.format('person')}) own "
        f"LEFT JOIN ({words.format('account')}) firm ON own.account_id = firm.id"
    )
