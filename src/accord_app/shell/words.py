"""Figures as people read them in pages: `€148,200`, `18 %`, `−112`, `20 November, 17:00`; a dash for none."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import get_currency_symbol
from django.utils import timezone
from django.utils.safestring import SafeString

from accord.report import numbers

NONE = "–"


def whole(count: float | None) -> str:
    """A count with thousands separated and a true minus."""
    return NONE if count is None else numbers.whole(count)


def percent(share: float | None, digits: int = 0) -> str:
    """A share 0 to 1. What is not nothing is never 0 %, what is not everything never 100 %: `0.4 %`, `under 0.1 %`."""
    if share is None or not 0 < share < 1 or 0 < round(share, digits + 2) < 1:
        return numbers.percent(share, digits)
    if not digits:
        return percent(share, 1)
    least = 10 ** -(digits + 2)
    return f"under {numbers.percent(least, digits)}" if share < 0.5 else f"over {numbers.percent(1 - least, digits)}"


def money(amount: Decimal | float | None, currency: str) -> str:
    """An amount in whole units, the sign before the currency."""
    if amount is None:
        return NONE
    symbol = get_currency_symbol(currency, locale="en")
    joint = " " if symbol.isalpha() else ""
    minus = "−" if round(amount) < 0 else ""
    return f"{minus}{symbol}{joint}{numbers.whole(abs(float(amount)))}"


def country(code: str) -> str:
    """The name of a country by its code; anything that is no code stays as it is."""
    return str(Locale("en").territories.get(code.upper(), code)) if len(code) == 2 else code


def signed(points: float) -> str:
    """With its sign, without needless decimals."""
    text = f"{points:+,.1f}".removesuffix(".0")
    return "0" if text in ("+0", "-0") else text.replace("-", "−")


def day(moment: date | None) -> str:
    """Day and month; the year too where it is not this year's is left to the caller."""
    if moment is None:
        return NONE
    if isinstance(moment, datetime):
        moment = timezone.localtime(moment)
    return f"{moment.day} {numbers.MONTHS[moment.month - 1]}"


def moment(at: datetime | None) -> str:
    """Day, month and time in the reader's zone."""
    return NONE if at is None else f"{day(at)}, {timezone.localtime(at):%H:%M}"


def widget(bound: Any) -> SafeString:
    """A form field as an input of ours; Django itself says what describes it and whether it is valid. What was typed
    is there again, but for NUL, which no page may hold."""
    given = bound.field.widget.attrs.get("class", "")
    is_box = getattr(bound.field.widget, "input_type", "") in ("checkbox", "radio", "file")
    drawn = bound.as_widget(attrs={"class": given if is_box else f"input {given}".strip()})
    return SafeString(drawn.replace("\0", ""))
