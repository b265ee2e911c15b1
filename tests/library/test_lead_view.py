"""Every column of the lead view against a slow twin: loops over the facts that were known at the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledgers import day, filled, ledger, moments, put

from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, Decay, Origin
from accord.facts.lead_view_few import few_sql
from accord.facts.lead_view_whole import view_sql

Fact = Mapping[str, Any]
NAMES = [name for name, column in COLUMNS.items() if column.origin not in (Origin.STANDING, Origin.CARD)]
PEOPLE = ("ann", "bob", "cay")
ACCOUNTS = ("acme", "bolt")
DECAYS = (
    Decay("whole", "form.demo", None),
    Decay("fortnight", "page.pricing", 14 * 86_400_000_000),
    Decay("day", "form.demo", 86_400_000_000),
    Decay("hour", "page.pricing", 3_600_000_000),
)


# The twin


@dataclass
class Known:
    """What was known of all facts at a moment."""

    at: datetime
    touches: list[Fact] = field(default_factory=list)
    profiles: list[Fact] = field(default_factory=list)
    deals: list[Fact] = field(default_factory=list)
    consent: list[Fact] = field(default_factory=list)
    works_for: Mapping[str, str] = field(default_factory=dict)  # as each id's own profiles say

    @classmethod
    def of(cls, facts: Mapping[str, Sequence[Fact]], at: datetime) -> Known:
        def known(name: str, *, replaced: bool) -> list[Fact]:
            """In the order in which they became known. Replaced profiles still say what nothing else says."""
            found = [f for f in facts.get(name, ()) if f["known_at"] <= at]
            valid = [f for f in found if replaced or f["superseded_at"] is None or f["superseded_at"] > at]
            return sorted(valid, key=lambda f: (f["known_at"], f["revision"], f["source_id"]))

        return cls(
            at,
            touches=known("touches", replaced=False),
            profiles=known("profiles", replaced=True),
            deals=known("deals", replaced=False),
            consent=[*known("consent", replaced=True), *_mail_consent(known("touches", replaced=True))],
        )

    def said(self, subject: str, who: str | None, name: str) -> Any:
        """The last cell that says something."""
        told = [p[name] for p in self.profiles if (p["subject"], p["subject_id"]) == (subject, who) and name in p]
        return next((value for value in reversed(told) if value is not None), None)

    def account(self, person: str) -> str | None:
        found = self.said("person", person, "account_id")
        return None if found is None else str(found)

    def key(self, person: str) -> str:
        return self.account(person) or person

    def keys(self, person: str) -> set[str]:
        """What deals of the person may be filed under: the account, or the person where the deal's own has none."""
        return {self.key(person), person}

    def together(self, facts: Mapping[str, Sequence[Fact]], person: str) -> Known:
        """The same as if the ids that mean this person were one, and those that mean an account."""
        told = [f for f in facts.get("identities", ()) if f["known_at"] <= self.at]
        told.sort(key=lambda f: (f["known_at"], f["revision"], f["source_id"]))
        above = {f["alias_id"]: f for f in told}  # the last word about an id holds until it is replaced
        above = {k: f for k, f in above.items() if f["superseded_at"] is None or f["superseded_at"] > self.at}
        up = {alias: f["person_id"] for alias, f in above.items() if f["person_id"] != alias}
        mine = {each for each in (*PEOPLE, *up) if person in _climb(up, each)}
        one = dict.fromkeys(mine, person)
        firms = {each: min(_ring(up, each)) for each in ACCOUNTS}
        works_for = {each: firms[account] for each in PEOPLE if (account := self.account(each))}

        def renamed(row: Fact, *names: str) -> Fact:
            return {**row, **{n: one.get(row[n], firms.get(row[n], row[n])) for n in names if row.get(n)}}

        return Known(
            self.at,
            [renamed(t, "person_id") for t in self.touches],
            [renamed(p, "subject_id", "account_id") for p in self.profiles],
            [renamed(d, "account_id") for d in self.deals],
            [renamed(c, "person_id") for c in self.consent],
            {each: works_for.get(each, one.get(each, each)) for each in PEOPLE},
        )


