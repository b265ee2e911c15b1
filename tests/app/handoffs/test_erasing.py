"""What people wrote beside a handoff goes with the person; the handoff stays."""

from __future__ import annotations

import pytest
from tests.app.cast import a_rep
from tests.app.handoffs.test_desk import MONDAY, arrives, in_force, the_handoff

from accord_app.handoffs.actions import note
from accord_app.handoffs.models import Handoff, Note
from accord_app.records import erasing

pytestmark = pytest.mark.django_db


def test_notes_are_found_and_go() -> None:
    in_force()
    arrives("p", at=MONDAY)
    note(handoff=the_handoff(), text="She is on holiday until Friday.", by=a_rep("ada", "Ada"), at=MONDAY)
    registered = [each for each in erasing._ERASERS if each.title == "Notes beside handoffs"]
    (eraser,) = registered
    subject = erasing.Subject(frozenset({"p"}), frozenset(), frozenset(), frozenset())
    Handoff.objects.update(country="DE", origin="fair")
    assert eraser.count(subject) == 1
    assert eraser.erase(subject, MONDAY) == 1
    assert eraser.erase(subject, MONDAY) == 0
    assert (Note.objects.count(), Handoff.objects.count()) == (0, 1)
    assert Handoff.objects.filter(country="", origin="").count() == 1
