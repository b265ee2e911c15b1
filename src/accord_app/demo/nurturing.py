"""The simulated company nurtures: a text of consent, templates, and the tracks that its agreement names, with some of
those in them whom sales gave back lately. No mail leaves a demo; who is held back is shown all the same."""

from __future__ import annotations

from datetime import datetime

from accord_app.members.models import User
from accord_app.outreach import actions, consents, entering, walking

WRITTEN_BY = "mia"
IN_EACH = 12
"""So many people of each track: enough to look at, and quickly let in."""

TEXT = """I want to hear from Northwind Robotics by mail about robots for small factories, at most twice a week.
I can say no at any time by the link in each mail."""
TEMPLATES = {
    "keep-warm-1": (
        "When the moment is right",
        """Hello {first_name|there},

last time the moment was not right for {company|you}. That is fine.

[[news: Two plants of your size have put a palletizer to work since, within a week each.]]

If that changes anything, just answer this mail.""",
    ),
    "keep-warm-2": (
        "What others ask first",
        """Hello {first_name|there},

before they decide, most plant managers ask us three things: how long the line stands still, who trains the shift, and
what happens at night.

[[answer: On average, the line stands still for two days.]]""",
    ),
    "business-case-1": (
        "Numbers for the next budget",
        """Hello {first_name|there},

for the next budget of {company|your company}: a sheet in which you enter shifts, wages and pallets, and read off when a
robot pays for itself.

[[offer: We fill it in together, if you like.]]""",
    ),
}
TRACKS = {
    "keep-warm": (
        "Keep warm",
        """mail keep-warm-1
wait 14d
exit when account_open_deals > 0
when score < 50
mail keep-warm-2
wait 14d
task marketing: Look for news about the account""",
    ),
    "business-case": (
        "Business case",
        """wait 7d
mail business-case-1
wait 60d
task owner: Ask when the next budget is made""",
    ),
}


def nurture(*, at: datetime) -> None:
    """Write what there is to write, and let in whom sales gave back lately."""
    by = User.objects.get(handle=WRITTEN_BY)
    consents.write_text(text=TEXT, by=by, at=at)
    for name, (subject, body) in TEMPLATES.items():
        actions.write_template(name=name, subject=subject, body=body, by=by, at=at)
    for name, (title, steps) in TRACKS.items():
        version = actions.write_track(name=name, title=title, steps=steps, entry="", by=by, at=at)
        entering.catch_up(track=version.track, at=at, most=IN_EACH)
    walking.walk(list(walking.due().filter(due_at__lte=at).order_by("id")), at)
