"""The gallery shows every component once, as rooms use it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from tests.app.cast import a_marketer, a_rep
from tests.app.html import faults

from accord_app.shell.templatetags import shell

GALLERY = Path(shell.__file__).parents[1] / "templates/shell/components.html"
ELSEWHERE = {"icon", "panels", "form_errors", "waiting_toasts", "mark"}
"""Within other components, or tied to a request."""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_house")]


def test_the_gallery_is_sound_for_everybody_who_is_signed_in(client: Client) -> None:
    for member in (a_rep(), a_marketer()):
        client.force_login(member)
        assert faults(client.get("/components/").content.decode()) == []


def test_every_tag_is_shown() -> None:
    used = set(re.findall(r"{% (\w+)", GALLERY.read_text(encoding="utf-8")))
    assert set(shell.register.tags) - used - ELSEWHERE == set()


def test_positions_are_attributes_that_the_style_sheet_knows(client: Client) -> None:
    client.force_login(a_rep())
    page = client.get("/components/").content.decode()
    positions = re.findall(r'data-(?:p|x|h|w|lo|mid|hi|zero|now|tgt)="([^"]*)"', page)
    assert len(positions) > 30
    assert all(position.isdigit() and int(position) <= 100 for position in positions)
