"""What people type. Values come out as the actions want them; what was typed is kept when something is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_currency_name
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils.html import strip_tags

from accord_app.members.models import Team, User
from accord_app.members.roles import Role

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
LONGEST_ABSENCE = timedelta(days=3 * 366)
_ONE_LINE = RegexValidator(r"^[^\x00-\x1f\x7f<>]*$", "Leave out line breaks and the signs < and >.")


@cache
def zones() -> tuple[tuple[str, str], ...]:
    """Every time zone with a place, as `Europe/Berlin`, and UTC."""
    placed = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "System")))
    return tuple((zone, zone.replace("_", " ")) for zone in ("UTC", *placed))


@cache
def currencies() -> tuple[tuple[str, str], ...]:
    """Every currency that is money somewhere today, by code."""
    uses = (use for uses in get_global("territory_currencies").values() for use in uses)
    codes = sorted({code for code, _, until, tender in uses if tender and until is None})
    return tuple((code, f"{code}: {get_currency_name(code, locale='en')}") for code in codes)


def _roles() -> list[tuple[str, str]]:
    return [(role.value, role.title) for role in Role]


def _name(**more: Any) -> forms.CharField:
    return forms.CharField(max_length=120, validators=[_ONE_LINE], **more)


def _password(label: str, hint: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, max_length=200, widget=widget, help_text=hint)


def password_hint() -> str:
    """What a password must be, in one line."""
    rules = password_validators_help_text_html().split("</li>")
    return " ".join(filter(None, (strip_tags(rule).strip() for rule in rules)))


class PasswordForm(forms.Form):
    """A new password, typed twice. `user` lends what a password must not be made of."""

    password = _password("Password")
    again = _password("The same password again")

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"].help_text = password_hint()

    def clean(self) -> dict[str, Any]:
        """Both the same and strong enough; each mistake under its field."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = typed.get("password"), typed.get("again")
        if password and again and password != again:
            self.add_error("again", "The two passwords differ. Type the same one twice.")
        if password:
            try:
                validate_password(password, self.whose())
            except forms.ValidationError as weak:
                self.add_error("password", weak)
        return typed

    def whose(self) -> User | None:
        """Whose password it will be."""
        return self.user


class WelcomeForm(PasswordForm):
    """The first page of an empty workspace."""

    company = forms.CharField(max_length=200, validators=[_ONE_LINE], label="Company")
    currency = forms.ChoiceField(choices=currencies, initial="EUR", help_text="Plans and sums are shown in it.")
    time_zone = forms.ChoiceField(choices=zones, initial="Europe/Berlin", label="Time zone")
    fiscal_year = forms.ChoiceField(
        choices=[(f"{n:02}-01", f"1 {month}") for n, month in enumerate(MONTHS, 1)], label="Fiscal year begins on"
    )
    name = _name(label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        max_length=254, label="Your e-mail address", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    field_order = ("company", "currency", "time_zone", "fiscal_year", "name", "email", "password", "again")

    def whose(self) -> User:
        """Somebody who does not exist yet, with the name and address that were typed."""
        return User(name=self.cleaned_data.get("name", ""), email=self.cleaned_data.get("email", ""))


class MemberForm(forms.Form):
    """Name, role, team and manager of a member."""

    name = _name()
    role = forms.ChoiceField(choices=_roles)
    team = forms.ModelChoiceField(Team.objects.order_by("title"), required=False, empty_label="No team")
    manager = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Figures about one person are for that person and their manager.",
    )

    def __init__(self, *args: Any, member: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(is_active=True).order_by("name")
        self.fields["manager"].queryset = others.exclude(pk=member.pk) if member else others  # type: ignore[attr-defined]


class InviteForm(MemberForm):
    """Somebody new."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    handle = forms.SlugField(
        max_length=64,
        required=False,
        help_text="How the agreement names them, as tomas. Left empty, it is made from the name. It never changes.",
    )
    field_order = ("name", "email", "role", "team", "manager", "handle")

    def clean_handle(self) -> str:
        """In lower case, as agreements write it."""
        return str(self.cleaned_data["handle"]).lower()


class TeamForm(forms.Form):
    """A team's title and side."""

    title = _name()
    side = forms.ChoiceField(choices=Team.Side.choices)


class NewTeamForm(TeamForm):
    """A new team."""

    name = forms.SlugField(
        max_length=64, label="Name in the agreement", help_text="As dach-sdr: letters, digits and hyphens."
    )
    field_order = ("name", "title", "side")


class AbsenceForm(forms.Form):
    """From when until when somebody is away and who stands in."""

    begins_at = forms.DateTimeField(
        label="Begins", widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    )
    ends_at = forms.DateTimeField(
        label="Ends", widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    )
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Whom colleagues can turn to. New leads go where the agreement's routing sends them meanwhile.",
    )

    def __init__(self, *args: Any, deputies: QuerySet[User], at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]
        self.at = at

    def clean_begins_at(self) -> datetime:
        """Not years away in either direction."""
        return self._near(self.cleaned_data["begins_at"])

    def clean_ends_at(self) -> datetime:
        """Not years away in either direction."""
        return self._near(self.cleaned_data["ends_at"])

    def _near(self, moment: datetime) -> datetime:
        if not self.at - LONGEST_ABSENCE < moment < self.at + LONGEST_ABSENCE:
            raise forms.ValidationError("Choose a day within three years of today.")
        return moment


