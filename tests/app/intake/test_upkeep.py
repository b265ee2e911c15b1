"""The lake of a workspace that runs for long: carrying leaves many small files, the worker puts them together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accord.facts.compaction import MANY
from accord_app.intake import turns
from accord_app.intake.handlers import put_files_together
from accord_app.ledger import lake
from accord_app.ledger.actions import append
from accord_app.ledger.carrying import carry

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def carried(times: int) -> None:
    for number in range(times):
        at = NOON + timedelta(seconds=number)
        row = {"id": f"{at}", "person_id": "p", "kind": "page.pricing", "side": "marketing", "occurred_at": at}
        append("touches", [row], at=at, source="site")
        assert carry(at=at) == 1


def test_files_are_put_together_and_carrying_goes_on_where_it_was() -> None:
    carried(MANY)
    put_files_together((), NOON + timedelta(hours=1))
    assert len(lake.ledger().files("touches")) == 1
    assert carry(at=NOON + timedelta(hours=1)) == 0
    assert len(lake.ledger().as_known("touches")) == MANY


def test_not_while_a_file_is_read_into_the_lake() -> None:
    carried(MANY)
    with turns.turn(wait=True):
        put_files_together((), NOON + timedelta(hours=1))
    assert len(lake.ledger().files("touches")) == MANY
