"""What pages call the tables and columns of the ledger. Mappings and files call them by their names."""

from __future__ import annotations

TITLES = {
    "profiles": "People and accounts", "touches": "Touches", "deals": "Deals", "handoffs": "Handoffs", "spend": "Spend",
    "content": "Use of content", "consent": "Consent", "rates": "Exchange rates",
}  # fmt: skip

_COLUMNS = {
    "subject_id": "Id",
    "occurred_at": "When it happened",
    "known_at": "When it was known",
    "opened_at": "When it was opened",
    "email": "E-mail",
    "by": "By whom",
    "kind": "What was done",
    "event": "What happened",
    "more": "Further",
}


def title(target: str) -> str:
    """`occurred_at` as `When it happened`, `account_id` as `Account`."""
    words = target.removesuffix("_id").replace("_", " ")
    return _COLUMNS.get(target, words[:1].upper() + words[1:])


def reason(target: str, said: str) -> str:
    """Why a cell was refused, with its column as pages call it: `“When it happened” is empty`."""
    rest = said.removeprefix(f"{target} ")
    return said if rest == said else f"“{title(target)}” {rest}"
