"""What people fill in about handoffs. Whatever the address or a form brings is read here, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.db import IntegrityError, transaction
from django.http import QueryDict

from accord.agreement.handoff import TRANSITIONS
from accord.agreement.replies import VERDICTS
from accord_app.handoffs import access, reads
from accord_app.handoffs.actions import LOGGED, NOTE_LENGTH
from accord_app.handoffs.models import SavedView
from accord_app.handoffs.queue import NOBODY, Chosen
from accord_app.members.models import Team, User
from accord_app.members.roles import Role
from accord_app.shell.asked import EARLIEST

AT_ONCE = 200
"""So many handoffs can be answered together."""


SELLERS = tuple(role for role in Role if role.side == "sales")


class FilterForm(forms.Form):
    """The filters of the queue. What cannot be understood filters nothing."""

    team = forms.ChoiceField(required=False)
    owner = forms.ChoiceField(required=False)
    band = forms.CharField(required=False, max_length=8, strip=True)
    status = forms.ChoiceField(required=False)
    country = forms.CharField(required=False, min_length=2, max_length=2, help_text="Two letters, such as DE.")
    origin = forms.CharField(required=False, max_length=100, help_text="As your sources call it.")

    def __init__(self, asked: Mapping[str, Any], *, user: User) -> None:
        super().__init__(asked, auto_id="filter_%s")
        teams = Team.objects.order_by("title")
        sellers = User.objects.filter(is_active=True, role__in=SELLERS).order_by("name")
        if not access.sees_all(user):
            teams, sellers = (
                teams.filter(pk__in=[user.team_id] if user.team_id else []),
                sellers.filter(team=user.team_id),
            )
        self._choose("team", list(teams.values_list("name", "title")))
        self._choose("owner", [(NOBODY, "Nobody"), *sellers.values_list("handle", "name")])
        self._choose("status", [(status, reads.STATUS[status]) for status in TRANSITIONS])

    def clean_country(self) -> str:
        """In capitals, as profiles have it."""
        return str(self.cleaned_data["country"]).upper()

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        field.choices = [("", "Any"), *choices]


def chosen(user: User, asked: QueryDict) -> tuple[Chosen, FilterForm]:
    """What the address asks to see, and the form that says so."""
    number = asked.get("saved", "")
    if number.isascii() and number.isdecimal() and len(number) < 10:
        saved = access.saved_view(user, int(number))
        view = reads.read_view(user, saved)
        return view, FilterForm(dict(view.filters), user=user)
    form = FilterForm({name: str(value).replace("\0", "") for name, value in asked.items()}, user=user)
    form.is_valid()
    filters = {name: str(value) for name, value in getattr(form, "cleaned_data", {}).items() if value}
    return reads.choose(user, asked.get("view", ""), filters), form


class TouchForm(forms.Form):
    """What somebody did with a lead, as they say."""

    kind = forms.ChoiceField(
        label="What you did",
        choices=list(LOGGED.items()),
        error_messages={"invalid_choice": "Choose one of those listed."},
    )
    occurred_at = forms.DateTimeField(
        label="When",
        required=False,
        help_text="Empty means now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        validators=[MinValueValidator(EARLIEST, "That lies before 1990. Check the year.")],
    )


class TextForm(forms.Form):
    """A note or a reply."""

    text = forms.CharField(
        label="Write something for both teams",
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "data-key": "n"}),
        error_messages={"required": "Write something."},
    )


class ReplyForm(forms.Form):
    """What marketing answers to a rejection."""

    text = forms.CharField(
        label="Reply to the rejection",
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "data-key": "n"}),
        error_messages={"required": "Write something."},
    )
    second_look = forms.BooleanField(label="Ask for a second look", required=False)

    def __init__(self, *args: Any, may_ask: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_ask:
            del self.fields["second_look"]


class LookForm(forms.Form):
    """What a second look comes to, and why."""

    verdict = forms.ChoiceField(
        label="What it comes to",
        choices=list(VERDICTS.items()),
        error_messages={"invalid_choice": "Choose one of the two."},
    )
    why = forms.CharField(
        label="Why",
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write why."},
    )


class AssignForm(forms.Form):
    """To whom a handoff is given."""

    to = forms.ChoiceField(label="Give it to", error_messages={"invalid_choice": "Choose one of the people listed."})

    def __init__(self, *args: Any, people: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 declared above
        field.choices = list(people.items())


class TogetherForm(forms.Form):
    """Several handoffs with one answer."""

    do = forms.ChoiceField(choices=[("accept", "Accept"), ("reject", "Reject"), ("recycle", "Recycle")])
    reason = forms.CharField(required=False, max_length=64)

    def clean(self) -> dict[str, Any]:
        """A rejection and a recycling say why."""
        told: dict[str, Any] = super().clean() or {}
        if told.get("do") in ("reject", "recycle") and not told.get("reason"):
            self.add_error("reason", "Choose a reason.")
        return told


TAKEN = "You have a view of this name. Choose another name."


class SaveViewForm(forms.Form):
    """A filter of the queue under a name."""

    name = forms.CharField(label="Name of this view", max_length=60)
    shared = forms.BooleanField(label="Share with both teams", required=False)

    def __init__(self, said: Mapping[str, Any] | None = None, *, owner: str) -> None:
        super().__init__(said, auto_id="keep_%s")
        self._owner = owner

    @property
    def typed(self) -> str:
        """The name as it was sent, fit to be shown."""
        return str(self["name"].value() or "").replace("\0", "")

    def clean_name(self) -> str:
        """One view per name and person."""
        name = str(self.cleaned_data["name"])
        if SavedView.objects.filter(owner=self._owner, name=name).exists():
            raise forms.ValidationError(TAKEN)
        return name

    def keep(self, query: str) -> SavedView | None:
        """The view, kept; None where it has just been kept from another window, which is then told beside the name."""
        try:
            with transaction.atomic():
                return SavedView.objects.create(owner=self._owner, query=query, **self.cleaned_data)
        except IntegrityError:
            self.add_error("name", TAKEN)
            return None
