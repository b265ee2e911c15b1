"""The accounts above and below the one that somebody works for, told to an engine for clauses of the shield that
protect a family of accounts. Which account is above which is for `families` to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement.families import Families
from accord.agreement.standing import FEW
from accord.agreement.state import microseconds
from accord.facts.engine import Engine
from accord.facts.lead_view_few import few_sql
from accord.facts.lead_view_whole import view_sql

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

RELATIVES = "relatives"
"""The relation of `tell_relatives`: a row for each asked moment of a person and account of the family."""

_TIME = pa.timestamp("us")


def asks_family(rules: Rules) -> bool:
    """Whether a clause of the shield protects the family of an account."""
    return any(clause.including_family for clause in rules.agreement.contact.shield)


def tell_relatives(engine: Engine, rules: Rules, *, few: bool = False) -> None:
    """Let `relatives(person_id, moment, relative)` hold what the questions of `contact` read where `asks_family`; else
    do nothing. Reads what they read: `moments`, or with `few` what `ask_about` was given, and the revisions."""
    if not asks_family(rules):
        return
    families = Families.read(engine, owners=False)
    found = _found(families, _employers(engine, few)) if families else []
    people, moments, relatives = zip(*found, strict=True) if found else ((), (), ())
    engine.once(f"CREATE TEMP TABLE {RELATIVES} (person_id VARCHAR, moment TIMESTAMP, relative VARCHAR)")
    engine.run(f"DELETE FROM {RELATIVES}")
    told = {"person_id": pa.array(people, pa.string()), "moment": pa.array(moments, _TIME)}
    engine.insert(RELATIVES, pa.table({**told, "relative": pa.array(relatives, pa.string())}))


def _employers(engine: Engine, few: bool) -> pa.Table:
    """Which account each person works for at each moment."""
    view = few_sql((), moments=FEW) if few else view_sql(())
    return engine.rows(f"SELECT person_id, moment, account_id FROM ({view}) WHERE account_id IS NOT NULL")


def _found(families: Families, employers: pa.Table) -> list[tuple[str, Any, str]]:
    rows = zip(*(employers[name].to_pylist() for name in ("person_id", "moment", "account_id")), strict=True)
    related = families.ever(families.named_by.keys())
    lines: dict[tuple[str, Any], Sequence[str]] = {}
    found = []
    for person, moment, account in rows:
        if account in related:
            if (account, moment) not in lines:
                lines[account, moment] = families.line(account, microseconds(moment))
            found += [(person, moment, relative) for relative in lines[account, moment]]
    return found
