"""The lake of this workspace, and the keyed ids that both the database and the lake use."""

from __future__ import annotations

import threading
from pathlib import Path

from django.conf import settings

from accord.facts import identity
from accord.facts.lake_files import LedgerError
from accord.facts.ledger import Ledger

_opened = threading.local()


def ledger() -> Ledger:
    """The lake under the data folder, made on first use. One object per thread: opening reads the disk."""
    folder = Path(settings.LAKE)
    held: Ledger | None = getattr(_opened, "ledger", None)
    if held is None or held.folder != folder or not (folder / "lake.json").exists():
        held = _opened.ledger = _open(folder)
    return held


def _open(folder: Path) -> Ledger:
    if (folder / "lake.json").exists():
        return Ledger.open(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        return Ledger.create(folder)
    except LedgerError:
        return Ledger.open(folder)  # another process was quicker


def person_id(source: str, raw: str) -> str:
    """The id of a person that a source calls `raw`. An e-mail address means the same person everywhere."""
    return identity.person_id(ledger().key, source, raw)


def account_id(source: str, raw: str) -> str:
    """The id of an account that a source calls `raw`."""
    return identity.account_id(ledger().key, source, raw)


def deal_id(source: str, raw: str) -> str:
    """The id of a deal that a source calls `raw`."""
    return identity.deal_id(ledger().key, source, raw)


def fact_id(source: str, table: str, raw: str) -> str:
    """The id of a fact that a source calls `raw`."""
    return identity.fact_id(ledger().key, source, table, raw)