def _climb(up: Mapping[str, str], each: str) -> list[str]:
    """An id and all that it stands for."""
    found = [each]
    while (above := up.get(found[-1])) is not None and above not in found:
        found.append(above)
    return found


def _ring(up: Mapping[str, str], each: str) -> set[str]:
    """All ids that mean the same."""
    found = {each}
    while True:
        near = {b for a, b in up.items() if a in found} | {a for a, b in up.items() if b in found}
        if near <= found:
            return found
        found |= near


def _mail_consent(touches: list[Fact]) -> Iterator[Fact]:
    words = {"email.bounced": "bounced", "email.complained": "complained", "email.unsubscribed": "withdrawn"}
    for touch in touches:
        if touch["kind"] in words:
            yield {**touch, "purpose": "marketing.email", "status": words[touch["kind"]]}


def happened(fact: Fact) -> datetime:
    """Nothing is known before it happens: a fact from the future counts from when it was known."""
    return min(fact["occurred_at"], fact["known_at"])  # type: ignore[no-any-return]


def days(delta: timedelta) -> float:
    return delta / timedelta(days=1)


def touches_of(known: Known, person: str, which: Callable[[Fact], bool] = lambda _: True) -> list[Fact]:
    return [t for t in known.touches if t["person_id"] == person and which(t)]


def is_form(touch: Fact) -> bool:
    return (touch["kind"] or "").startswith("form.")


def is_mail(touch: Fact) -> bool:
    return touch["kind"] in ("email.sent", "mail.sent", "message.sent")


def newest(touches: Sequence[Fact], of: Callable[[Fact], Any]) -> Any:
    """Of the touch that happened last; of several at once, of the one known first."""
    return of(max(touches, key=happened)) if touches else None


def oldest(touches: Sequence[Fact], of: Callable[[Fact], Any]) -> Any:
    return of(min(touches, key=happened)) if touches else None


def within(known: Known, touches: Sequence[Fact], length: int) -> float:
    return float(sum(known.at - happened(t) < timedelta(days=length) for t in touches))


def touch_columns(known: Known, person: str) -> Iterator[tuple[str, Any]]:
    def mine(which: Callable[[Fact], bool] = lambda _: True) -> list[Fact]:
        return touches_of(known, person, which)

    def age(touch: Fact) -> float:
        return days(known.at - happened(touch))

    forms = mine(is_form)
    yield "last_form", newest(forms, lambda t: t["kind"][5:])
    yield "hours_since_last_form", newest(forms, lambda t: age(t) * 24)
    yield "last_touch", newest(mine(lambda t: t["kind"] is not None), lambda t: t["kind"])
    yield "days_since_last_touch", newest(mine(), age)
    yield "days_since_first_touch", oldest(mine(), age)
    yield "first_channel", oldest(mine(lambda t: t.get("channel") is not None), lambda t: t["channel"])
    yield "last_channel", newest(mine(lambda t: t.get("channel") is not None), lambda t: t["channel"])
    yield "last_campaign", newest(mine(lambda t: t.get("campaign") is not None), lambda t: t["campaign"])
    yield "touches", float(len(mine()))
    yield "marketing_touches", float(len(mine(lambda t: t["side"] == "marketing")))
    yield "sales_touches", float(len(mine(lambda t: t["side"] == "sales")))
    yield "forms", float(len(forms))
    yield "meetings", float(len(mine(lambda t: (t["kind"] or "").startswith("meeting."))))
    yield "touches_30d", within(known, mine(), 30)
    yield "touches_7d", within(known, mine(), 7)
    yield "marketing_mails_7d", within(known, mine(lambda t: t["side"] == "marketing" and is_mail(t)), 7)
    yield "mails_7d", within(known, mine(is_mail), 7)


def profile_columns(known: Known, person: str) -> Iterator[tuple[str, Any]]:
    account = known.account(person)

    def own(name: str) -> Any:
        return known.said("person", person, name)

    def theirs(name: str) -> Any:
        return known.said("account", account or person, name)

    def first(*found: Any) -> Any:
        return next((value for value in found if value is not None), None)

    for name in ("title", "language", "origin", "campaign", "landing_page", "lifecycle"):
        yield name, own(name)
    yield "has_email", bool(own("email"))
    yield "has_phone", bool(own("phone"))
    yield "is_duplicate", bool(own("is_duplicate"))
    yield "deleted", bool(own("deleted"))
    yield "company", first(theirs("name"), own("company"))
    for name in ("country", "city"):
        yield name, first(own(name), theirs(name))
    for name in ("industry", "employees", "revenue", "segment", "domain"):
        yield name, first(theirs(name), own(name))
    yield "account_owner", theirs("owner") or own("owner") or None
    yield "is_competitor", bool(first(theirs("is_competitor"), own("is_competitor")))


