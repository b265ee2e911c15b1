"""By what people in the funnel can be told apart: the governed list of dimensions and the query of each.

A person has one value per dimension: the last one that any source named (an empty cell says nothing, so earlier
revisions count), for what may sit on the account also the account's. 'unknown' is a value; having none is another.
"""

from __future__ import annotations

from rapidfuzz import process

from accord.facts.errors import AccordError

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
    """One row per `key`: the first or last non-empty value of a column, without a window that skips NULLs."""
    return (
        f"SELECT id, value FROM (SELECT {key} AS id, {column} AS value, row_number() OVER (PARTITION BY {key} "
        f"ORDER BY {'occurred_at' if order == 'ASC' else 'known_at'} {order}, recorded_at {order}, "
        f"source_id {order}) AS place FROM {table} WHERE {column} IS NOT NULL AND {where}) ranked WHERE place = 1"
    )


def last_of_person(column: str) -> str:
    """`id`, `value`: the last non-empty value of a profile column per person."""
    return _one("profiles_revisions", column, "subject_id", "DESC", "subject = 'person'")


def _of_profile(column: str) -> str:
    account = _one("profiles_revisions", column, "subject_id", "DESC", "subject = 'account'")
    return (
        f"SELECT coalesce(own.id, works.id) AS id, coalesce(own.value, firm.value) AS value "
        f"FROM ({last_of_person(column)}) own FULL OUTER JOIN ({last_of_person('account_id')}) works "
        f"ON own.id = works.id LEFT JOIN ({account}) firm ON works.value = firm.id"
    )


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
