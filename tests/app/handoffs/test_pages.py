"""The queue and the page of one handoff: what stands where, for whom."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.app.cast import a_rep
from tests.app.handoffs.leads import HOUR, a_lead, in_force
from tests.app.html import faults

from accord_app.members.models import User

pytestmark = pytest.mark.django_db
LIST = reverse("handoffs:list")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_rep_finds_the_next_lead_with_its_clock_and_the_reason_it_is_here() -> None:
    in_force()
    tomas = a_rep()
    a_lead(at=timezone.now() - HOUR)
    page = signed_in(tomas).get(LIST).content.decode()
    assert faults(page) == []
    assert "Birgit Sommer" in page and "Kestrel Foods" in page
    assert "2 h 59 m" in page
    assert "price request, pricing page" in page
