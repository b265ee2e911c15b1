"""Amounts of money as a finding says them."""

from __future__ import annotations

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}


def spoken(amount: float, currency: str) -> str:
    """`€41,200`, `CHF 900`; with a minus sign in front where it is less than nothing."""
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{'−' if round(amount) < 0 else ''}{sign}{abs(amount):,.0f}"
