"""Attribution: how wins are shared out among the touches before them. Every expectation is counted by hand (M106)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.tables import facts_in_hand, text_table

from accord.facts.engine import Engine
from accord.insight.attribution.attribution import Attribution, attribute


def lake(touches: str, deals: str, **more: str) -> Engine:
    tables = {"touches": touches, "deals": deals, **more}
    return facts_in_hand(**{name: text_table(text) for name, text in tables.items()})


def shared(found: Attribution, model: str) -> dict[str, float]:
    return {credit.channel: round(credit.conversions, 6) for credit in found.models[model]}


def worth(found: Attribution, model: str) -> dict[str, float]:
    return {credit.channel: round(credit.value or 0.0, 6) for credit in found.models[model]}


THREE_PEOPLE = lake(
    touches="""
    person_id | channel | side      | occurred_at
    alice     | search  | marketing | 2026-01-05
    alice     | email   | marketing | 2026-01-12
    alice     | call    | sales     | 2026-01-19
    bob       | email   | marketing | 2026-01-06
    bob       | email   | marketing | 2026-01-13
    carol     | search  | marketing | 2026-01-07
    carol     | call    | sales     | 2026-01-08
    """,
    deals="""
    deal_id | person_id | event | occurred_at | amount | currency
    d1      | alice     | won   | 2026-01-20  | 600    | EUR
    d2      | bob       | won   | 2026-01-20  | 300    | EUR
    """,
)


def test_each_model_shares_a_conversion_out_in_its_own_way() -> None:
    found = attribute(THREE_PEOPLE)
    assert shared(found, "first") == {"call": 0, "email": 1, "search": 1}
    assert shared(found, "last") == {"call": 1, "email": 1, "search": 0}
    assert shared(found, "linear") == {"call": 0.333333, "email": 1.333333, "search": 0.333333}
    assert shared(found, "position") == {"call": 0.4, "email": 1.2, "search": 0.4}
    assert shared(found, "time_decay") == {"call": 0.571429, "email": 1.285714, "search": 0.142857}  # 4 : 2 : 1
    assert shared(found, "shapley") == {"call": 0.333333, "email": 1.333333, "search": 0.333333}


def test_value_goes_the_way_of_its_conversion() -> None:
    found = attribute(THREE_PEOPLE)
    assert (found.value, found.currency) == (900, "EUR")
    assert worth(found, "first") == {"call": 0, "email": 300, "search": 600}
    assert worth(found, "linear") == {"call": 200, "email": 500, "search": 200}


def test_a_markov_model_asks_what_is_lost_without_the_channel() -> None:
    found = attribute(THREE_PEOPLE)
    # from the start to search 2/3, to email 1/3; search leads to email 1/2, to call 1/2; email to email 1/3, call 1/3,
    # a conversion 1/3; call to a conversion 1/2. From email in the end 3/4, from search 5/8, from the start 2/3.
    # without call: email 1/2, start 1/3. Without email: start 1/6. Without search: start 1/4.
    lost = {"call": 1 - (1 / 3) / (2 / 3), "email": 1 - (1 / 6) / (2 / 3), "search": 1 - (1 / 4) / (2 / 3)}
    assert shared(found, "markov_1") == {channel: round(2 * lost[channel] / sum(lost.values()), 6) for channel in lost}


def test_what_each_team_contributed() -> None:
    found = attribute(THREE_PEOPLE, by="side")
    assert shared(found, "first") == {"marketing": 2, "sales": 0}
    assert shared(found, "last") == {"marketing": 1, "sales": 1}
    assert shared(found, "linear") == {"marketing": 1.666667, "sales": 0.333333}


def test_a_window_leaves_earlier_touches_out() -> None:
    found = attribute(THREE_PEOPLE, window=10)
    assert shared(found, "first") == {"call": 0, "email": 2, "search": 0}
    assert found.outside == 2  # alice's search and bob's first mail


def test_two_touches_share_evenly_by_position_and_one_has_all() -> None:
    found = attribute(
        lake(
            touches="""
            person_id | channel | occurred_at
            alice     | email   | 2026-01-05
            alice     | call    | 2026-01-06
            bob       | event   | 2026-01-05
            """,
            deals="""
            deal_id | person_id | event | occurred_at
            d1      | alice     | won   | 2026-01-20
            d2      | bob       | won   | 2026-01-20
            """,
        )
    )
    assert shared(found, "position") == {"call": 0.5, "email": 0.5, "event": 1}
    assert found.value is None


SEVERAL = lake(
    touches="""
    person_id | channel | occurred_at
    alice     | email   | 2026-01-05
    alice     | call    | 2026-02-05
    alice     | event   | 2026-03-05
    bob       | email   | 2026-01-05
    """,
    deals="""
    deal_id | person_id | event | occurred_at | amount | currency
    d1      | alice     | won   | 2026-01-20  | 10     | EUR
    d2      | alice     | won   | 2026-02-20  | 20     | EUR
    d3      | alice     | won   | 2026-02-20  | 30     | EUR
    d4      | bob       | won   | 2026-01-04  | 40     | EUR
    """,
)


def test_a_path_ends_with_its_conversion_and_wins_of_one_moment_share_it() -> None:
    found = attribute(SEVERAL)
    assert shared(found, "linear") == {"call": 2, "email": 1, "event": 0}
    assert worth(found, "linear") == {"call": 50, "email": 10, "event": 0}
    assert found.nulls == 2  # alice's event and bob's mail led to nothing yet


def test_a_conversion_without_a_touch_is_counted_beside() -> None:
    found = attribute(SEVERAL)
    assert (found.conversions, found.alone) == (3, 1)


def test_a_period_chooses_conversions_and_their_touches_count_from_before() -> None:
    found = attribute(SEVERAL, since=datetime.fromisoformat("2026-02-10"), until=datetime.fromisoformat("2026-03-01"))
    assert shared(found, "first") == {"call": 2, "email": 0}
    assert found.nulls == 0  # the event is still to come


def test_an_account_deal_belongs_to_the_person_that_the_funnel_gives_it_to() -> None:
    found = attribute(
        lake(
            touches="""
            person_id | channel | occurred_at
            alice     | email   | 2026-01-05
            old-alice | call    | 2026-01-06
            """,
            deals="""
            deal_id | account_id | event  | occurred_at
            d1      | acme       | opened | 2026-01-15
            d1      | acme       | won    | 2026-01-20
            d2      | nobody     | won    | 2026-01-20
            """,
            handoffs="""
            person_id | handoff_id | event   | occurred_at
            alice     | h1         | offered | 2026-01-07
            """,
            profiles="""
            subject | subject_id | account_id | occurred_at
            person  | alice      | acme       | 2026-01-01
            """,
            identities="""
            alias_id  | person_id | occurred_at
            old-alice | alice     | 2026-01-01
            """,
        )
    )
    assert shared(found, "linear") == {"call": 0.5, "email": 0.5}
    assert found.notices[-1].startswith("1 won deals belong to nobody")


MONEY = """
deal_id | person_id | event | occurred_at | amount | currency
d1      | alice     | won   | 2026-01-20  | 100    | EUR
d2      | bob       | won   | 2026-01-20  | 100    | GBP
d3      | carol     | won   | 2026-01-20  |        |
"""
MAILS = """
person_id | channel | occurred_at
alice     | email   | 2026-01-05
bob       | call    | 2026-01-05
carol     |         | 2026-01-05
"""


def test_money_is_told_at_the_rate_of_the_day_and_a_win_without_an_amount_still_counts() -> None:
    rates = """
    currency | base | rate | occurred_at
    GBP      | EUR  | 2    | 2026-01-01
    GBP      | EUR  | 3    | 2026-02-01
    """
    found = attribute(lake(MAILS, MONEY, rates=rates))
    assert worth(found, "linear") == {"call": 200, "email": 100, "no channel": 0}
    assert shared(found, "linear") == {"call": 1, "email": 1, "no channel": 1}
    assert "1 won deals have no amount that can be told in EUR: 0 in value." in found.notices


@pytest.mark.parametrize("given", [{}, {"currency": "EUR"}])
def test_mixed_money_without_a_rate_leaves_the_rest_standing(given: dict[str, Any]) -> None:
    found = attribute(lake(MAILS, MONEY), **given)
    assert shared(found, "linear") == {"call": 1, "email": 1, "no channel": 1}
    assert found.value == (100 if given else None)
