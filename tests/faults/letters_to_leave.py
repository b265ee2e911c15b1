"""A workspace in which so many people wait for the first mail of a track: python -m tests.faults.letters_to_leave 40"""

from __future__ import annotations

import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402
from tests.app import cast  # noqa: E402
from tests.app.handoffs.leads import DAY  # noqa: E402
from tests.app.outreach.nurture import a_track, steps_pass  # noqa: E402
from tests.app.shield.worlds import a_person  # noqa: E402

from accord_app.outreach import actions  # noqa: E402
from accord_app.records.models import Person  # noqa: E402

now = timezone.now()
track = a_track(steps="mail warm-1", at=now)
for number in range(int(sys.argv[1])):
    a_person(f"lead{number}", at=now - 60 * DAY)
    actions.put_in(track=track, person=Person.objects.get(pk=f"lead{number}"), by=cast.a_marketer(), at=now)
while steps_pass(timezone.now()):
    pass
