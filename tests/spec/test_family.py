"""A shield that protects a family of accounts: facts in, whether marketing may write to Ann of "plant" out.

A negotiation shields for 45 days. Ages are days before the moment, day 50, at which marketing wants to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from tests.agreements import an_agreement, the_rules
from tests.ledgers import Row, day, ledger, us
from tests.spec.test_parents import account, same

from accord.agreement.contact import held_back_sql, of_stood_sql, stood_sql
from accord.agreement.families import Families
from accord.agreement.kinship import tell_relatives
from accord.agreement.prose import articles
from accord.agreement.rules import Rules
from accord.agreement.standing import ask_about
from accord.facts.engine import Engine

NOW = 50
WHEN = "account_deal_stage = 'negotiation' AND days_since_deal_activity <= 45"


def contact(**more: Any) -> dict[str, Any]:
    return {"shield": [{"when": WHEN, "side": "marketing", **more}]}


ALONE, FAMILY = the_rules(contact=contact()), the_rules(contact=contact(including_family=True))


def deal(of: str, age: float, stage: str = "negotiation", event: str = "stage", **more: Any) -> Row:
    cells = {"deal_id": f"at {of}", "account_id": of, "event": event, "stage": stage, "occurred_at": day(NOW - age)}
    return {**cells, **more}


ANN: Row = {"subject": "person", "subject_id": "ann", "account_id": "plant"}
BOB: Row = {"subject": "person", "subject_id": "bob", "account_id": "group"}
GROUP = [account("works", parent="group"), account("plant", parent="works"), account("mill", parent="works"),
         account("shed", parent="plant")]  # fmt: skip
SOLD = [*GROUP, account("plant", parent="rival", since=20)]
HELD, FREE = "contact.shield.0", None
# Accounts, deals, words about ids, and whether Ann is held back.
Case = tuple[list[Row], list[Row], list[Row], str | None]
CASES: dict[str, Case] = {
    "her own account": (GROUP, [deal("plant", 9)], [], HELD),
    "the account above": (GROUP, [deal("works", 9)], [], HELD),
    "the account above that": (GROUP, [deal("group", 9)], [], HELD),
    "a subsidiary": (GROUP, [deal("shed", 9)], [], HELD),
    "an account beside hers": (GROUP, [deal("mill", 9)], [], FREE),
    "no family": ([], [deal("works", 9)], [], FREE),
    "stale": (GROUP, [deal("works", 46)], [], FREE),
    "stale above, and fresh at home in another stage": (
        GROUP, [deal("works", 46), deal("plant", 1, "first")], [], FREE
    ),
    "lost": (GROUP, [deal("works", 9), deal("works", 1, "", "lost")], [], FREE),
    "sold": (SOLD, [deal("works", 9)], [], FREE),
    "bought": (SOLD, [deal("rival", 9)], [], HELD),
    "not known yet": ([account("plant", parent="works", since=NOW + 1)], [deal("works", 9)], [], FREE),
    "known under another id": (GROUP, [deal("other", 9)], [same("other", "works", since=20)], HELD),
    "under another id that came later": (GROUP, [deal("other", 9)], [same("other", "works", since=NOW + 1)], FREE),
    "a colleague above, without an account": (GROUP, [deal("group", 9, account_id=None, person_id="bob")], [], HELD),
    "an id with a quote": ([account("plant", parent="o'rival")], [deal("o'rival", 9)], [], HELD),
    "a ring": (
        [account("plant", parent="works"), account("works", parent="plant")], [deal("works", 9)], [], HELD
    ),
}  # fmt: skip


def an_engine(case: Case) -> Engine:
    accounts, deals, identities, _ = case
    engine = ledger(profiles=[*accounts, ANN, BOB], deals=deals, identities=identities)
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    return engine


def answer(engine: Engine, rules: Rules, *, few: bool, at: float = NOW) -> tuple[str | None, datetime | None]:
    """Also by way of what is kept, which must say the same."""
    none = {"message": pa.array([None], pa.string()), "let_until": pa.array([None], pa.timestamp("us"))}
    moments = pa.table({"person_id": ["ann"], "moment": pa.array([day(at)], pa.timestamp("us")), **none})
    if few:
        ask_about(engine, moments)
    else:
        engine.register("moments", moments)
    tell_relatives(engine, rules, few=few)
    (row,) = engine.rows(held_back_sql(rules, few=few)).to_pylist()
    (stood,) = engine.rows(stood_sql(rules, few=few))["stood"].to_pylist()
    engine.register("stood_then", moments.append_column("stood", pa.array([stood])))
    assert engine.rows(of_stood_sql(rules, "stood_then", side="marketing", purpose="x")).to_pylist() == [row]
    return row["held_by"], row["until"]


@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
@pytest.mark.parametrize("name", CASES)
def test_whom_a_negotiation_in_the_family_shields(name: str, few: bool) -> None:
    engine = an_engine(CASES[name])
    held, _ = answer(engine, FAMILY, few=few)
    assert held == CASES[name][3]
    alone, _ = answer(engine, ALONE, few=few)
    assert alone == (HELD if name == "her own account" else FREE)


@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
@pytest.mark.parametrize("name", ["the account above", "a subsidiary", "her own account"])
def test_it_shields_until_the_deal_is_stale(name: str, few: bool) -> None:
    engine = an_engine(CASES[name])
    held, until = answer(engine, FAMILY, few=few)
    stale = NOW - 9 + 45
    assert held == HELD and until is not None and (until - day(stale)).total_seconds() == pytest.approx(1e-6)
    assert answer(engine, FAMILY, few=few, at=stale)[0] == HELD
    assert answer(engine, FAMILY, few=few, at=stale + 1e-5)[0] is FREE


def test_who_is_above_and_below() -> None:
    found = Families.read(ledger(profiles=[*GROUP, ANN]))
    said: Mapping[str, tuple[str, ...]] = {
        "plant": ("group", "shed", "works"), "works": ("group", "mill", "plant", "shed"), "mill": ("group", "works"),
        "group": ("mill", "plant", "shed", "works"), "elsewhere": (),
    }  # fmt: skip
    assert {name: found.line(name, us(1)) for name in said} == said
    assert found.ever(["mill"]) == {"mill", "works", "group"}


def test_the_clause_says_it() -> None:
    for told in (True, False):
        agreed = an_agreement(contact=contact(including_family=told))
        text = " ".join(article.text for article in articles(agreed))
        assert ("an account above or below theirs" in text) is told
