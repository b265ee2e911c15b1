"""What goes with the use of an asset. Every expectation is counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests.tables import DAY_ZERO, facts_in_hand, text_table

from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.insight.content_effect.content import Content, NoContentError, content

AT = DAY_ZERO + timedelta(days=200)


def company(with_it: Sequence[int | None], without_it: Sequence[int | None], *, used_on: float = 1.0) -> Engine:
    """Deals opened on the first day and won after so many days, or never; an asset was used with the first of them."""
    deals: list[dict[str, Any]] = []
    for place, days in enumerate([*with_it, *without_it]):
        deal: dict[str, Any] = {"deal_id": f"d{place}", "person_id": f"p{place}", "account_id": f"a{place}"}
        deals.append({**deal, "event": "opened", "occurred_at": DAY_ZERO})
        if days is not None:
            deals.append({**deal, "event": "won", "occurred_at": DAY_ZERO + timedelta(days=days)})
    touches: list[dict[str, Any]] = [
        {"person_id": f"p{n}", "kind": "page.home", "channel": "email"} for n in range(len(deals))
    ]
    touches.append({"person_id": "late", "kind": "page.home", "channel": "email", "occurred_at": AT})
    uses = [
        {"asset": "paper", "person_id": f"p{n}", "side": "sales", "occurred_at": DAY_ZERO + timedelta(days=used_on)}
        for n in range(len(with_it))
    ]
    return facts_in_hand(deals=deals, touches=touches, content=uses)


def of_paper(found: Content) -> Any:
    return found.effect("paper", "opportunity").effect


def test_the_share_that_reached_the_next_stage_stands_against_that_of_comparable_leads() -> None:
    told = of_paper(content(company([10] * 15 + [None] * 15, [10] * 10 + [None] * 30)))
    assert (told.with_it, told.without_it) == (0.5, 0.25)
    assert told.difference == 0.25
    assert told.interval.low < 0.25 < told.interval.high
    assert (told.n, told.controls, told.overlap) == (30, 40, 1.0)


def test_whoever_had_moved_on_before_is_no_comparison() -> None:
    told = of_paper(content(company([10] * 30, [10] * 20 + [2] * 40, used_on=3)))
    assert told.controls == 20


def test_wins_after_the_horizon_do_not_count() -> None:
    told = of_paper(content(company([100] * 30, [10] * 30), horizon=30))
    assert (told.with_it, told.without_it) == (0.0, 1.0)


def test_too_few_leads_say_how_many_more_would_tell() -> None:
    told = of_paper(content(company([10] * 5, [10] * 30)))
    assert told.difference is None
    assert told.says == "Too few: 5 leads; 15 more would tell."


def test_leads_without_any_like_them_are_not_judged() -> None:
    told = of_paper(content(company([10] * 30, [10] * 3)))
    assert told.difference is None
    assert told.says == "Not comparable: 0% of the leads with it have 5 like them without it."


def test_used_and_unused_assets_are_told_apart() -> None:
    engine = facts_in_hand(
        content=text_table(
            """
            asset | person_id | side      | occurred_at
            paper | ann       | sales     | 2026-03-01
            paper | ben       | sales     | 2026-03-02
            old   | ann       | sales     | 2025-01-01
            guide | ann       | marketing | 2026-03-01
            """
        ),
        touches=text_table(
            """
            person_id | kind          | asset   | occurred_at
            ann       | form.download | webinar | 2026-03-01
            ann       | page.home     |         | 2026-03-05
            """
        ),
    )
    found = content(engine)
    assert [(each.name, each.uses, each.people, each.by_sales, each.is_used) for each in found.assets] == [
        ("paper", 2, 2, 2, True),
        ("guide", 1, 1, 0, False),  # marketing's own
        ("old", 1, 1, 1, False),  # not for 90 days
        ("webinar", 0, 0, 0, False),
    ]
    assert [each.name for each in found.unused] == ["guide", "old", "webinar"]


def test_a_use_that_names_a_deal_belongs_to_its_person() -> None:
    engine = company([10] * 30, [10] * 30)
    rows = engine.rows("SELECT * FROM content")
    told = [{**row, "person_id": None, "deal_id": f"d{row['person_id'][1:]}"} for row in rows.to_pylist()]
    engine.register("content", pa.Table.from_pylist(told, rows.schema))
    assert of_paper(content(engine)).n == 30


def test_without_any_use_there_is_nothing_to_tell() -> None:
    with pytest.raises(NoContentError, match="No use of an asset is recorded here"):
        content(facts_in_hand())


def test_a_horizon_has_to_be_a_number_of_days() -> None:
    with pytest.raises(AccordError, match="A horizon of -1 days cannot be"):
        content(company([10], [10]), horizon=-1)


def test_facts_after_the_moment_are_not_read() -> None:
    with pytest.raises(NoContentError):
        content(company([10] * 30, [10] * 30), at=datetime.fromisoformat("2026-01-05T12:00"))
