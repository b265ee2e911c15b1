"""The verdict for every mixture of true, false and unknown clauses, against the rules of unknown in a few lines."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from tests.agreements import the_rules
from tests.ledgers import day, ledger, moments

from accord.agreement.mistake import AgreementError
from accord.agreement.rules import Rules
from accord.agreement.running import look

TRUTHS: dict[bool | None, str | None] = {True: "yes", False: "no", None: None}
POINTS = (0, 30, 45, 60)
SCORE = {"score": {"card": "points", "at_least": 50, "fit_at_least": 40}}
CARD = {
    "points": {
        "fit": [{"when": f"employees >= {points}", "points": 15 if points > 30 else 30} for points in (30, 45, 60)],
        "intent": [{"touch": "form.demo", "points": 25}],
        "bands": {"A": 0},
    }
}
WHERE, UNLESS, ALWAYS = "country = 'yes'", "title = 'yes'", "language = 'yes'"
Mixture = tuple[bool | None, bool | None, bool | None, int, bool]


def verdict(mixture: Mixture, *, score: bool, always: bool) -> tuple[str, str]:
    """Unknown is not met in where and always, and does not block in unless."""
    where, unless, always_met, fit, asked = mixture
    points = fit + (25 if asked else 0)
    if unless is True:
        return "excluded", "qualification.unless"
    if where is not True:
        return "outside", "qualification.where"
    if score and points >= 50 and fit >= 40:
        return "eligible", "qualification.score"
    if always and always_met is True:
        return "eligible", "qualification.always"
    if score:
        return "below", "qualification.score.fit_at_least" if fit < 40 else "qualification.score.at_least"
    return ("below", "qualification.always") if always else ("eligible", "qualification.where")


def rules_of(*, score: bool, always: bool) -> Rules:
    said = {"where": WHERE, "unless": UNLESS, **(SCORE if score else {}), **({"always": ALWAYS} if always else {})}
    return the_rules(cards=CARD, qualification=said)


@pytest.mark.parametrize(("score", "always"), list(product([True, False], repeat=2)))
def test_every_mixture_of_clauses(score: bool, always: bool) -> None:
    mixtures: list[Mixture] = list(product(TRUTHS, TRUTHS, TRUTHS, POINTS, [True, False]))
    profiles: list[dict[str, Any]] = [
        {"subject": "person", "subject_id": str(n), "country": TRUTHS[where], "title": TRUTHS[unless],
         "language": TRUTHS[met], "employees": float(fit)}
        for n, (where, unless, met, fit, _) in enumerate(mixtures)
    ]  # fmt: skip
    touches = [{"person_id": str(n), "kind": "form.demo"} for n, (*_, asked) in enumerate(mixtures) if asked]
    engine = ledger(profiles=profiles, touches=touches)
    rows = look(
        engine, rules_of(score=score, always=always), moments(*((str(n), day(1)) for n in range(len(mixtures))))
    )
    found = {int(row["person_id"]): (row["outcome"], row["because"], row["fit"]) for row in rows.to_pylist()}
    assert found == {
        n: (*verdict(mixture, score=score, always=always), mixture[3]) for n, mixture in enumerate(mixtures)
    }


def test_exploring_takes_only_leads_a_little_below_the_line() -> None:
    rules = the_rules(
        cards=CARD, qualification={"where": WHERE, "score": {"card": "points", "at_least": 50}},
        explore={"share": 1.0, "points_below": 10},
    )  # fmt: skip
    cells = [
        (45.0, "yes", "eligible", "explore"),
        (30.0, "yes", "below", "qualification.score.at_least"),
        (60.0, "yes", "eligible", "qualification.score"),
        (45.0, "no", "outside", "qualification.where"),
    ]
    profiles = [
        {"subject": "person", "subject_id": str(n), "employees": employees, "country": country}
        for n, (employees, country, *_) in enumerate(cells)
    ]
    asked = moments(*((str(n), day(1)) for n in range(len(cells))))
    rows = look(ledger(profiles=profiles), rules, asked).to_pylist()
    found = {int(row["person_id"]): (row["outcome"], row["because"]) for row in rows}
    assert found == {n: expected[2:] for n, expected in enumerate(cells)}


MISPLACED: dict[str, dict[str, Any]] = {
    "personas[0].where": {"personas": [{"name": "Known", "where": "handoffs > 0"}]},
    "cards.points.fit[0].when": {"cards": {"points": {"fit": [{"when": "attempts > 0", "points": 1}]}}},
    "routing.rules[0].when": {"routing": {"rules": [{"when": "recycle_reason = 'timing'", "team": "reps"}]}},
    "response.answer[0].when": {"response": {"answer": [{"when": "days_since_reject > 5", "within": "4h"}]}},
}


@pytest.mark.parametrize("path", MISPLACED)
def test_earlier_handoffs_are_refused_where_they_would_never_be_known(path: str) -> None:
    with pytest.raises(AgreementError, match="go by facts alone") as refused:
        the_rules(**MISPLACED[path])
    assert path in str(refused.value)
