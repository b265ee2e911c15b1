"""What the pages of intake ask."""

from __future__ import annotations

import secrets
from typing import Any, cast

from django import forms

from accord.facts.errors import AccordError
from accord.facts.tables import TABLES
from accord.sources.values import checked_zone
from accord_app.intake import reading, uploading
from accord_app.intake.models import Token
from accord_app.intake.scopes import SENTENCES, may_give, said
from accord_app.intake.wording import TITLES
from accord_app.members.models import User


def once() -> str:
    """A mark of one form, by which it is known when it is sent twice."""
    return secrets.token_hex(16)


class Mark(forms.HiddenInput):
    """The mark of a form; one that no form of ours has is not given back."""

    def format_value(self, value: Any) -> str:
        """As it was sent, or anew."""
        sent = str(value or "")
        return sent if sent.isalnum() and sent.isascii() else once()


class UploadForm(forms.Form):
    """A file."""

    file = forms.FileField(label="File", allow_empty_file=True, help_text=f"A file that ends in {uploading.KINDS}.")
    once = forms.CharField(widget=Mark, initial=once, max_length=40)

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
    """A key for a program. `by`: who makes it; nobody gives a key what they may not do."""

    name = forms.CharField(label="Program", max_length=80, help_text="Who will use it, as Website.")
    source = forms.CharField(label="Source", max_length=60, help_text="What its events come from, as website.")
    person = forms.ChoiceField(
        required=False,
        label="It acts for",
        help_text="In whose name it answers. A key never sees more than this colleague does.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may", required=False, widget=forms.CheckboxSelectMultiple, initial=[Token.Scope.EVENTS]
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, joined_at__isnull=False).order_by("name")
        self._people = {each.handle: each for each in people}
        offered = [("", "The program itself"), *((each.handle, each.name) for each in people)]
        cast(forms.ChoiceField, self.fields["person"]).choices = offered
        scopes = [(each, f"{label}: {_uncapital(SENTENCES[each])}") for each, label in Token.Scope.choices]
        cast(forms.ChoiceField, self.fields["scopes"]).choices = [each for each in scopes if may_give(by, each[0])]

    def clean_person(self) -> User | None:
        """The colleague of that handle; None for the program itself."""
        return self._people.get(self.cleaned_data["person"])

    def clean_scopes(self) -> tuple[str, ...]:
        """What was chosen; nothing said is sending events."""
        return tuple(self.cleaned_data["scopes"]) or (str(Token.Scope.EVENTS),)

    def clean(self) -> dict[str, Any]:
        """Whoever the key acts for must have the right to each thing that it may do."""
        found: dict[str, Any] = super().clean() or {}
        person = found.get("person")
        lacking = [said(each) for each in found.get("scopes", ()) if person and not may_give(person, each)]
        if lacking:
            self.add_error(
                "person", f"{person} may not {' or '.join(lacking)}. Leave that out, or choose somebody else."
            )
        return found


def _uncapital(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def means(table: str) -> str:
    """What a table holds, in a sentence."""
    return TABLES[table].sentence
