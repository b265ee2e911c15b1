"""Numbers and dates as people read them: `18 %`, `−112`, `2 h 5 m`, `20 November 2026`."""

from __future__ import annotations

import re
from datetime import date

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def percent(share: float | None, digits: int = 1) -> str:
    """A share as `10.5 %`; a dash for none."""
    if share is None:
        return "–"
    text = f"{100 * share:.{digits}f}"
    return f"{'100' if text == '100.0' else '0' if share == 0 else text} %".replace("-", "−")


def whole(count: float) -> str:
    """A count with thousands separated and a true minus."""
    return f"{count:,.0f}".replace("-", "−")


_PARTED = re.compile(r"(?<=\d) (?=(?:[mkh%]|days?)(?!\w))|(?<=\b[A-Z]{3}) (?=\d)")
_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}


def short_money(amount: float, currency: str) -> str:
    """An amount as short as a headline needs it: `€1.33 m`, `€702 k`, `CHF 940`."""
    for size, name, digits in ((1e6, " m", 2), (1e3, " k", 0)):
        if abs(amount) >= size:
            text = f"{abs(amount) / size:,.{digits}f}{name}"
            break
    else:
        text = f"{abs(amount):,.0f}"
    return f"{'−' if amount < 0 else ''}{_SYMBOLS.get(currency, f'{currency} ')}{text}"


def money(value: float, currency: str) -> str:
    """`€12.40` where cents matter, `€2,932` below ten thousand, otherwise as short as a headline. Of the currency
    `money`, which is none, the number alone."""
    known = currency if currency != "money" else ""
    if 0 < abs(value) < 10_000:
        sign = short_money(0.0, known)[:-1] if known else ""
        return f"{'−' if value < 0 else ''}{sign}{abs(value):,.{2 if abs(value) < 100 else 0}f}"
    return short_money(value, known) if known else whole(value)


def unbroken(text: str) -> str:
    """The same text, in which no line ends between a number and its unit: `€1.33 m`, `18 %`, `CHF 940`."""
    return _PARTED.sub("\N{NO-BREAK SPACE}", text)


def duration(days: float | None) -> str:
    """Days as `25 m`, `2 h 5 m`, `6.2 days` or `48 days`; a dash for none."""
    if days is None:
        return "–"
    minutes = round(abs(days) * 1440)
    sign = "−" if days < 0 and minutes else ""
    if minutes < 60:
        return f"{sign}{minutes} m"
    if minutes < 1440:
        return f"{sign}{minutes // 60} h" + (f" {minutes % 60} m" if minutes % 60 else "")
    return f"{sign}{abs(days):.1f} days" if abs(days) < 20 else f"{sign}{abs(days):,.0f} days"


def day(moment: date) -> str:
    """`20 November 2026`."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"
