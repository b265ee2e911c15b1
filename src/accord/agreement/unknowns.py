"""Conditions that block whom nothing is known about: in `never` and `shield`, what comes out unknown blocks."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import Condition, ConditionError, parse
from accord.agreement.document import Agreement
from accord.agreement.finding import Finding, Known, Rule, conditions, notice
from accord.agreement.mistake import listed
from accord.facts.kinds import Kind
from accord.facts.lead_view import Column

_BLOCKING = ("contact.never", "contact.shield")
_TYPES = {Kind.TEXT: "VARCHAR", Kind.NUMBER: "DOUBLE", Kind.TRUTH: "BOOLEAN"}
_SAID = {"account_deal_stage": "'none'"}


def _blocks_the_unknown(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for where in conditions(agreement):
        if where.path.startswith(_BLOCKING):
            condition = _parsed(where.text)
            if condition is not None and of_nobody(condition) is None:
                empty = sorted(name for name in condition.columns if blank(LEAD_COLUMNS[name]) is None)
                verb = "is" if len(empty) == 1 else "are"
                message = (
                    f"blocks everybody about whom nothing is known: where {listed(empty, 'and')} {verb} unknown, so is "
                    "the condition, and here unknown blocks. If that is not meant, add IS NOT NULL."
                )
                yield notice(where.path, f"unknown without {listed(empty, 'and')}", message)


def _parsed(text: str) -> Condition | None:
    """None for a condition that another rule reports."""
    try:
        return parse(text, LEAD_COLUMNS)
    except ConditionError:
        return None


def of_nobody(condition: Condition) -> bool | None:
    """The truth of a condition for a person about whom the ledger holds nothing; None is unknown."""
    columns = ", ".join(f'{blank(LEAD_COLUMNS[name]) or _null(name)} AS "{name}"' for name in condition.columns)
    with duckdb.connect(config={"threads": 1}) as desk:
        row = desk.execute(f"SELECT {condition.sql} FROM (SELECT {columns or '1'})").fetchone()
    return None if row is None or row[0] is None else bool(row[0])


def blank(column: Column) -> str | None:
    """What a column of the lead view says about a person without facts, as SQL; None for nothing."""
    if column.name in _SAID:
        return _SAID[column.name]
    if column.unit in ("count", "points"):
        return None if column.name == "attempts" else "0::DOUBLE"
    return "FALSE" if column.kind is Kind.TRUTH else None


def _null(name: str) -> str:
    return f"NULL::{_TYPES[LEAD_COLUMNS[name].kind]}"


RULES: tuple[Rule, ...] = (Rule(_blocks_the_unknown),)
