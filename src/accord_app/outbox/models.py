"""Messages that are to leave, written in the transaction of the act that caused them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accord_app.work.models import Due


class Message(Due):
    """One mail to one person. `key` makes a second one for the same cause impossible."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DIGEST = "digest", "For the digest"
        DEAD = "dead", "Gave up"
        CANCELLED = "cancelled", "No longer needed"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="messages")
    about = models.CharField(max_length=120, blank=True)  # the record that it links to, as kind:id
    context = models.JSONField(default=dict)  # what the template needs; no personal data of leads but ids
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    urgent = models.BooleanField(default=False)  # does not wait for the digest, but for quiet hours
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="message_by_state"),
            models.Index(fields=["to", "at"], name="messages_of_user"),
        ]
