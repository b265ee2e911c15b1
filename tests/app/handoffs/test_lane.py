"""The lane of one person: what has no room on it stands in the list alone, and no words stand on others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from tests.app.cast import a_revops
from tests.app.handoffs.leads import DAY, a_lead, in_force

from accord_app.handoffs import touches
from accord_app.handoffs.reads import Desk
from accord_app.records.actions import record

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KINDS = ("page.pricing", "page.case-study", "form.download", "page.product", "page.pricing", "ad.clicked")

pytestmark = pytest.mark.django_db


def test_words_of_touches_close_together_never_stand_on_each_other() -> None:
    in_force()
    a_lead(at=NOW - 200 * DAY)
    crowd = [
        {"id": f"c{n}", "person_id": "birgit", "kind": kind, "side": "marketing",
         "occurred_at": NOW - 199 * DAY + timedelta(minutes=n)}
        for n, kind in enumerate(KINDS)
    ]  # fmt: skip
    record("touches", crowd, at=NOW - 198 * DAY, source="site")
    lane, said = touches.lane(Desk(a_revops(), NOW), "birgit")
    assert len(lane.listed) == 8 and said.startswith("8 touches")
    drawn = [(touch.height, touches._reach(touch)) for touch in lane.touches]
    assert len(drawn) >= 2
    for (height, (start, end)), (other_height, (other_start, other_end)) in combinations(drawn, 2):
        assert height != other_height or end < other_start or other_end < start
