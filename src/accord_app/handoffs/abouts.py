"""How messages call a handoff: by the lead's name, looked up when the message is shown or leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse

from accord_app.handoffs.models import Handoff
from accord_app.outbox.abouts import About


def handoffs(ids: Collection[str]) -> Mapping[str, About]:
    """The handoffs that are there. Those of an erased person are left out, so that no message is about them."""
    found = Handoff.objects.filter(handoff_id__in=ids, person__erased_at=None).select_related("person")
    return {handoff.handoff_id: _about(handoff) for handoff in found}


def _about(handoff: Handoff) -> About:
    person = handoff.person
    score = f"Score {handoff.score:.0f}, band {handoff.band}" if handoff.score is not None and handoff.band else ""
    return About(
        title=person.name or "A lead without a name",
        detail=" · ".join(part for part in (person.company, score) if part),
        path=reverse("handoffs:one", args=[handoff.handoff_id]),
    )
