"""What the pages of intake ask."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms

from accord.facts.errors import AccordError
from accord.facts.tables import TABLES
from accord.sources.values import checked_zone
from accord_app.intake import reading, uploading
from accord_app.intake.models import Token
from accord_app.intake.wording import TITLES


def once() -> str:
    """A mark of one form, by which it is known when it is sent twice."""
    return secrets.token_hex(16)


class UploadForm(forms.Form):
    """A file."""

    file = forms.FileField(label="File", allow_empty_file=True, help_text=f"A file that ends in {uploading.KINDS}.")
    once = forms.CharField(widget=forms.HiddenInput, initial=once, max_length=40)

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_too_large = is_too_large

    def clean(self) -> dict[str, Any]:
        """A file over the limit did not arrive at all; that is what is wrong then."""
        found: dict[str, Any] = super().clean() or {}
        if self._is_too_large:
            self.errors.pop("file", None)
            self.add_error("file", str(uploading.too_large()))
        return found


class ProposeForm(forms.Form):
    """What a file holds, what it comes from, in which zone its times are."""

    table = forms.ChoiceField(label="It holds", choices=[(table, TITLES[table]) for table in reading.OFFERED])
    source = forms.CharField(
        label="It comes from", max_length=60, required=False, help_text="A name such as crm: ids of one source meet."
    )
    time_zone = forms.CharField(label="Zone of its times", max_length=60, help_text="Where a time names none.")

    def clean_time_zone(self) -> str:
        """A zone by its name."""
        zone = str(self.cleaned_data["time_zone"])
        try:
            return checked_zone(zone)
        except AccordError as error:
            raise forms.ValidationError(str(error)) from None


class MappingForm(forms.Form):
    """How the file is read, as text."""

    mapping = forms.CharField(
        label="Mapping", widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "class": "code"}), strip=False
    )


class TokenForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(label="Program", max_length=80, help_text="Who will send with it, as Website.")
    source = forms.CharField(label="Source", max_length=60, help_text="What its events come from, as website.")
    scopes = forms.ChoiceField(
        label="It may",
        choices=[*Token.Scope.choices, ("both", "Send events and ask who may be written to")],
        initial=Token.Scope.EVENTS,
        required=False,
    )

    def clean_scopes(self) -> tuple[str, ...]:
        """What was chosen; nothing said is sending events."""
        chosen = str(self.cleaned_data["scopes"] or Token.Scope.EVENTS)
        return tuple(Token.Scope.values) if chosen == "both" else (chosen,)


def means(table: str) -> str:
    """What a table holds, in a sentence."""
    return TABLES[table].sentence