CLOSING = {"won": "won", "lost": "lost", "deleted": "deleted"}
OPENING = ("opened", "reopened", "stage")
STEPS = {"won": 2, "lost": 2, "reopened": 3, "deleted": 3}


@dataclass
class Deal:
    account_key: str | None = None
    account_id: str | None = None
    person_id: str | None = None
    state: str | None = None
    stage: str | None = None
    moved: datetime | None = None
    active: datetime | None = None


def deals_of(known: Known) -> dict[str, Deal]:
    """How each deal stands by what happened last, not by what was heard last."""
    found: dict[str, Deal] = {}
    order = sorted(known.deals, key=lambda d: (happened(d), STEPS.get(d["event"], 1)))
    for event in order:
        deal = found.setdefault(event["deal_id"], Deal())
        deal.account_id = event.get("account_id") or deal.account_id
        deal.person_id = event.get("person_id") or deal.person_id
        deal.active = happened(event)
        if event["event"] in CLOSING:
            deal.state = event["event"]
        elif event["event"] in OPENING:
            deal.state = "open"
        if event["event"] not in CLOSING and event.get("stage"):
            deal.stage, deal.moved = event["stage"], happened(event)
    for deal in found.values():
        deal.account_key = deal.account_id or known.works_for.get(deal.person_id or "")
    return found


def deal_columns(known: Known, person: str) -> Iterator[tuple[str, Any]]:
    theirs = {name: deal for name, deal in deals_of(known).items() if deal.account_key in known.keys(person)}
    moving = [(deal.moved, name) for name, deal in theirs.items() if deal.state == "open" and deal.moved]
    acted = [deal.active for deal in theirs.values() if deal.active]
    yield "account_open_deals", float(sum(deal.state == "open" for deal in theirs.values()))
    yield "account_won_deals", float(sum(deal.state == "won" for deal in theirs.values()))
    yield "is_customer", any(deal.state == "won" for deal in theirs.values())
    stage = theirs[max(moving)[1]].stage if moving else None
    yield "account_deal_stage", stage if any(deal.state == "open" for deal in theirs.values()) else "none"
    yield "days_since_deal_activity", days(known.at - max(acted)) if acted else None


def consent_columns(known: Known, person: str) -> Iterator[tuple[str, Any]]:
    def last(purposes: Sequence[str], words: Sequence[str]) -> str | None:
        """The last word by when it was said; of several at once the strictest counts."""
        said = [
            c for c in known.consent if c["person_id"] == person and c["purpose"] in purposes and c["status"] in words
        ]
        order = sorted(said, key=lambda c: (happened(c), c["status"] != "granted", -said.index(c)))
        return order[-1]["status"] if order else None

    words = ("granted", "withdrawn", "complained")
    marketing, everything = last(["marketing.email"], words), last(["all"], words)
    no = ("withdrawn", "complained")
    yield "unsubscribed", marketing in no or everything in no
    yield "bounced", last(["marketing.email", "all"], ("granted", "bounced")) == "bounced"
    yield "opted_in", marketing == "granted" and everything not in no


def decayed(known: Known, person: str, decay: Decay) -> float:
    half = timedelta(microseconds=decay.half_life_us) if decay.half_life_us else None
    ages = [known.at - happened(t) for t in touches_of(known, person, lambda t: t["kind"] == decay.touch)]
    return float(sum(0.5 ** (age / half) if half else 1 for age in ages))


def twin(facts: Mapping[str, Sequence[Fact]], person: str, at: datetime) -> dict[str, Any]:
    known = Known.of(facts, at).together(facts, person)
    parts = (touch_columns, profile_columns, deal_columns, consent_columns)
    row = {name: value for part in parts for name, value in part(known, person)}
    return {**row, **{decay.name: decayed(known, person, decay) for decay in DECAYS}}


