"""What the pages of nurture ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from accord.agreement.letter import LONGEST_PART
from accord.agreement.track import Mail, mails_named
from accord_app.outreach.composing import Part, free_parts

NAME = RegexValidator(r"^[a-z0-9][a-z0-9-]{0,59}\Z", "Use small letters, digits and dashes, as keep-warm.")


class Text(forms.CharField):
    """Long text as it is typed."""

    def __init__(self, *, rows: int, code: bool = False, **more: Any) -> None:
        attrs = {"rows": rows, "spellcheck": "false" if code else "true"}
        super().__init__(widget=forms.Textarea(attrs=attrs | ({"class": "code"} if code else {})), **more)


class TrackForm(forms.Form):
    """A track as a page of text."""

    name = forms.CharField(
        label="Name", max_length=60, validators=[NAME], help_text="As the agreement calls it: keep-warm."
    )
    title = forms.CharField(label="Title", max_length=120)
    steps = Text(rows=14, code=True, label="Steps", max_length=10_000, help_text="A step to a line.")
    entry = Text(
        rows=2, code=True, label="Who comes in by rule", required=False, max_length=4_000,
        help_text="An SQL condition over the lead view, looked at once a day; empty: only who is recycled, or by hand.",
    )  # fmt: skip

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["name"]
        text = self.data.get("steps", "") if self.is_bound else self.initial.get("steps", "")
        self.mails = mails_named(str(text))
        self.free: dict[Mail, tuple[Part, ...]] = free_parts(self.mails)
        for mail, parts in self.free.items():
            for part in parts:
                self.fields[field_of(mail, part.name)] = _part_field(part, self._before(mail, part.name))

    def _before(self, mail: Mail, part: str) -> str:
        return str(self.initial.get("said", {}).get(mail.key, {}).get(part, ""))

    @property
    def own(self) -> list[forms.BoundField]:
        """The fields of the track itself, without those of its mails."""
        of_mails = {field_of(mail, part.name) for mail, parts in self.free.items() for part in parts}
        return [self[name] for name in self.fields if name not in of_mails]

    def of_mail(self, mail: Mail) -> list[forms.BoundField]:
        """The fields of a mail's free parts."""
        return [self[field_of(mail, part.name)] for part in self.free.get(mail, ())]

    def said(self) -> dict[str, dict[str, str]]:
        """What stands in the free parts by now, fit or not."""
        return {
            mail.key: {part.name: str(self[field_of(mail, part.name)].value() or "") for part in parts}
            for mail, parts in self.free.items()
        }


def field_of(mail: Mail, part: str) -> str:
    """How the field of a free part is called."""
    return f"said.{mail.template}.{mail.nth}.{part}"


def _part_field(part: Part, before: str) -> Text:
    usual = f"Usually: {part.usual}" if part.usual else "Nothing is usually said here; write something."
    return Text(rows=3, label=part.name, required=False, max_length=LONGEST_PART, initial=before, help_text=usual)


class TemplateForm(forms.Form):
    """A template."""

    name = forms.CharField(label="Name", max_length=60, validators=[NAME], help_text="As tracks call it: keep-warm-1.")
    subject = forms.CharField(label="Subject", max_length=150)
    body = Text(
        rows=16, label="Text", max_length=10_000,
        help_text="{first_name|there} is filled in; [[news: usual text]] is a free part, and tracks fill [[news:]]. "
        "All else is locked.",
    )  # fmt: skip

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["name"]


class WordingForm(forms.Form):
    """The text to which people agree."""

    text = Text(rows=6, label="Text", max_length=4_000, help_text="Who writes, about what, how often, by which way.")


class EnterForm(forms.Form):
    """Somebody to be let into a track."""

    track = forms.CharField(max_length=60)
