"""Why not handed over, rule by rule: what stands in the way is what the decision names, over a company's leads."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import pytest
from tests.agreements import the_rules
from tests.ledgers import day, ledger, put, us
from tests.library.test_running import AWAY, DAYS, PEOPLE, a_history, busy, lived

from accord.agreement.behind import facts_behind
from accord.agreement.bench import Trial, Typed, try_person, try_typed, without_lot
from accord.agreement.needs import ALWAYS, FIT, OPEN, RETURN, SCORE, UNLESS, WHERE, Need, is_over_the_line, unmet
from accord.agreement.restore import restore
from accord.agreement.rules import Rules
from accord.agreement.state import State
from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, Origin

MOMENTS = (11.7, 23.4)
KINDS = {
    "qualification.unless": UNLESS,
    "qualification.score.at_least": SCORE,
    "handoff": OPEN,
}


@cache
def company() -> Engine:
    """Thirty days of thirty-six people, with all that was handed over and answered."""
    engine = ledger(**a_history(5), availability=AWAY)
    done = lived(engine, busy(), [us(0), us(DAYS)])
    put(engine, "handoffs", [{**row, "source_id": str(n)} for n, row in enumerate(naive(done.handoffs.to_pylist()))])
    return with_views(engine)


def with_views(engine: Engine) -> Engine:
    """As every ledger has them: the facts in force beside their revisions."""
    for name in ("handoffs", "availability"):
        engine.run(f"CREATE VIEW {name} AS SELECT * FROM {name}_revisions WHERE superseded_at IS NULL")
    return engine


def naive(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in row.items()} for row in rows]


@cache
def trials() -> tuple[Trial, ...]:
    """Everybody at a few moments of the month."""
    engine, rules = company(), without_lot(busy())
    found = []
    for number in MOMENTS:
        state, at = restore(engine, rules, us(number)), day(number).replace(tzinfo=UTC)
        found += [try_person(engine, rules, state, f"p{person:02}", at) for person in range(PEOPLE)]
    return tuple(found)


def test_a_lead_is_handed_over_when_nothing_stands_in_the_way_and_only_then() -> None:
    for trial in trials():
        assert trial.is_offered == (not unmet(trial.needs)), (trial.person_id, trial.at, trial.decision)


def test_what_the_decision_names_stands_in_the_way() -> None:
    """First of all, where no clause before it reads earlier handoffs: `decide()` asks those last."""
    outcomes = set()
    for trial in trials():
        path = trial.decision["because"]
        if trial.is_offered or any(need.kind == RETURN for need in trial.needs):
            continue
        outcomes.add(trial.decision["outcome"])
        ways = [word for need in unmet(trial.needs) if need.kind != WHERE for word in (need.kind, need.path)]
        first = ways[:2] if path != "qualification.where" else [unmet(trial.needs)[0].path]
        assert KINDS.get(path, path) in first or path in first, (trial.decision, trial.needs)
    assert {"below", "outside", "excluded", "open"} <= outcomes


def test_who_waits_to_come_back_lacks_the_clause_of_the_reason() -> None:
    waiting = [trial for trial in trials() if trial.decision["outcome"] == "waiting"]
    assert waiting
    for trial in waiting:
        assert unmet(trial.needs)[0].path == trial.decision["because"]


def test_the_points_that_are_missing_are_those_between_score_and_line() -> None:
    below = [trial for trial in trials() if trial.decision["because"] == "qualification.score.at_least"]
    assert below
    for trial in below:
        (need,) = [need for need in trial.needs if need.kind == SCORE]
        assert need.known == trial.decision["score"]
        assert 0 <= need.short - (40 - trial.decision["score"]) < 0.1 + 1e-6
        assert need.missing.endswith("short of 40")


@pytest.mark.parametrize(
    ("need", "said"),
    [
        (Need(SCORE, "", holds=False, known=38.0, line=50.0), "12 points short of 50"),
        (Need(SCORE, "", holds=False, known=49.0, line=50.0), "1 point short of 50"),
        (Need(SCORE, "", holds=False, known=49.999, line=50.0), "0.1 points short of 50"),
        (Need(FIT, "", holds=False, known=12.25, line=20.0), "7.8 points of fit short of 20"),
        (Need("again", "", holds=False, known=2.0, line=6.0), "4 days short of 6"),
        (Need(SCORE, "", holds=True, known=50.0, line=50.0), ""),
        (Need(WHERE, "", holds=False), ""),
    ],
)
def test_what_is_missing_in_words(need: Need, said: str) -> None:
    assert need.missing == said


def way(kind: str, *, holds: bool) -> Need:
    return Need(kind, kind, holds)


@pytest.mark.parametrize(
    ("found", "is_over"),
    [
        ([], True),
        ([way(WHERE, holds=False)], True),
        ([way(SCORE, holds=True)], True),
        ([way(SCORE, holds=True), way(FIT, holds=False)], False),
        ([way(SCORE, holds=False), way(FIT, holds=True), way(ALWAYS, holds=True)], True),
        ([way(SCORE, holds=False), way(ALWAYS, holds=False)], False),
        ([way(ALWAYS, holds=True)], True),
    ],
)
def test_one_way_over_the_line_is_enough(found: list[Need], is_over: bool) -> None:
    assert is_over_the_line(found) is is_over
    assert {need.kind for need in unmet(found)} & {SCORE, FIT, ALWAYS} == (
        set() if is_over else {need.kind for need in found if not need.holds}
    )


# the fact behind a value


FACTS = {
    "profiles": [
        {"subject_id": "ann", "subject": "person", "account_id": "acme", "title": "clerk", "occurred_at": day(0)},
        {"subject_id": "ann", "subject": "person", "title": "boss", "occurred_at": day(2), "source_id": "boss"},
        {"subject_id": "acme", "subject": "account", "employees": 40.0, "occurred_at": day(1), "source_id": "acme"},
        {"subject_id": "acme", "subject": "account", "employees": 90.0, "occurred_at": day(9)},
    ],
    "touches": [
        {"person_id": "ann", "kind": "page.home", "side": "marketing", "occurred_at": day(1), "source_id": "first"},
        {"person_id": "ann", "kind": "form.demo", "side": "marketing", "occurred_at": day(3), "source_id": "form"},
        {"person_id": "ann", "kind": "page.home", "side": "marketing", "occurred_at": day(4), "source_id": "last"},
        {"person_id": "bob", "kind": "form.demo", "side": "marketing", "occurred_at": day(4)},
    ],
    "deals": [{"deal_id": "d", "account_id": "acme", "event": "opened", "occurred_at": day(2), "source_id": "deal"}],
    "consent": [
        {"person_id": "ann", "purpose": "marketing.email", "status": "granted", "occurred_at": day(2),
         "source_id": "yes"},
    ],
    "handoffs": [
        {"handoff_id": "h", "person_id": "ann", "event": "offered", "occurred_at": day(1), "source_id": "offer"},
        {"handoff_id": "h", "person_id": "ann", "event": "recycled", "reason": "timing", "occurred_at": day(2),
         "source_id": "back"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "table", "source_id"),
    [
        ("title", "profiles", "boss"),
        ("employees", "profiles", "acme"),
        ("last_form", "touches", "form"),
        ("hours_since_last_form", "touches", "form"),
        ("days_since_first_touch", "touches", "first"),
        ("touches_7d", "touches", "last"),
        ("account_open_deals", "deals", "deal"),
        ("opted_in", "consent", "yes"),
        ("days_since_recycle", "handoffs", "back"),
        ("days_since_handoff", "handoffs", "offer"),
    ],
)
def test_a_value_leads_to_the_fact_that_said_it(column: str, table: str, source_id: str) -> None:
    fact = facts_behind(ledger(**FACTS), [column], "ann", day(5))[column]
    assert (fact.table, fact.row["source_id"]) == (table, source_id)


def test_what_nobody_told_has_no_fact_behind_it_and_later_facts_do_not_count() -> None:
    engine = ledger(**FACTS)
    assert "country" not in facts_behind(engine, ["country", "meetings"], "ann", day(5))
    assert facts_behind(engine, ["employees"], "ann", day(0)) == {}
    assert facts_behind(engine, ["title"], "ann", day(1))["title"].said == "clerk"


@pytest.mark.parametrize("column", [name for name, each in COLUMNS.items() if each.origin is not Origin.CARD])
def test_every_column_can_be_asked_for_the_fact_behind_it(column: str) -> None:
    facts = [facts_behind(company(), [column], f"p{n:02}", day(DAYS)) for n in range(3)]
    assert all(set(each) <= {column} for each in facts)


def test_rules_without_points_have_no_line_to_fall_short_of() -> None:
    engine, rules = with_views(ledger(profiles=FACTS["profiles"])), the_rules()
    at = day(5).replace(tzinfo=UTC)
    trial = try_person(engine, rules, restore(engine, rules, us(5)), "ann", at)
    assert [(need.kind, need.holds) for need in trial.needs] == [(WHERE, False), (OPEN, True)]


def test_only_the_lot_is_left_out_for_a_try() -> None:
    rules = without_lot(busy())
    assert rules.agreement.explore is None
    assert isinstance(rules, Rules)
    assert without_lot(rules) is rules
    assert all(later >= earlier for earlier, later in pairwise(MOMENTS))


HOSTILE = "o'hara'; DROP TABLE touches_revisions; --"


def test_names_are_never_read_as_sql() -> None:
    engine = ledger(profiles=[{**row, "subject_id": HOSTILE} for row in FACTS["profiles"][:2]])
    assert facts_behind(engine, ["title"], HOSTILE, day(5))["title"].said == "boss"
    rules = the_rules(qualification={"where": "title = 'o''hara'"})
    at = day(5).replace(tzinfo=UTC)
    for title, is_offered in (("o'hara", True), (HOSTILE, False)):
        assert try_typed(rules, State(), Typed({"title": title}), at).is_offered is is_offered