# Invented histories

TIMES = st.integers(0, 120).map(lambda half: day(half / 2))
LATER = st.integers(30, 130).map(lambda half: day(half / 2))
DELAYS = st.sampled_from([0, 0, 0, 0, 1, 6, 7, 29, 30, 40, -3])


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


@st.composite
def facts_of(draw: st.DrawFn, size: int, /, **cells: st.SearchStrategy[Any]) -> list[Fact]:
    """Facts with ties in time, some heard of late, some announced from the future, some revised once or twice."""
    found: list[Fact] = []
    for number in range(draw(st.integers(0, size))):
        at = draw(TIMES)
        known = at + timedelta(days=draw(DELAYS))
        for revision in range(1, draw(st.sampled_from([1, 1, 1, 1, 2, 3])) + 1):
            row = {name: draw(values) for name, values in cells.items()}
            found.append({
                **row, "occurred_at": at, "known_at": known, "revision": revision, "source_id": f"{number:03}"
            })  # fmt: skip
            known += timedelta(days=draw(st.sampled_from([0, 0.5, 3, 20])))
    return found


KINDS = st.sampled_from([
    "form.demo", "form.demo", "page.pricing", "page.pricing", "email.sent", "mail.sent", "meeting.held",
    "call.connected", "email.bounced", "email.unsubscribed", "email.complained",
])  # fmt: skip
TOUCHES = facts_of(
    10, person_id=st.sampled_from(PEOPLE), kind=KINDS, side=maybe("marketing", "sales"), channel=maybe("web", "mail"),
    campaign=maybe("spring"),
)  # fmt: skip
TEXT_CELLS = (
    "email", "phone", "title", "company", "domain", "country", "city", "language", "industry", "origin", "campaign",
    "landing_page", "segment", "owner", "lifecycle", "name",
)  # fmt: skip
CELLS: dict[str, st.SearchStrategy[Any]] = {
    **{name: maybe("one", "two") for name in TEXT_CELLS},
    **{name: maybe(None, 10.0, 500.0) for name in ("employees", "revenue")},
    **{name: maybe(None, True, False) for name in ("is_competitor", "is_duplicate", "deleted")},
}
PERSONS = facts_of(
    5, subject=st.just("person"), subject_id=st.sampled_from(PEOPLE), account_id=maybe("acme", "acme", "bolt"), **CELLS
)
COMPANIES = facts_of(4, subject=st.just("account"), subject_id=st.sampled_from(ACCOUNTS), **CELLS)
EVENTS = st.sampled_from(["opened", "stage", "won", "lost", "reopened", "amount", "activity", "deleted"])
DEALS = facts_of(
    8, deal_id=st.sampled_from(["d1", "d1", "d2"]), event=EVENTS, stage=maybe("proposal", "negotiation"),
    account_id=maybe("acme", "acme", "bolt"), person_id=maybe(*PEOPLE),
)  # fmt: skip
CONSENT = facts_of(
    6, person_id=st.sampled_from(PEOPLE), purpose=st.sampled_from(["marketing.email", "all", "sales.call"]),
    status=st.sampled_from(["granted", "withdrawn", "bounced", "complained"]),
)  # fmt: skip


PEOPLE_SAME = {"alias_id": st.sampled_from(PEOPLE), "person_id": st.sampled_from(PEOPLE)}
ACCOUNTS_SAME = {"alias_id": st.sampled_from(ACCOUNTS), "person_id": st.sampled_from(ACCOUNTS)}
EVIDENCE = st.sampled_from(["evidenced", "claimed"])


@st.composite
def identities(draw: st.DrawFn) -> list[Fact]:
    """Who stands for whom, said, taken back and said otherwise; about people and about accounts."""
    people = draw(facts_of(4, **PEOPLE_SAME, evidence=EVIDENCE))
    firms = draw(facts_of(2, **ACCOUNTS_SAME, evidence=EVIDENCE))
    return [*people, *({**row, "source_id": f"a{row['source_id']}"} for row in firms)]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[Fact]]:
    persons = [{**row, "source_id": f"p{row['source_id']}"} for row in draw(PERSONS)]
    companies = [{**row, "source_id": f"a{row['source_id']}"} for row in draw(COMPANIES)]
    return {
        "touches": filled("touches", draw(TOUCHES)),
        "profiles": filled("profiles", [*persons, *companies]),
        "deals": filled("deals", draw(DEALS)),
        "consent": filled("consent", draw(CONSENT)),
        "identities": filled("identities", draw(identities())),
    }


