"""Where work met other work: what counts as a collision, as which kind, how often, and what it went with. Every
expectation is counted by hand (M41, M42)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.tables import facts_in_hand, text_table

from accord.facts.engine import Engine
from accord.insight.collisions import Collisions, WentWith, collisions, difference
from accord.insight.duration import wilson

AT = datetime(2026, 12, 1)  # noqa: DTZ001
PEOPLE = """
subject | subject_id | account_id | occurred_at
person  | ann        | acme       | 2026-01-01
person  | bob        | acme       | 2026-01-01
person  | cid        | beta       | 2026-01-01
"""


def lake(touches: str, deals: str = "", handoffs: str = "") -> Engine:
    told = {"touches": touches, "deals": deals, "handoffs": handoffs, "profiles": PEOPLE}
    return facts_in_hand(**{name: text_table(each) for name, each in told.items() if each})


def found(engine: Engine) -> list[tuple[Any, ...]]:
    told = collisions(engine, at=AT).collisions
    return [(each.kind, each.account_id, f"{each.began_at:%m-%d}", len(each.messages), each.by) for each in told]


def test_a_campaign_into_a_negotiation_counts_for_everybody_of_the_account_while_it_lasts() -> None:
    engine = lake(
        """
        person_id | kind       | side      | by  | campaign | occurred_at
        bob       | email.sent | marketing |     | spring   | 2026-03-01T09:00
        bob       | email.sent | marketing |     | spring   | 2026-03-10T09:00
        ann       | email.sent | marketing |     | spring   | 2026-03-11T09:00
        bob       | email.open | marketing |     | spring   | 2026-03-11T10:00
        bob       | email.sent | marketing |     | summer   | 2026-03-20T09:00
        bob       | email.sent | marketing |     | summer   | 2026-04-09T09:00
        cid       | email.sent | marketing |     | spring   | 2026-03-10T09:00
        """,
        """
        deal_id | person_id | account_id | event  | stage       | occurred_at
        d       | ann       |            | opened | discovery   | 2026-02-20T09:00
        d       | ann       |            | stage  | negotiation | 2026-03-05T09:00
        d       | ann       |            | won    |             | 2026-04-01T09:00
        """,
    )
    assert found(engine) == [
        ("negotiation", "acme", "03-20", 1, ("marketing",)),
        ("negotiation", "acme", "03-10", 2, ("marketing",)),
    ]
    assert {each.deal_id for each in collisions(engine, at=AT).collisions} == {"d"}


def test_two_colleagues_or_both_teams_within_two_days_unless_the_lead_was_passed_on() -> None:
    engine = lake(
        """
        person_id | kind           | side      | by    | occurred_at
        ann       | mail.sent      | sales     | tomas | 2026-03-02T09:00
        bob       | mail.sent      | sales     | amy   | 2026-03-03T09:00
        ann       | call.connected | sales     | zoe   | 2026-03-03T10:00
        ann       | mail.sent      | sales     | amy   | 2026-03-09T09:00
        cid       | mail.sent      | sales     | tomas | 2026-03-02T09:00
        cid       | mail.sent      | sales     | amy   | 2026-03-03T09:00
        ann       | email.sent     | marketing |       | 2026-05-02T09:00
        bob       | message.sent   | sales     | tomas | 2026-05-04T08:00
        bob       | message.sent   | sales     | tomas | 2026-05-09T08:00
        """,
        handoffs="""
        person_id | handoff_id | event    | owner | occurred_at
        cid       | h          | rerouted | amy   | 2026-03-02T12:00
        """,
    )
    assert found(engine) == [
        ("teams", "acme", "05-04", 1, ("marketing", "tomas")),
        ("colleagues", "acme", "03-03", 1, ("amy", "tomas")),
    ]


def test_a_message_counts_once_for_the_first_kind_that_it_fits() -> None:
    engine = lake(
        """
        person_id | kind       | side      | by    | occurred_at
        ann       | mail.sent  | sales     | tomas | 2026-03-10T08:00
        bob       | email.sent | marketing |       | 2026-03-10T09:00
        ann       | mail.sent  | sales     | amy   | 2026-03-10T10:00
        """,
        """
        deal_id | account_id | event | stage       | occurred_at
        d       | acme       | stage | negotiation | 2026-03-05T09:00
        """,
    )
    assert found(engine) == [
        ("colleagues", "acme", "03-10", 1, ("amy", "tomas")),
        ("negotiation", "acme", "03-10", 1, ("marketing",)),
    ]


def closed(count: int, account: str, won: int, amount: float) -> list[dict[str, Any]]:
    """So many deals with accounts of their own, from February to April, the first of them won."""
    return [
        {"deal_id": f"{account}{n}", "account_id": f"{account}{n}", "event": event, "amount": amount, "currency": "EUR",
         "stage": "negotiation" if event == "opened" else None, "occurred_at": datetime(2026, month, 1, tzinfo=UTC)}
        for n in range(count)
        for event, month in (("opened", 2), ("won" if n < won else "lost", 4))
    ]  # fmt: skip


def mailed(count: int, account: str) -> list[dict[str, Any]]:
    march = datetime(2026, 3, 1, tzinfo=UTC)
    return [{"person_id": f"{account}{n}", "kind": "email.sent", "side": "marketing", "occurred_at": march}
            for n in range(count)]  # fmt: skip


def of_negotiations(told: Collisions) -> WentWith:
    return next(each for each in told.went_with if each.kind == "negotiation")


def test_what_collisions_went_with_is_a_range_from_closed_deals_and_counts_each_deal_once() -> None:
    engine = facts_in_hand(
        touches=mailed(20, "hit"), deals=closed(20, "hit", 5, 1000.0) + closed(40, "free", 20, 900.0)
    )
    told = of_negotiations(collisions(engine, at=AT))
    assert (told.collisions, told.deals, told.won, told.others, told.others_won) == (20, 20, 5, 40, 20)
    assert told.amount == pytest.approx(20 * 1000.0 * (0.5 - 0.25))
    assert (
        told.interval is not None and told.amount is not None and told.interval.low < told.amount < told.interval.high
    )
    assert [each.collisions for each in collisions(engine, at=AT).went_with] == [20, 0, 0]


def test_with_too_few_closed_deals_there_is_no_price_but_how_many_more_are_needed() -> None:
    engine = facts_in_hand(
        touches=mailed(19, "hit"), deals=closed(19, "hit", 5, 1000.0) + closed(40, "free", 20, 900.0)
    )
    told = of_negotiations(collisions(engine, at=AT))
    assert (told.amount, told.interval, told.needed) == (None, None, 1)


def test_the_difference_of_two_shares_is_newcombes() -> None:
    """56 of 70 against 48 of 80, the example of Newcombe (1998), method 10: 0.0524 to 0.3339 at 95 %."""
    apart = 56 / 70 - 48 / 80
    one, two = wilson(56, 70, 0.95), wilson(48, 80, 0.95)
    low = apart - ((56 / 70 - one.low) ** 2 + (two.high - 48 / 80) ** 2) ** 0.5
    high = apart + ((one.high - 56 / 70) ** 2 + (48 / 80 - two.low) ** 2) ** 0.5
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    told = difference(56, 70, 48, 80)
    assert low < told.low < apart < told.high < high  # at 90 %


def test_nothing_recorded_is_no_collision_and_old_ones_are_over() -> None:
    assert (
        found(
            lake("""
        person_id | kind      | side  | by    | occurred_at
        ann       | mail.sent | sales | tomas | 2025-03-02T09:00
        bob       | mail.sent | sales | amy   | 2025-03-03T09:00
        """)
        )
        == []
    )
    assert collisions(facts_in_hand(), at=AT).collisions == ()
    assert timedelta(days=365) > AT - datetime(2026, 1, 1)  # noqa: DTZ001