class CalendarForm(forms.Form):
    """Which calendar somebody's absences are read from, and what counts there."""

    address = forms.CharField(
        max_length=2000,
        label="Address of the calendar",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        help_text="In iCal format (ICS), as your calendar gives it for reading by others. It is kept like a password.",
    )
    all_day = forms.BooleanField(
        required=False,
        label="Whole days that are busy",
        help_text="Events marked as out of office count in any case.",
    )
    words = forms.CharField(
        required=False,
        max_length=400,
        label="Words",
        help_text="An event whose title or category holds one of them counts, however long it is. Part them by commas.",
    )
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Who stands in for you while the calendar says that you are away.",
    )

    def __init__(self, *args: Any, deputies: QuerySet[User], is_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]
        if is_known:
            address = self.fields["address"]
            address.required, address.label = False, "Another address"
            address.help_text = "Leave it empty to keep the one that you gave; it is not shown again."


class LeaveForm(forms.Form):
    """Who takes over what is open with somebody who leaves."""

    deputy = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody in particular",
        label="Open handoffs go to",
        help_text="With nobody in particular the agreement's routing finds new owners.",
    )

    def __init__(self, *args: Any, deputies: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]


class AbsenceOfForm(AbsenceForm):
    """The same for a colleague."""

    handle = forms.CharField(max_length=64, widget=forms.HiddenInput)


class ProfileForm(forms.Form):
    """How Accord meets somebody."""

    name = _name(label="Your name")
    time_zone = forms.ChoiceField(required=False, choices=lambda: (("", "The company's"), *zones()), label="Time zone")
    theme = forms.ChoiceField(
        required=False, choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")], label="Look"
    )
    shortcuts = forms.BooleanField(
        required=False, label="Keyboard shortcuts", help_text="Single keys such as A and R act on the page."
    )
    mail_at_once = forms.BooleanField(
        required=False, label="Send mail at once", help_text="Otherwise once a day, together."
    )
    digest_at = forms.TimeField(
        required=False, label="Daily mail at", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    quiet_from = forms.TimeField(
        required=False, label="Quiet from", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    quiet_until = forms.TimeField(
        required=False,
        label="Quiet until",
        help_text="No mail in these hours; it comes afterwards.",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )

    def clean(self) -> dict[str, Any]:
        """A digest has its time; quiet hours have both ends."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if not typed.get("mail_at_once") and typed.get("digest_at") is None and "digest_at" not in self.errors:
            self.add_error("digest_at", "Choose a time for the daily mail, or have mail sent at once.")
        begins, ends = typed.get("quiet_from"), typed.get("quiet_until")
        if (begins is None) != (ends is None) and not {"quiet_from", "quiet_until"} & set(self.errors):
            self.add_error("quiet_until" if ends is None else "quiet_from", "Give both ends, or leave both empty.")
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", "Quiet hours end at another time than they begin.")
        return typed