ASKED = st.lists(st.tuples(st.sampled_from(PEOPLE), LATER), min_size=6, max_size=16, unique=True)


@cache
def an_engine() -> Engine:
    return ledger()


Form = Callable[..., str]
FORMS: Mapping[str, Form] = {"time lines": view_sql, "a few": few_sql}


def looked(
    facts: Mapping[str, Sequence[Fact]], asked: Sequence[tuple[str, datetime]], form: Form
) -> dict[Any, dict[str, Any]]:
    engine = an_engine()
    for table in ("touches", "profiles", "deals", "consent", "identities"):
        put(engine, table, facts.get(table, ()))
    engine.register("moments", moments(*asked))
    rows = engine.rows(form(NAMES, DECAYS, carry=("trigger",))).to_pylist()
    assert sorted((row["person_id"], row["moment"]) for row in rows) == sorted(asked)
    return {(row["person_id"], row["moment"]): row for row in rows}


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return found == pytest.approx(expected, abs=1e-9, rel=1e-9)
    return bool(found == expected) and type(found) is type(expected)


def check(facts: Mapping[str, Sequence[Fact]], asked: Sequence[tuple[str, datetime]]) -> None:
    expected = {(person, at): twin(facts, person, at) for person, at in asked}
    for form, sql in FORMS.items():
        for (person, at), row in looked(facts, asked, sql).items():
            wrong = {n: (row[n], value) for n, value in expected[person, at].items() if not same(row[n], value)}
            assert not wrong, f"{form}: {person} at {at}: (found, expected) {wrong}"


def test_the_twin_knows_every_column() -> None:
    assert set(twin({}, "ann", day(0))) == {*NAMES, *(decay.name for decay in DECAYS)}


@settings(max_examples=30, deadline=None)
@given(histories(), ASKED)
def test_every_column_is_what_was_known(facts: dict[str, list[Fact]], asked: list[tuple[str, datetime]]) -> None:
    check(facts, asked)


@pytest.mark.prove
@settings(max_examples=300, deadline=None)
@given(histories(), ASKED)
def test_every_column_is_what_was_known_in_300_histories(
    facts: dict[str, list[Fact]], asked: list[tuple[str, datetime]]
) -> None:
    check(facts, asked)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=10, deadline=None)
@given(histories(), histories(), st.sampled_from(PEOPLE), TIMES)
def test_a_row_never_changes_when_facts_become_known_later(
    form: str, facts: dict[str, list[Fact]], later: dict[str, list[Fact]], person: str, at: datetime
) -> None:
    """The facts known by a moment, alone and beside facts and corrections known after it, show the same row."""
    known = {table: [f for f in rows if f["known_at"] <= at] for table, rows in facts.items()}
    more = {table: [_after(f, at) for f in later[table]] for table in facts}
    beside = {table: _again([*rows, *more[table]]) for table, rows in facts.items()}
    before = looked({table: _again(rows) for table, rows in known.items()}, [(person, at)], FORMS[form])
    after = looked(beside, [(person, at)], FORMS[form])
    assert {n: v for n, v in after[person, at].items() if not same(v, before[person, at][n])} == {}


def _after(fact: Fact, at: datetime) -> Fact:
    known = fact["known_at"] if fact["known_at"] > at else at + timedelta(hours=1)
    return {**fact, "known_at": known, "source_id": f"{fact['source_id']}-later"}


def _again(facts: list[Fact]) -> list[Fact]:
    """With `superseded_at` as these facts alone would have it."""
    return filled("touches", [{**f, "superseded_at": None} for f in facts])


# Hostile facts

AT_NOON = ("ann", day(10.5))


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_nothing_is_known_in_an_empty_ledger(form: Form) -> None:
    (row,) = looked({}, [AT_NOON], form).values()
    expected = twin({}, *AT_NOON)
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_no_moments_no_rows(form: Form) -> None:
    assert looked({"touches": filled("touches", [{"person_id": "ann", "kind": "form.demo"}])}, [], form) == {}


