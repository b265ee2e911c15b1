"""What the pages of nurture ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator

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


class TemplateForm(forms.Form):
    """A template."""

    name = forms.CharField(label="Name", max_length=60, validators=[NAME], help_text="As tracks call it: keep-warm-1.")
    subject = forms.CharField(label="Subject", max_length=150)
    body = Text(
        rows=16, label="Text", max_length=10_000,
        help_text="{first_name|there} is filled in; [[news: usual text]] is a free part. All else is locked.",
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
