"""Accounts that belong to others: what is above an account at a moment, and whose leads those of a subsidiary are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.agreements import the_rules
from tests.ledgers import Row, day, ledger, us

from accord.agreement.families import Families
from accord.agreement.rules import Rules
from accord.agreement.running import advance
from accord.agreement.state import Roster, State

BOTH = {"owner_first": True, "including_parent": True}


def account(name: str, *, parent: str | None = None, owner: str | None = None, since: float = 0) -> Row:
    cells = {"account_id": parent, "owner": owner, "known_at": day(since)}
    return {"subject": "account", "subject_id": name, **cells}


def same(alias: str, of: str, since: float) -> Row:
    """Two ids of one account."""
    return {"source": "accord accounts", "alias_id": alias, "person_id": of, "known_at": day(since),
            "evidence": "claimed"}  # fmt: skip


GROUP = [account("plant", parent="works"), account("works", parent="group"), account("group", owner="cleo")]
SOLD = [*GROUP, account("plant", parent="rival", since=5), account("rival", owner="dora")]
# What is known, when it is asked for, the accounts above "plant", and who owns the nearest that has an owner.
FAMILIES: dict[str, tuple[list[Row], float, list[str], str | None]] = {
    "two levels": (GROUP, 1, ["works", "group"], "cleo"),
    "the nearer owner": ([*GROUP, account("works", owner="ben")], 1, ["works", "group"], "ben"),
    "before it was known": ([account("plant", parent="works", since=3), *GROUP[1:]], 2, [], None),
    "the owner came later": ([*GROUP[:2], account("group", owner="cleo", since=3)], 2, ["works", "group"], None),
    "not yet sold": (SOLD, 4, ["works", "group"], "cleo"),
    "sold since": (SOLD, 5, ["rival"], "dora"),
    "itself": ([account("plant", parent="plant", owner="ada")], 1, [], None),
    "a ring": ([account("plant", parent="works"), account("works", parent="plant")], 1, ["works"], None),
    "a parent of whom nothing is known": ([account("plant", parent="works")], 1, ["works"], None),
    "no parents at all": ([account("group", owner="cleo")], 1, [], None),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_above_an_account(name: str) -> None:
    rows, at, above, owner = FAMILIES[name]
    found = Families.read(ledger(profiles=rows))
    assert list(found.above("plant", us(at))) == above
    assert found.owner_above("plant", us(at)) == owner


def test_ids_of_one_account_are_one() -> None:
    rows = [account("plant", parent="works"), account("group", owner="cleo")]
    found = Families.read(ledger(profiles=rows, identities=[same("works", "group", since=3)]))
    assert found.owner_above("plant", us(2)) is None
    assert list(found.above("plant", us(4))) == ["group"]
    assert found.owner_above("plant", us(4)) == "cleo"
    merged = Families.read(ledger(profiles=GROUP, identities=[same("mill", "plant", since=3)]))
    assert [merged.owner_above("mill", us(at)) for at in (2, 4)] == [None, "cleo"]


def routed(rules: Rules, accounts: Sequence[Row], away: Sequence[Row] = (), **person: Any) -> tuple[Any, ...]:
    """Owner and rule of a lead of "plant" that comes on day 7."""
    ann = {"subject": "person", "subject_id": "ann", "account_id": "plant", "country": "DE", "known_at": day(7)}
    engine = ledger(profiles=[*accounts, {**ann, **person}])
    state = State(Roster.from_rows(away), families=Families.read(engine))
    done = advance(engine, rules, state, since=us(6.9), until=us(7.1))
    (offer,) = (row for row in done.handoffs.to_pylist() if row["event"] == "offered")
    return offer["owner"], offer["rule"]


CLEO_IS_AWAY = [{"person": "cleo", "event": "absent", "until": day(20), "occurred_at": day(1), "known_at": day(1),
                 "deputy": None}]  # fmt: skip
TURN = ("ada", "routing.rules.0")


@pytest.mark.parametrize(
    ("routing", "accounts", "person", "away", "expected"),
    [
        (BOTH, GROUP, {}, (), ("cleo", "routing.including_parent")),
        ({"owner_first": True}, GROUP, {}, (), TURN),  # today's agreements
        ({"including_parent": True}, GROUP, {}, (), TURN),
        (BOTH, [*GROUP, account("plant", owner="ben")], {}, (), ("ben", "routing.owner_first")),
        (BOTH, GROUP, {"owner": "ben"}, (), ("ben", "routing.owner_first")),  # of the person
        (BOTH, GROUP, {}, CLEO_IS_AWAY, TURN),
        (BOTH, GROUP[:1], {}, (), TURN),
        (BOTH, GROUP, {"account_id": None}, (), TURN),
    ],
)  # fmt: skip
def test_whose_a_lead_of_a_subsidiary_is(
    routing: Row, accounts: list[Row], person: dict[str, Any], away: Sequence[Row], expected: tuple[str, str]
) -> None:
    rules = the_rules(routing={**routing, "rules": [{"team": "reps", "method": "round_robin"}]})
    assert routed(rules, accounts, away, **person) == expected