LONG_AGO, FAR_AWAY = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2100-01-01")
EXTREMES: dict[str, list[Fact]] = {
    "touches": [
        {"person_id": "ann", "kind": "form.demo", "occurred_at": LONG_AGO},
        {"person_id": "ann", "kind": "form.demo", "occurred_at": day(1), "known_at": day(2)},
        {"person_id": "ann", "kind": "form.demo", "occurred_at": FAR_AWAY},
        {"person_id": "ann", "kind": "form.far", "occurred_at": FAR_AWAY, "known_at": day(3)},
        {"person_id": "ann", "kind": None, "occurred_at": day(3)},
        {"person_id": "bob", "kind": "page.pricing", "occurred_at": day(9)},
    ],
    "profiles": [
        {"subject": "person", "subject_id": "ann", "title": "first", "occurred_at": LONG_AGO},
        {"subject": "person", "subject_id": "ann", "title": "last", "occurred_at": FAR_AWAY},
    ],
    "deals": [
        {"deal_id": "d1", "person_id": "ann", "event": "opened", "occurred_at": LONG_AGO},
        {"deal_id": "d1", "event": "won", "occurred_at": FAR_AWAY},
        {"deal_id": "d2", "event": "opened", "occurred_at": day(1)},
        {"deal_id": "d3", "person_id": "ann", "event": None, "stage": "proposal", "occurred_at": day(1)},
    ],
}  # fmt: skip


@pytest.mark.parametrize("at", [LONG_AGO, day(2), day(10), FAR_AWAY], ids=str)
def test_facts_of_1970_and_2100_and_facts_that_say_nothing(at: datetime) -> None:
    facts = {table: filled(table, rows) for table, rows in EXTREMES.items()}
    check(facts, [("ann", at), ("bob", at)])


def test_moments_130_years_apart_in_one_look() -> None:
    facts = {table: filled(table, rows) for table, rows in EXTREMES.items()}
    times = [LONG_AGO + timedelta(days=1), day(10), FAR_AWAY - timedelta(days=1), FAR_AWAY + timedelta(days=1)]
    check(facts, [("ann", at) for at in times])


def test_ten_thousand_touches_of_one_person() -> None:
    kinds = ("form.demo", "page.pricing", "email.sent")
    touches = [{"person_id": "ann", "kind": kinds[i % 3], "occurred_at": day(i / 500)} for i in range(10_000)]
    check({"touches": filled("touches", touches)}, [("ann", day(at)) for at in (0, 3, 9.99, 20, 40)])


@pytest.mark.parametrize("name", ["open_handoff", "attempts"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_columns_that_are_not_from_facts_are_refused(form: Form, name: str) -> None:
    with pytest.raises(KeyError, match=name):
        form([name])


def test_touches_of_the_same_moment_go_alike_however_many_threads_look() -> None:
    engine = ledger()
    engine.unregister("touches_revisions")
    engine.run("SET threads = 4")
    engine.run("""
        CREATE TABLE touches_revisions AS
        SELECT 'p' || n % 2000 AS person_id, 'form.' || hash(n) % 50 AS kind, 'marketing' AS side, 'web' AS channel,
            NULL::VARCHAR AS campaign, DATE '2027-01-05'::TIMESTAMP AS occurred_at, occurred_at AS known_at,
            1 AS revision, hash(n + 1)::VARCHAR AS source_id, NULL::TIMESTAMP AS superseded_at
        FROM range(300000) AS t(n)
    """)
    engine.register("moments", moments(*((f"p{n}", day(9)) for n in range(2000))))
    found = [engine.rows(f"FROM ({form(['last_form'])}) ORDER BY person_id").to_pylist() for form in FORMS.values()]
    first = engine.rows("""
        SELECT person_id, substr(arg_min(kind, source_id), 6) AS last_form
        FROM touches_revisions GROUP BY ALL ORDER BY person_id
    """).to_pylist()
    for rows in found:
        assert [{"person_id": row["person_id"], "last_form": row["last_form"]} for row in rows] == first
