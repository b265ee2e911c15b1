"""Messages that are to leave, written in the transaction of the act that caused them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accord_app.work.models import Due


class Message(Due):
    """One mail to one person. `key` makes a second one for the same cause impossible."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DIGEST = "digest", "For the digest"
        DEAD = "dead", "Gave up"
        CANCELLED = "cancelled", "No longer needed"

    WHEN_DEAD = {"state": State.DEAD}
    WHEN_AGAIN = {"state": State.WAITING}

    key = models.CharField(max_length=200, unique=True)
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
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="message_due"),
            models.Index(fields=["state", "id"], name="message_by_state"),
            models.Index(fields=["to", "id"], name="messages_of_user"),
            models.Index(fields=["to", "due_at"], condition=Q(state="digest"), name="message_for_digest"),
            models.Index(fields=["died_at"], condition=Q(died_at__isnull=False), name="message_dead"),
            models.Index(fields=["about"], condition=Q(state__in=["waiting", "digest", "dead"]), name="message_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.pk}"


class Letter(Due):
    """One mail to somebody outside, known here by id alone. It is handed over at most once: what is not known to have
    left stays `unsure` until a person decides. `key` makes a second one for the same occasion impossible."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        LEAVING = "leaving", "Leaving"  # handed over just now; still so after the lease, nobody knows what became of it
        SENT = "sent", "Sent"
        BOUNCED = "bounced", "No such address"
        REFUSED = "refused", "Refused"  # by the mail server, for good, though not for the address
        UNSURE = "unsure", "Unknown, ask a person"
        DEAD = "dead", "Gave up"
        CANCELLED = "cancelled", "No longer needed"

    WHEN_DEAD = {"state": State.DEAD}
    WHEN_AGAIN = {"state": State.WAITING}

    key = models.CharField(max_length=200, unique=True)
    writer = models.CharField(max_length=40)  # which room writes it; see `letters.register`
    person_id = models.CharField(max_length=24)
    context = models.JSONField(default=dict)  # what the writer needs; no personal data but ids
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    held_by = models.CharField(max_length=120, blank=True)  # the clause that holds it back now
    at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)  # when it was handed over
    sent_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=255, blank=True)  # what the mail provider calls it

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state__in=["waiting", "leaving"]), name="letter_due"),
            models.Index(fields=["state", "id"], name="letter_by_state"),
            models.Index(fields=["person_id", "id"], name="letters_of_person"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="letter_of_provider"),
            models.Index(fields=["died_at"], condition=Q(died_at__isnull=False), name="letter_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.writer} {self.pk}"
