"""The gallery shows every component once."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.app.cast import a_rep


@pytest.mark.django_db
def test_the_gallery_opens_for_everybody_who_is_signed_in(client: Client) -> None:
    client.force_login(a_rep())
    answer = client.get("/components/")
    assert answer.status_code == 200
