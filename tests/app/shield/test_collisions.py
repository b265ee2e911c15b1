"""The page of collisions: the same for both teams, opened to the messages, and as a file (M41, M42)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests.app.cast import a_marketer, a_rep
from tests.app.handoffs.test_pages import client_of, page_of
from tests.app.shield.worlds import a_deal, a_person, agreed

from accord_app.ledger.carrying import carry
from accord_app.measures.colliding import measure_collisions
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
PAGE, FILE = "/shield/collisions/", "/shield/collisions/csv/"
DAY = timedelta(days=1)


def a_collision() -> None:
    """Birgit is in negotiation when a campaign comes; Emma is written to by two colleagues."""
    now = timezone.now()
    agreed()
    for person in ("birgit", "emma"):
        a_person(person, at=now - 30 * DAY)
    a_deal("birgit", at=now - 20 * DAY, stage="negotiation")
    told = [
        {"id": "c", "person_id": "birgit", "kind": "email.sent", "side": "marketing", "campaign": "spring"},
        {"id": "a", "person_id": "emma", "kind": "mail.sent", "side": "sales", "by": "amy"},
        {"id": "t", "person_id": "emma", "kind": "mail.sent", "side": "sales", "by": "tomas"},
    ]
    for place, row in enumerate(told):
        record("touches", [row | {"occurred_at": now - (3 - place) * DAY}], at=now - (3 - place) * DAY, source="mailer")
    carry(at=now)
    measure_collisions(at=now)


def test_both_teams_see_the_same_collisions_and_open_them() -> None:
    a_rep()
    assert "Nobody has looked yet" in page_of(a_marketer(), PAGE)
    a_collision()
    pages = [page_of(who(), PAGE) for who in (a_rep, a_marketer)]
    for page in pages:
        assert "2 collisions in the last 12 months." in page
        assert "20 more closed deals would tell" in page
        assert reverse("records:account", args=["at-birgit"]) in page and "spring" in page
        assert reverse("records:deal", args=["deal-birgit"]) in page
        assert "after amy" in page and reverse("records:person", args=["emma"]) in page
    chosen = page_of(a_rep(), f"{PAGE}?kind=colleagues")
    assert "At-Emma" in chosen and "At-Birgit" not in chosen
    assert "None of this kind" in page_of(a_rep(), f"{PAGE}?kind=teams")
    assert "At-Emma" in page_of(a_rep(), f"{PAGE}?kind=nonsense&after=x")
    assert "At-Emma" not in page_of(a_rep(), f"{PAGE}?after=50")


def test_the_file_holds_every_message_with_its_collision() -> None:
    a_collision()
    client = client_of(a_rep())
    lines = b"".join(client.get(FILE)).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("kind,began_at,account_id,account,deal_id,message_id")
    assert [line.split(",")[0] for line in lines[1:]] == ["colleagues", "negotiation"]
    assert ",tomas,amy," in lines[1] and lines[2].endswith(",marketing,,spring")
    assert len(b"".join(client.get(FILE, {"kind": "teams"})).splitlines()) == 1
