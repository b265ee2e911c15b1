"""What the test bench is asked: about whom, as a person or as a lead that is typed, and for which moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone

from accord.agreement import bench
from accord.agreement.bench import Touched, Typed
from accord.agreement.rules import Rules
from accord.agreement.words import STATES, name_of
from accord.facts.kinds import Kind
from accord.facts.lead_view import COLUMNS, Column, Origin
from accord_app.handoffs.touches import words as touch_words
from accord_app.shell.words import country

LONGEST = 200
MOST = 1e12
MOST_TOUCHES = 100
AHEAD = timedelta(days=366)
_REASONS = {"recycle_reason": "recycle", "reject_reason": "reject"}
_GROUPS = (
    ("The person", (Origin.PERSON,)),
    ("The account", (Origin.ACCOUNT, Origin.DEAL)),
    ("What happened", (Origin.TOUCH,)),
    ("Consent", (Origin.CONSENT,)),
    ("Earlier handoffs", (Origin.STANDING,)),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together; `pairs` are touches, each with how often and how long ago."""

    title: str
    fields: tuple[BoundField, ...]
    pairs: tuple[tuple[str, BoundField, BoundField], ...] = ()


class MomentForm(forms.Form):
    """The moment; empty means now."""

    at = forms.DateTimeField(
        required=False,
        label="At the moment",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty means now. A past moment knows what was known then.",
        error_messages={"invalid": "Write a day and a time, such as 2026-11-20 09:30."},
    )

    def clean_at(self) -> datetime | None:
        """A moment that clocks can count from."""
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and not timezone.now() - 20 * AHEAD <= at <= timezone.now() + AHEAD:
            raise forms.ValidationError("Choose a moment of the last 20 years, or of the year to come.")
        return at


class PersonForm(MomentForm):
    """Somebody, by search."""

    q = forms.CharField(
        required=False,
        max_length=100,
        label="Name or e-mail address",
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    person = forms.CharField(required=False, max_length=LONGEST, widget=forms.HiddenInput())


class LeadForm(MomentForm):
    """A lead that is typed: what the conditions of these rules read, and the touches of their cards."""

    def __init__(self, data: Mapping[str, Any] | None, *, rules: Sequence[Rules]) -> None:
        super().__init__(data)
        self.columns = [name for name in COLUMNS if any(name in bench.columns_read(each) for each in rules)]
        self.kinds = list(dict.fromkeys(kind for each in rules for kind in bench.touches_read(each)))
        known: dict[str, dict[str, str]] = {}
        for each in rules:
            for name, words in _words(each).items():
                known.setdefault(name, {}).update(words)
        self.suggested = {name: known[name] for name in self.columns if name in known and _is_free(name)}
        for name in self.columns:
            self.fields[f"f-{name}"] = _field(COLUMNS[name], known.get(name, {}), is_suggested=name in self.suggested)
        for place in range(len(self.kinds)):
            self.fields[f"t-{place}-times"] = forms.IntegerField(
                required=False, min_value=0, max_value=MOST_TOUCHES, label="How often", widget=_digits("numeric"),
                error_messages={"invalid": "How often is a whole number, such as 2."},
            )  # fmt: skip
            self.fields[f"t-{place}-days"] = forms.FloatField(
                required=False, min_value=0, max_value=36_500, label="Days ago", widget=_digits("decimal"),
                error_messages={"invalid": "How many days ago is a number, such as 3."},
            )  # fmt: skip

    def typed(self) -> Typed:
        """The lead of a valid form."""
        given = self.cleaned_data
        values = {name: _value(COLUMNS[name], given.get(f"f-{name}")) for name in self.columns}
        touched = (
            Touched(kind, given[f"t-{place}-times"], given.get(f"t-{place}-days") or 0.0)
            for place, kind in enumerate(self.kinds)
            if given.get(f"t-{place}-times")
        )
        return Typed({name: value for name, value in values.items() if value is not None}, tuple(touched))

    def groups(self) -> Iterator[Group]:
        """The fields as the page shows them."""
        for title, origins in _GROUPS:
            fields = tuple(self[f"f-{name}"] for name in self.columns if COLUMNS[name].origin in origins)
            if fields:
                yield Group(title, fields)
        if self.kinds:
            pairs = tuple(
                (touch_words(kind), self[f"t-{place}-times"], self[f"t-{place}-days"])
                for place, kind in enumerate(self.kinds)
            )
            yield Group("What gives points for intent", (), pairs)


def _words(rules: Rules) -> dict[str, dict[str, str]]:
    """What may be chosen or is worth typing, with how it is called."""
    found = {name: {word: word for word in words} for name, words in bench.words_read(rules).items()}
    answers = rules.agreement.answers
    found["recycle_reason"] = {each.code: each.label for each in answers.recycle}
    found["reject_reason"] = {each.code: each.label for each in answers.reject}
    found["account_owner"] = {who: who for team in rules.agreement.teams.values() for who in team.people}
    if "country" in found:
        found["country"] = {code: country(code) for code in found["country"]}
    return found


def _is_free(name: str) -> bool:
    """Whether a text is typed with suggestions rather than chosen."""
    return COLUMNS[name].kind is Kind.TEXT and name not in _REASONS


def _field(column: Column, words: Mapping[str, str], *, is_suggested: bool) -> forms.Field:
    label = STATES[column.name][0] if column.name in STATES else name_of(column.name)
    told: dict[str, Any] = {"required": False, "label": _capital(label), "help_text": _spoken(column.sentence)}
    if column.kind is Kind.NUMBER:
        wrong = {"invalid": f"{told['label']} is a number, such as 120."}
        unit = "" if column.unit in ("count", "people") else f" In {column.unit}."
        told["help_text"] = f"{_spoken(column.sentence)}{unit}"
        return forms.FloatField(**told, min_value=0, max_value=MOST, widget=_digits("decimal"), error_messages=wrong)
    if column.kind is Kind.TRUTH:
        told["help_text"] = ""
        return forms.ChoiceField(**told, choices=[("", "No"), ("yes", "Yes")])
    if column.name in _REASONS:
        return forms.ChoiceField(**told, choices=[("", "None"), *words.items()])
    attrs = {"autocomplete": "off", "spellcheck": "false"} | ({"list": f"w-{column.name}"} if is_suggested else {})
    if column.unit.startswith("ISO"):
        letters = "DE" if column.name == "country" else "de"
        wrong = {"invalid": f"Two letters, such as {letters}."}
        text = forms.TextInput(attrs=attrs)
        return forms.RegexField(r"^[A-Za-z]{2}$", **told, widget=text, error_messages=wrong)
    return forms.CharField(**told, max_length=LONGEST, widget=forms.TextInput(attrs=attrs))


def _value(column: Column, given: Any) -> Any:
    """What was typed as the lead view has it; None for what was left open."""
    if given in (None, ""):
        return None
    if column.kind is Kind.TRUTH:
        return given == "yes"
    if column.unit == "ISO 3166-1 alpha-2":
        return str(given).upper()
    return str(given).lower() if column.unit == "ISO 639-1" else given


def _digits(mode: str) -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"})


def _spoken(sentence: str) -> str:
    """A sentence written for the documents, whose `words` stand between quotation marks on a page."""
    return re.sub(r"`(\w+)`", r"“\1”", sentence)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
