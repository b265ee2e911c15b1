"""Texts to which people agree, templates and tracks in their versions, and who is where in which track. What somebody
allowed or forbade is a fact of the ledger; nothing here counts for the shield."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accord_app.outbox.models import Letter
from accord_app.work.models import Due


class Wording(models.Model):
    """One version of the text to which people agree. A new version is a new row."""

    purpose = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    text = models.TextField(max_length=4000)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purpose", "number"], name="one_text_per_number")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.number}"


class Request(models.Model):
    """That a person was asked for consent by mail. It counts from the confirmation, under the text that it named."""

    person_id = models.CharField(max_length=24)
    wording = models.ForeignKey(Wording, on_delete=models.PROTECT, related_name="requests")
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    until = models.DateTimeField()  # the link says nothing any more from then on
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person_id", "at"], name="requests_of_person")]

    def __str__(self) -> str:
        return f"{self.wording} of {self.person_id}"


class Template(models.Model):
    """A mail that marketing has written, in versions; the newest leaves."""

    name = models.SlugField(max_length=60, unique=True)

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """One text of a template; see `accord.agreement.letter` for what its signs mean."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=150)
    body = models.TextField(max_length=10_000)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="one_template_per_number")]

    def __str__(self) -> str:
        return f"{self.template} {self.number}"


class Track(models.Model):
    """A series of steps. The agreement names tracks by `name`; one that is closed lets nobody in any more."""

    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    closed_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # when the rule of entry was last looked at

    def __str__(self) -> str:
        return self.title


class TrackVersion(models.Model):
    """The steps of a track as they were once written; people finish the version that they are in."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    steps = models.TextField(max_length=10_000)
    said = models.JSONField(default=dict)  # in free parts: by the key of the mail, then by the name of the part
    entry = models.TextField(max_length=4_000, blank=True)  # who comes in by rule; empty: only by answer or by hand
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["track", "number"], name="one_track_per_number")]

    def __str__(self) -> str:
        return f"{self.track}, version {self.number}"


class Membership(Due):
    """One person on the way through one track: a row to be done, at the next step."""

    class Why(models.TextChoices):
        ANSWER = "answer", "Recycled by sales"
        RULE = "rule", "By the rule of the track"
        HAND = "hand", "By hand"

    class Awaits(models.TextChoices):
        NOTHING = "", "The next step"
        MAIL = "mail", "A mail to leave"
        TASK = "task", "A task to be done"

    class Left(models.TextChoices):
        FINISHED = "finished", "Went through to the end"
        STEP = "step", "A condition of the track ended it"
        HANDED_OVER = "handed_over", "Handed over to sales"
        SAID_NO = "said_no", "Said no to marketing mail"
        BOUNCED = "bounced", "The address takes no mail"
        NO_ADDRESS = "no_address", "No address is known"
        HELD_BACK = "held_back", "Held back for too long"
        AGAIN = "again", "Answered anew"
        HAND = "hand", "Taken out by hand"
        ERASED = "erased", "Erased"

    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="members")
    version = models.ForeignKey(TrackVersion, on_delete=models.PROTECT, related_name="members")
    person_id = models.CharField(max_length=24)
    why = models.CharField(max_length=6, choices=Why)
    reason = models.CharField(max_length=64, blank=True)  # the code of the recycle reason
    handoff_id = models.CharField(max_length=24, blank=True)  # the handoff that was recycled
    by = models.CharField(max_length=64, blank=True)
    entered_at = models.DateTimeField()
    place = models.PositiveIntegerField(default=0)
    awaits = models.CharField(max_length=4, choices=Awaits, default=Awaits.NOTHING, blank=True)
    left_at = models.DateTimeField(null=True)
    left = models.CharField(max_length=11, choices=Left, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id"], condition=Q(left_at=None), name="one_track_per_person"),
            models.CheckConstraint(
                condition=Q(left_at=None, left="") | (Q(left_at__isnull=False) & ~Q(left="")),
                name="who_left_left_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(left_at=None, awaits=""), name="step_due"),
            models.Index(fields=["track", "left_at", "id"], name="members_of_track"),
            models.Index(fields=["person_id", "id"], name="tracks_of_person"),
            models.Index(fields=["handoff_id"], name="track_of_handoff"),
            models.Index(fields=["died_at"], condition=Q(died_at__isnull=False), name="step_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.track.name} {self.pk}"


class Passed(models.Model):
    """A step that somebody has behind them, and how it ended."""

    class Came(models.TextChoices):
        DONE = "done", "Done"
        SENT = "sent", "Sent"
        REFUSED = "refused", "The mail server refused it"
        OVER = "over", "Passed over"
        ENDED = "ended", "Ended the track"

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="passed")
    version = models.PositiveIntegerField()
    place = models.PositiveIntegerField()
    words = models.CharField(max_length=4_200)
    came = models.CharField(max_length=7, choices=Came)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["membership", "id"], name="passed_of_member")]

    def __str__(self) -> str:
        return self.words


class Task(models.Model):
    """Something that a colleague does for a person in a track. `who` is a handle; empty: anybody of marketing."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="tasks")
    place = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    who = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=64, blank=True)
    is_dropped = models.BooleanField(default=False)  # the person left the track first

    class Meta:
        indexes = [
            models.Index(fields=["who", "at", "id"], condition=Q(done_at=None, is_dropped=False), name="open_tasks"),
        ]

    def __str__(self) -> str:
        return self.title


class Check(models.Model):
    """What the shield answered about a letter, just before it would have left. Kept for every asking."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="checks")
    at = models.DateTimeField()
    clause = models.CharField(max_length=120, blank=True)  # empty: it may go
    until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["letter", "id"], name="checks_of_letter")]

    def __str__(self) -> str:
        return self.clause or "may go"
