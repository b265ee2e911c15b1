"""A second look that finds a rejected lead good: where that is agreed it is handed over again, with clocks anew.

Ann asks for a demo on day 0 and is handed over; the next day she is rejected as not interested. Her points are below
the line by day 10, when the liaison looks at the rejection again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.agreements import an_agreement
from tests.ledgers import Row, day, ledger, us

from accord.agreement.decide import Decisions
from accord.agreement.handoff import Handoff, HumanAct
from accord.agreement.prose import articles
from accord.agreement.replies import GOOD_AFTER_ALL
from accord.agreement.rules import Rules
from accord.agreement.running import advance
from accord.agreement.state import State
from accord.facts.lead_view import HOUR_US

NOON, LOOK = 0.5, 10.4
CARD = {"intent": [{"touch": "form.demo", "points": 50, "half_life": "2d"}], "bands": {"A": 0}}
LOOKS: dict[str, Any] = {"share": 1, "by": "liaison", "within": "5d"}
AGAIN = {**LOOKS, "when_good": "offer_again"}
ANN = {"subject": "person", "subject_id": "ann", "country": "DE"}


def agreed(second_look: Row) -> Rules:
    return Rules.of(
        an_agreement(
            cards={"points": CARD},
            qualification={
                "score": {"card": "points", "at_least": 40}, "where": "country = 'DE'", "unless": "unsubscribed",
                "again": "90d",
            },
            response={"answer": {"within": "4h"}, "first_touch": {"within": "8h"}},
            answers={"reject": [{"code": "no_interest", "label": "No interest"}], "second_look": second_look},
        )
    )  # fmt: skip


class Reps:
    """Ann is rejected a day after her first offer and looked at again; whatever is offered then nobody answers."""

    def __init__(self, verdict: str) -> None:
        self.acts = [(1.0, "rejected", "no_interest"), (LOOK, "looked_again", verdict)]

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:  # noqa: ARG002
        acts, self.acts = self.acts, []
        return [HumanAct(us(when), event, "liaison", reason) for when, event, reason in acts]

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:  # noqa: ARG002
        return None


def lived(second_look: Row, verdict: str, **more: Sequence[Row]) -> Decisions:
    touches = [{"person_id": "ann", "kind": "form.demo", "side": "marketing", "occurred_at": day(NOON)}]
    told = {"handoff_id": "1", "person_id": "ann", "event": "looked_again", "reason": verdict, "occurred_at": day(LOOK)}
    engine = ledger(
        profiles=[{**ANN, "occurred_at": day(0)}, *more.get("profiles", ())],
        touches=[*touches, *more.get("touches", ())],
        handoffs=[told],
    )
    return advance(engine, agreed(second_look), State(), since=us(0), until=us(12), colleagues=Reps(verdict))


def story(done: Decisions) -> list[tuple[str, float]]:
    names = ("offered", "rejected", "looked_again")
    events = [(row["event"], row["occurred_at"]) for row in done.handoffs.to_pylist() if row["event"] in names]
    return [(event, round((at.replace(tzinfo=None) - day(0)).total_seconds() / 86_400, 1)) for event, at in events]


ONCE = [("offered", 0.5), ("rejected", 1.0), ("looked_again", LOOK)]
NO_MAIL: Row = {"person_id": "ann", "kind": "email.unsubscribed", "occurred_at": day(5)}
BACK: Row = {"person_id": "ann", "kind": "form.demo", "side": "marketing", "occurred_at": day(9)}


@pytest.mark.parametrize(
    ("second_look", "verdict", "meanwhile", "then"),
    [
        (AGAIN, "was_good", {}, [("offered", LOOK)]),
        (AGAIN, "stands", {}, []),
        (LOOKS, "was_good", {}, []),  # today's agreements
        ({**LOOKS, "when_good": "tell"}, "was_good", {}, []),
        (AGAIN, "was_good", {"touches": [BACK]}, [("offered", LOOK)]),  # again is not asked for
        (AGAIN, "was_good", {"touches": [NO_MAIL]}, []),  # excluded by then
        (AGAIN, "was_good", {"profiles": [{**ANN, "country": "US", "occurred_at": day(6)}]}, []),  # outside by then
    ],
)  # fmt: skip
def test_what_follows_a_second_look(
    second_look: Row, verdict: str, meanwhile: dict[str, Sequence[Row]], then: list[tuple[str, float]]
) -> None:
    assert story(lived(second_look, verdict, **meanwhile)) == [*ONCE, *then]


def test_it_is_an_offer_of_its_own_with_its_reason_and_clocks_of_its_own() -> None:
    done = lived(AGAIN, "was_good")
    first, second = (row for row in done.handoffs.to_pylist() if row["event"] == "offered")
    assert first["handoff_id"] != second["handoff_id"]
    assert second["rule"] == "routing.rules.0"
    assert second["answer_due"] > second["occurred_at"]
    decided = [(row["outcome"], row["because"]) for row in done.decisions.to_pylist()]
    assert decided[-1] == ("offered", GOOD_AFTER_ALL)


def test_how_the_time_is_cut_makes_no_difference() -> None:
    whole = lived(AGAIN, "was_good")
    engine = ledger(
        profiles=[{**ANN, "occurred_at": day(0)}],
        touches=[{"person_id": "ann", "kind": "form.demo", "side": "marketing", "occurred_at": day(NOON)}],
        handoffs=[{"handoff_id": "1", "person_id": "ann", "event": "looked_again", "reason": "was_good",
                   "occurred_at": day(LOOK)}],
    )  # fmt: skip
    done, state, reps, rules = Decisions(), State(), Reps("was_good"), agreed(AGAIN)
    for since in range(us(0), us(12), int(4.8 * HOUR_US)):  # one cut is the moment of the verdict
        until = min(since + int(4.8 * HOUR_US), us(12))
        done.add(advance(engine, rules, state, since=since, until=until, colleagues=reps))
    assert done == whole


@pytest.mark.parametrize(("second_look", "says"), [(LOOKS, False), (AGAIN, True)])
def test_the_agreement_says_it(second_look: Row, says: bool) -> None:
    text = " ".join(sentence for article in articles(agreed(second_look).agreement) for sentence in map(str, [article]))
    assert ("a lead that was good is handed over again" in text) is says
