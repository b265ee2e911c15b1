"""What the worker does for nurture."""

from __future__ import annotations

from accord_app.outbox import letters
from accord_app.outreach import consents, entering, sending, walking
from accord_app.records import actions as records
from accord_app.work import handlers

LOOK_EVERY = 600
"""Seconds; the rule of a track itself is looked at once a day."""


def register() -> None:
    """Tell the worker what to call, hear what happens, and write the letters of this room."""
    records.listen("handoffs", entering.hear_handoffs)
    records.listen("consent", entering.hear_consent)
    letters.register(sending.WRITER, sending.TrackMail())
    letters.register(consents.WRITER, sending.Asking())
    handlers.register_rows(
        walking.STEPS, walking.due, walking.walk, title="Let people in tracks go on", at_once=walking.AT_ONCE,
        lease_seconds=120, ends_rows=False,
    )  # fmt: skip
    handlers.register(
        entering.BY_RULE, entering.look_by_rule, title="Let people into tracks by rule", lease_seconds=900, long=True
    )
    handlers.register(
        entering.CATCH_UP, entering.catch_up_jobs, title="Let recycled leads into a track", lease_seconds=900
    )
    handlers.every(entering.BY_RULE, LOOK_EVERY)
