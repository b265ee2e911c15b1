"""Who must not be written to, against a twin that walks through the clauses one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agreements import the_rules
from tests.ledgers import Row, day, filled, ledger, put

from accord.agreement.contact import held_back_sql
from accord.agreement.rules import Rules
from accord.agreement.standing import ask_about
from accord.facts.engine import Engine

MAILS = ("email.sent", "mail.sent", "message.sent")
INVITATIONS = ["invitation", "it's urgent"]
SIDES = ("marketing", "sales")
CONTACT: dict[str, Any] = {
    "never": "bounced OR country = 'FR'",
    "consent": {"marketing.email": "opt_in", "sales.call": "opt_out"},
    "shield": [
        {"when": "account_open_deals > 0 AND account_deal_stage = 'proposal' AND days_since_deal_activity <= 45",
         "side": "marketing"},
        {"when": "open_handoff", "side": "marketing", "except": INVITATIONS},
        {"when": "employees > 900", "side": "any"},
    ],
    "frequency": [
        {"side": "marketing", "at_most": 1, "per": "1d"}, {"side": "sales", "at_most": 2, "per": "7d"},
        {"side": "any", "at_most": 3, "per": "7d"},
    ],
}  # fmt: skip


@cache
def rules() -> Rules:
    return the_rules(contact=CONTACT)


@cache
def an_engine() -> Engine:
    engine = ledger()
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    return engine


Asked = tuple[datetime, str | None]
Facts = Mapping[str, Sequence[Row]]
Answer = tuple[str | None, datetime | None]
"""By which clause a message is held back, and when time alone may change that."""


def held_back(
    facts: Facts,
    asked: Sequence[Asked],
    *,
    agreed: Rules | None = None,
    side: str = "marketing",
    purpose: str = "marketing.email",
) -> list[str | None]:
    """By which clause each message to Ann is held back."""
    return [clause for clause, _ in answers(facts, asked, agreed=agreed, side=side, purpose=purpose)]


def answers(
    facts: Facts,
    asked: Sequence[Asked],
    *,
    agreed: Rules | None = None,
    side: str = "marketing",
    purpose: str = "marketing.email",
    few: bool = False,
    let_until: datetime | None = None,
) -> list[Answer]:
    """What is answered about each message to Ann."""
    for name in ("touches", "profiles", "deals", "consent", "handoffs"):
        put(an_engine(), name, facts.get(name, ()))
    moments = pa.table({
        "person_id": pa.array(["ann"] * len(asked)),
        "moment": pa.array([at for at, _ in asked], pa.timestamp("us")),
        "message": pa.array([message for _, message in asked], pa.string()),
        "let_until": pa.array([let_until] * len(asked), pa.timestamp("us")),
    })  # fmt: skip
    sql = held_back_sql(agreed or rules(), side=side, purpose=purpose, few=few, let_through=let_until is not None)
    if few:
        ask_about(an_engine(), moments)
    else:
        an_engine().register("moments", moments)
    found = (an_engine().planned(sql) if few else an_engine().rows(sql)).to_pylist()
    by_moment = {row["moment"]: (row["held_by"], row["until"]) for row in found}
    assert len(found) == len(by_moment) == len(asked)
    return [by_moment[at] for at, _ in asked]


# The twin


def known(facts: Mapping[str, Sequence[Row]], table: str, at: datetime) -> list[Row]:
    """What is known of the small histories below, which correct nothing but mails, in the order of time."""
    rows = [f for f in filled(table, facts.get(table, ())) if f["known_at"] <= at]
    return sorted((f for f in rows if not f["superseded_at"] or f["superseded_at"] > at), key=lambda f: f["known_at"])


def written(facts: Mapping[str, Sequence[Row]], at: datetime, side: str, days: int) -> int:
    """Messages of the last days that were known of."""
    of = SIDES if side == "any" else (side,)
    sent = [t for t in known(facts, "touches", at) if t["kind"] in MAILS and t["side"] in of]
    return sum(min(t["occurred_at"], t["known_at"]) > at - timedelta(days=days) for t in sent)


def twin(facts: Mapping[str, Sequence[Row]], at: datetime, message: str | None, side: str, purpose: str) -> str | None:
    cells = known(facts, "profiles", at)
    bounced = [t["occurred_at"] for t in known(facts, "touches", at) if t["kind"] == "email.bounced"]
    granted = [c["occurred_at"] for c in known(facts, "consent", at) if c["status"] == "granted"]
    if (
        (bounced and max(bounced) >= max(granted, default=day(-99)))
        or not cells
        or cells[-1]["country"] in (None, "FR")
    ):
        return "contact.never"  # an unknown country is careful too
    words = [c["status"] for c in known(facts, "consent", at)]
    if purpose == "marketing.email" and words[-1:] != ["granted"]:
        return "contact.consent.marketing.email"
    if purpose == "sales.call" and words[-1:] == ["withdrawn"]:
        return "contact.consent.sales.call"
    deals, handoffs = known(facts, "deals", at), known(facts, "handoffs", at)
    live = bool(deals) and deals[-1]["event"] == "stage" and at - deals[-1]["occurred_at"] <= timedelta(days=45)
    if side == "marketing" and live and deals[-1]["stage"] == "proposal":
        return "contact.shield.0"
    is_open = bool(handoffs) and handoffs[-1]["event"] in ("offered", "accepted")
    if side == "marketing" and is_open and message not in INVITATIONS:
        return "contact.shield.1"
    if cells[-1]["employees"] is None or cells[-1]["employees"] > 900:
        return "contact.shield.2"
    for number, (whose, at_most, days) in enumerate([("marketing", 1, 1), ("sales", 2, 7), ("any", 3, 7)]):
        if whose in (side, "any") and written(facts, at, whose, days) >= at_most:
            return f"contact.frequency.{number}"
    return None


# Invented histories

HALVES = st.integers(0, 130).map(lambda half: day(half / 2))


def some(size: int, **cells: Sequence[Any]) -> st.SearchStrategy[list[Row]]:
    """Facts at moments of their own."""
    fact = st.fixed_dictionaries({"occurred_at": HALVES, **{n: st.sampled_from(v) for n, v in cells.items()}})
    return st.lists(fact, max_size=size, unique_by=lambda f: f["occurred_at"])


@st.composite
def mails(draw: st.DrawFn) -> list[Row]:
    """Some are heard of late; some turn out to have been none."""
    found: list[Row] = []
    kinds = (*MAILS, *MAILS, "page.home", "email.bounced")
    for n, sent in enumerate(draw(some(10, person_id=["ann", "ann", "bob"], kind=kinds, side=[*SIDES, None]))):
        late = sent["occurred_at"] + timedelta(days=draw(st.sampled_from([0, 0, 0, 2, 9])))
        found.append({**sent, "known_at": late, "source_id": f"t{n}"})
        if sent["kind"] in MAILS and draw(st.booleans()):
            found.append({**found[-1], "kind": "page.home", "known_at": late + timedelta(days=2), "revision": 2})
    return [f for f in found if f["person_id"] == "ann" or f["kind"] != "email.bounced"]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[Row]]:
    """What is known of Ann, mostly from the start."""
    country, employees = (
        draw(st.sampled_from(["DE", "DE", "FR", None])),
        draw(st.sampled_from([50.0, 50.0, 990.0, None])),
    )
    cells = {"subject": "person", "subject_id": "ann", "country": country, "employees": employees}
    granted = {"person_id": "ann", "purpose": "marketing.email", "status": "granted", "occurred_at": day(-1)}
    words = draw(some(1, person_id=["ann"], purpose=["marketing.email"], status=["granted", "withdrawn"]))
    return {
        "profiles": [{**cells, "occurred_at": draw(st.sampled_from([day(-1), day(-1), day(30)]))}],
        "consent": [granted, *words] if draw(st.integers(0, 4)) else words,
        "touches": [t for t in draw(mails()) if t["person_id"] == "ann"],
        "deals": draw(some(2, deal_id=["d"], person_id=["ann"], event=["stage", "lost"], stage=["proposal", "first"])),
        "handoffs": draw(some(3, handoff_id=["h"], person_id=["ann"], event=["offered", "rejected", "recycled"])),
    }


TO = st.sampled_from([("marketing", "marketing.email"), ("marketing", "survey"), ("sales", "sales.call")])
ASKED = st.lists(
    st.tuples(HALVES, st.sampled_from([None, *INVITATIONS, "news"])), min_size=1, max_size=6, unique_by=lambda a: a[0]
)


@settings(max_examples=60, deadline=None)
@given(histories(), ASKED, TO)
def test_each_message_is_held_back_by_the_first_clause_that_forbids_it(
    facts: dict[str, list[Row]], asked: list[Asked], to: tuple[str, str]
) -> None:
    expected = [twin(facts, at, message, *to) for at, message in asked]
    assert held_back(facts, asked, side=to[0], purpose=to[1]) == expected


@settings(max_examples=40, deadline=None)
@given(histories(), ASKED, TO, st.one_of(st.none(), HALVES))
def test_a_few_are_answered_as_many_are(
    facts: dict[str, list[Row]], asked: list[Asked], to: tuple[str, str], let_until: datetime | None
) -> None:
    said = [answers(facts, asked, side=to[0], purpose=to[1], few=few, let_until=let_until) for few in (False, True)]
    assert said[0] == said[1]


@settings(max_examples=40, deadline=None)
@given(histories(), ASKED, TO, HALVES)
def test_an_owner_lifts_shields_and_frequencies_and_never_the_law(
    facts: dict[str, list[Row]], asked: list[Asked], to: tuple[str, str], let_until: datetime
) -> None:
    expected = [
        None if at < let_until and clause and clause.startswith(("contact.shield", "contact.frequency")) else clause
        for (at, _), clause in zip(asked, held_back(facts, asked, side=to[0], purpose=to[1]), strict=True)
    ]
    found = answers(facts, asked, side=to[0], purpose=to[1], let_until=let_until)
    assert [clause for clause, _ in found] == expected


MOMENT = timedelta(microseconds=1)
TIMED: dict[str, Any] = {
    **CONTACT,
    "shield": [*CONTACT["shield"], {"when": "days_since_last_touch < 2", "side": "marketing"},
               {"when": "touches_7d >= 3", "side": "any"}, {"when": "days_since_handoff > 20", "side": "sales"}],
}  # fmt: skip


@cache
def timed() -> Rules:
    return the_rules(contact=TIMED)


@settings(max_examples=60, deadline=None)
@given(histories(), HALVES, TO, st.booleans())
def test_until_then_nothing_changes_if_nothing_happens(
    facts: dict[str, list[Row]], at: datetime, to: tuple[str, str], with_times: bool
) -> None:
    """What becomes known later is left out, so that time alone passes."""
    agreed = timed() if with_times else rules()
    by_then = {
        name: [row for row in rows if row.get("known_at", row["occurred_at"]) <= at] for name, rows in facts.items()
    }
    ((clause, until),) = answers(by_then, [(at, None)], agreed=agreed, side=to[0], purpose=to[1])
    assert until is None or until > at
    if (end := until - MOMENT if until else at + timedelta(days=500)) > at:
        later = [(at + (end - at) * share, None) for share in (0.25, 0.5, 0.75, 1)]
        moments: list[Asked] = [(when, None) for when in dict.fromkeys(when for when, _ in later) if when > at]
        assert held_back(by_then, moments, agreed=agreed, side=to[0], purpose=to[1]) == [clause] * len(moments)


# One clause at a time


def sent(age: float, side: str = "marketing", **more: Any) -> Row:
    return {"person_id": "ann", "kind": "email.sent", "side": side, "occurred_at": day(20 - age), **more}


@pytest.mark.parametrize(("per", "days"), [("1d", 1), ("7d", 7)])
@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("side", ["marketing", "any"])
def test_at_most_so_many_in_a_window(side: str, limit: int, per: str, days: int) -> None:
    agreed = the_rules(contact={"frequency": [{"side": side, "at_most": limit, "per": per}]})
    within = [sent(days * (n + 0.5) / limit) for n in range(limit)]
    on_the_edge = [*within[:-1], sent(days)]
    asked: list[Asked] = [(day(20), None)]
    assert held_back({"touches": within}, asked, agreed=agreed) == ["contact.frequency.0"]
    assert held_back({"touches": within[:-1]}, asked, agreed=agreed) == [None]
    assert held_back({"touches": on_the_edge}, asked, agreed=agreed) == [None]


def test_a_mail_counts_from_when_it_was_written_once_it_is_known() -> None:
    agreed = the_rules(contact={"frequency": [{"side": "any", "at_most": 1, "per": "7d"}]})
    late = {"touches": [sent(10, known_at=day(14))]}
    asked: list[Asked] = [(day(13), None), (day(14), None), (day(16.9), None), (day(17), None)]
    assert held_back(late, asked, agreed=agreed) == [None, "contact.frequency.0", "contact.frequency.0", None]


def test_a_correction_counts_from_when_it_became_known() -> None:
    agreed = the_rules(contact={"frequency": [{"side": "any", "at_most": 1, "per": "7d"}]})
    first = sent(10, source_id="t")
    facts = {"touches": [first, {**first, "kind": "page.home", "known_at": day(12), "revision": 2}]}
    asked: list[Asked] = [(day(11), None), (day(12), None)]
    assert held_back(facts, asked, agreed=agreed) == ["contact.frequency.0", None]


def test_an_agreement_without_contact_holds_nobody_back() -> None:
    assert held_back({}, [(day(1), None)], agreed=the_rules()) == [None]


# When time alone changes the answer


def test_a_week_after_the_older_of_two_mails_the_next_may_go() -> None:
    agreed = the_rules(contact={"frequency": [{"side": "any", "at_most": 2, "per": "7d"}]})
    said = answers({"touches": [sent(1), sent(3), sent(6)]}, [(day(20), None)], agreed=agreed)
    assert said == [("contact.frequency.0", day(24))]


def test_a_deal_that_grows_stale_shields_no_longer() -> None:
    shield = [{"when": "account_open_deals > 0 AND days_since_deal_activity <= 45", "side": "marketing"}]
    deal = {"deal_id": "d", "person_id": "ann", "event": "stage", "stage": "proposal", "occurred_at": day(0)}
    said = answers({"deals": [deal]}, [(day(20), None)], agreed=the_rules(contact={"shield": shield}))
    assert said == [("contact.shield.0", day(45) + MOMENT)]


def test_what_no_time_changes_has_no_end() -> None:
    agreed = the_rules(contact={"never": "country = 'FR'", "frequency": [{"side": "any", "at_most": 1, "per": "7d"}]})
    french = {"profiles": [{"subject": "person", "subject_id": "ann", "country": "FR", "occurred_at": day(0)}]}
    assert answers({**french, "touches": [sent(1)]}, [(day(20), None)], agreed=agreed) == [("contact.never", None)]


def test_an_override_that_ends_is_told() -> None:
    agreed = the_rules(contact={"shield": [{"when": "employees > 900", "side": "any"}]})
    large = {"profiles": [{"subject": "person", "subject_id": "ann", "employees": 990.0, "occurred_at": day(0)}]}
    asked: list[Asked] = [(day(20), None), (day(22), None)]
    said = answers(large, asked, agreed=agreed, let_until=day(21))
    assert said == [(None, day(21)), ("contact.shield.0", None)]
