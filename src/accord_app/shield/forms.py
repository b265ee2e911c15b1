"""What the pages of the shield ask."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from accord_app.intake.forms import once
from accord_app.shield import listing
from accord_app.shield.asking import MAIL, MESSAGE, Question
from accord_app.shield.models import SIDES
from accord_app.shield.overriding import REASON_LENGTH


class Mark(forms.CharField):
    """The hidden mark of a form. One that was tampered with, or is not there, is a new one."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> str:
        """The mark as it was given out, else a new one."""
        return value if isinstance(value, str) and re.fullmatch("[0-9a-f]{32}", value) else once()

    def bound_data(self, data: Any, initial: Any) -> str:  # noqa: ARG002 as Django calls it
        """What the form holds when it is shown again."""
        return self.clean(data)


class CheckForm(forms.Form):
    """A list, and what is to be sent to it."""

    file = forms.FileField(
        label="Or choose a file", required=False, allow_empty_file=True,
        help_text="A CSV file with a column of e-mail addresses or ids. It is read and not kept.",
    )  # fmt: skip
    people = forms.CharField(
        label="Paste the list", required=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="One e-mail address, id or source:id to a line.",
    )  # fmt: skip
    purpose = forms.ChoiceField(label="What for", initial=MAIL)
    side = forms.ChoiceField(label="Who writes", choices=SIDES, initial="marketing")
    message = forms.CharField(
        label="Which message", required=False, max_length=100,
        help_text="As the agreement names it, such as event-invitation; leave it empty for any other.",
    )  # fmt: skip
    once = Mark(initial=once)

    def __init__(self, *args: Any, purposes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["purpose"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        field.choices = purposes

    def clean_message(self) -> str:
        """A name as agreements give one."""
        said = str(self.cleaned_data["message"])
        if said and not MESSAGE.fullmatch(said):
            raise forms.ValidationError("Name the message in letters, digits and dashes, as the agreement does.")
        return said

    def clean(self) -> dict[str, Any]:
        """One list, as a file or typed."""
        found: dict[str, Any] = super().clean() or {}
        file = found.get("file")
        if file is not None and file.size > listing.LARGEST:
            self.add_error("file", "The file is larger than 5 MB. Leave out the columns that are not needed.")
        elif file is None and not found.get("people"):
            self.add_error("people", "Paste a line for each person, or choose a file.")
        return found

    def content(self) -> bytes:
        """The list as it was brought."""
        file = self.cleaned_data["file"]
        return bytes(file.read()) if file is not None else str(self.cleaned_data["people"]).encode()

    def question(self) -> Question:
        """What is asked about each of the list."""
        said = self.cleaned_data
        return Question(purpose=said["purpose"], side=said["side"], message=said["message"])


class OverrideForm(forms.Form):
    """Until when messages go through, and why."""

    until = forms.DateField(label="Until the end of", widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label="Why",
        max_length=REASON_LENGTH,
        help_text="Stands on this page for both teams, as: asked for the invitation herself.",
    )

    def ends_at(self) -> datetime:
        """The end of the day, in the reader's zone."""
        zone = timezone.get_current_timezone()
        end = datetime.combine(self.cleaned_data["until"], time(23, 59, 59), tzinfo=ZoneInfo(str(zone)))
        return end.astimezone(UTC)
