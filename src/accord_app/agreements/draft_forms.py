"""The questions of a template as a form. What may be answered stands with the questions; here they are only shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict

from accord.agreement.drafting.answers import AnswersError, Wrong
from accord.agreement.drafting.kinds import (
    Choice,
    Country,
    Currency,
    Day,
    Handle,
    Kind,
    ListOf,
    MonthDay,
    Rows,
    Several,
    Time,
    Whole,
    Zone,
)
from accord.agreement.drafting.questions import Question
from accord.agreement.drafting.templates import Template
from accord.agreement.drafting.writing import Drafted, draft
from accord_app.members.forms import MONTHS, currencies, zones
from accord_app.members.models import User

MORE = "more"  # the button that asks for another row names its question in this
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cells; `title` names it."""

    title: str
    cells: tuple[BoundField, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it is shown: a single field, choices, or rows of cells. `errors` speak of the rows as a whole."""

    question: Question
    field: BoundField | None = None
    is_choices: bool = False
    rows: tuple[Row, ...] = ()
    errors: tuple[str, ...] = ()
    more: str = ""

    @property
    def anchor(self) -> str:
        """Where the list of mistakes leads to."""
        return f"q-{self.question.key}"


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form."""

    number: int
    title: str
    sentence: str
    asked: tuple[Asked, ...]


class DraftForm(forms.Form):
    """Every question of a template, with the answers so far. After `is_valid`, `drafted` is the agreement."""

    drafted: Drafted | None = None

    def __init__(
        self, template: Template, data: MultiValueDict[str, Any] | None = None, *, answers: Mapping[str, Any], on: date
    ) -> None:
        super().__init__(data)
        self.template, self.on = template, on
        self.wrong: tuple[Wrong, ...] = ()
        for question in template.questions:
            if isinstance(question.kind, Rows):
                self._add_rows(question, question.kind, answers.get(question.key) or [])
            else:
                answer = answers.get(question.key)
                self.fields[question.key] = _field(question.ask, question.kind, answer, question.why, question.optional)

    def _add_rows(self, question: Question, kind: Rows, answers: Sequence[Mapping[str, Any]]) -> None:
        for number in range(self._number(question, kind, answers)):
            row = answers[number] if number < len(answers) else {}
            for column in kind.columns:
                name = f"{question.key}-{number}-{column.key}"
                self.fields[name] = _field(column.ask, column.kind, row.get(column.key), column.hint, column.optional)

    def _number(self, question: Question, kind: Rows, answers: Sequence[object]) -> int:
        """How many rows are shown: those that were sent, else those that are answered; one more when asked for."""
        if kind.labels:
            return len(kind.labels)
        if not self.is_bound:
            return min(max(len(answers), kind.least), kind.most)
        sent = str(self.data.get(f"{question.key}-rows", ""))
        number = int(sent) if sent.isdecimal() and len(sent) < 4 else kind.least
        return min(max(number, kind.least) + (self.wants_row == question.key), kind.most)

    @property
    def wants_row(self) -> str:
        """The question for which another row is asked; empty when the form is sent to be read."""
        return str(self.data.get(MORE, "")) if self.is_bound else ""

    def clean(self) -> dict[str, Any]:
        """The draft that follows from the answers, or every mistake under its question."""
        found: dict[str, Any] = super().clean() or {}
        if self.errors or self.wants_row:
            return found
        try:
            self.drafted = draft(self.template.name, self.given(), on=self.on)
        except AnswersError as error:
            self.wrong = error.wrong
            for wrong in error.wrong:
                self.add_error(self._place(wrong), f"{wrong.message} {wrong.remedy}".strip())
        return found

    def given(self) -> dict[str, Any]:
        """What was typed, as the library reads it."""
        return {question.key: self._given(question) for question in self.template.questions}

    def _given(self, question: Question) -> Any:
        if not isinstance(question.kind, Rows):
            return self.cleaned_data.get(question.key)
        numbers = range(sum(name.startswith(f"{question.key}-") for name in self.fields) // len(question.kind.columns))
        return [
            {each.key: self.cleaned_data.get(f"{question.key}-{number}-{each.key}") for each in question.kind.columns}
            for number in numbers
        ]

    def _place(self, wrong: Wrong) -> str | None:
        """The field that a mistake stands under; None for one about rows as a whole."""
        if wrong.question in self.fields:
            return wrong.question
        rows = self._filled(wrong.question)
        row = rows[wrong.row] if wrong.row is not None and wrong.row < len(rows) else wrong.row
        cell = f"{wrong.question}-{row}-{wrong.column}"
        return cell if cell in self.fields else None

    def _filled(self, key: str) -> list[int]:
        """The rows that were read; those left blank do not count, unless each has its label."""
        kind = self.template.question(key).kind
        assert isinstance(kind, Rows)  # noqa: S101 - only rows have cells
        given = self._given(self.template.question(key))
        return [number for number, row in enumerate(given) if kind.labels or any(row.values())]

    def parts(self) -> Iterator[Part]:
        """The sections with their questions, as the page shows them."""
        for number, section in enumerate(self.template.sections, 1):
            asked = tuple(self._asked(question) for question in section.questions)
            yield Part(number, section.title, section.sentence, asked)

    def _asked(self, question: Question) -> Asked:
        kind = question.kind
        if not isinstance(kind, Rows):
            return Asked(question, field=self[question.key], is_choices=isinstance(kind, Several))
        rows: list[Row] = []
        while f"{question.key}-{len(rows)}-{kind.columns[0].key}" in self.fields:
            cells = tuple(self[f"{question.key}-{len(rows)}-{column.key}"] for column in kind.columns)
            title = kind.labels[len(rows)] if kind.labels else f"{kind.noun.capitalize()} {len(rows) + 1}"
            rows.append(Row(title, cells))
        whole = tuple(
            f"{each.message} {each.remedy}".strip()
            for each in self.wrong
            if each.question == question.key and self._place(each) is None
        )
        more = "" if kind.labels or len(rows) >= kind.most else f"Add a {kind.noun}"
        return Asked(question, rows=tuple(rows), errors=whole, more=more)

    def mistakes(self) -> list[tuple[str, str, str]]:
        """What the list at the head of the page says: (where it leads, question, what is wrong)."""
        return [(self._leads_to(each), each.ask, f"{each.message} {each.remedy}") for each in self.wrong]

    def _leads_to(self, wrong: Wrong) -> str:
        place = self._place(wrong)
        return f"q-{wrong.question}" if place is None or place == wrong.question else str(self[place].auto_id)


def _field(ask: str, kind: Kind, value: Any, hint: str, is_optional: bool) -> forms.Field:
    """A field that shows a kind; reading it is the library's."""
    hint = f"{_how(kind)} {hint}".strip()
    if is_optional and "eft open" not in hint and not isinstance(kind, Several):
        hint = f"{hint} May be left open.".strip()
    if isinstance(kind, Several):
        options = [(option.value, option.label) for option in kind.options]
        return forms.Field(
            required=False,
            label=ask,
            help_text=hint,
            initial=value or [],
            widget=forms.CheckboxSelectMultiple(choices=options),
        )
    return forms.CharField(
        required=False,
        label=ask,
        help_text=hint,
        initial=kind.shown(value),
        max_length=LONGEST,
        widget=_widget(kind, value),
    )


def _how(kind: Kind) -> str:
    """How an answer is written, where its field does not show it."""
    if isinstance(kind, Whole) and kind.unit == "%":
        return "In percent."
    if isinstance(kind, Time):
        return "As 30m, 4h or 2d."
    if isinstance(kind, ListOf) and kind.by_line:
        return "One a line."
    if isinstance(kind, ListOf) and isinstance(kind.item, Country):
        return "By code or name, as DE, Austria."
    return ""


def _widget(kind: Kind, value: Any) -> forms.Widget:
    if isinstance(kind, Choice):
        return forms.Select(choices=[(option.value, option.label) for option in kind.options])
    if isinstance(kind, Currency):
        return forms.Select(choices=_with(value, currencies()))
    if isinstance(kind, MonthDay):
        return forms.Select(choices=_with(value, [(f"{n:02}-01", f"1 {name}") for n, name in enumerate(MONTHS, 1)]))
    if isinstance(kind, Day):
        return forms.DateInput(attrs={"type": "date"})
    if isinstance(kind, ListOf) and kind.by_line:
        return forms.Textarea(attrs={"rows": 3})
    return forms.TextInput(attrs=_hints(kind))


def _with(value: Any, choices: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The choices, and what is answered already if it is another."""
    known = {name for name, _ in choices}
    return [*([(str(value), str(value))] if value and value not in known else []), *choices]


def _hints(kind: Kind) -> dict[str, str]:
    """What helps while typing: digits on a phone, names from a list; nothing corrects or completes names."""
    if isinstance(kind, Whole):
        return {"inputmode": "numeric", "autocomplete": "off"}
    if isinstance(kind, Handle):
        return {"list": "handles", "autocomplete": "off", "spellcheck": "false"}
    if isinstance(kind, Zone):
        return {"list": "zones", "autocomplete": "off", "spellcheck": "false"}
    return {"autocomplete": "off"}


def lists() -> dict[str, list[tuple[str, str]]]:
    """What fields offer while somebody types: colleagues by handle, and time zones."""
    people = User.objects.filter(is_active=True).order_by("handle").values_list("handle", "name")
    return {"handles": list(people), "zones": list(zones())}


class TextForm(forms.Form):
    """The text of a draft with its date."""

    text = forms.CharField(
        label="The text of the agreement",
        strip=False,
        help_text="YAML, with explanations. What you change here is what is checked and loaded.",
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "wrap": "off"}),
    )
    in_force_from = forms.DateTimeField(
        label="In force from",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="This moment counts, whatever the text says. One that has passed means now.",
    )

    def written(self) -> str:
        """The text with the line ends that files have; browsers send others."""
        return str(self.data.get("text") or "").replace("\r\n", "\n")
