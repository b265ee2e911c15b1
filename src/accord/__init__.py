"""Accord: the marketing-sales agreement that runs.

These names are the public face; each is loaded when it is first used, so that `import accord` costs nothing.

    import accord

    agreement = accord.load(Path("agreement.yaml"))
    engine = accord.Ledger.open(Path("var/lake")).connect()
    print(accord.funnel(engine).table())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accord.agreement.checking import check
    from accord.agreement.clock import Calendar, Clock
    from accord.agreement.decide import decide
    from accord.agreement.document import Agreement
    from accord.agreement.promise import measure
    from accord.agreement.reading import load
    from accord.facts.engine import Engine
    from accord.facts.errors import AccordError
    from accord.facts.ledger import Ledger
    from accord.insight.attribution.attribution import attribute
    from accord.insight.funnel import funnel
    from accord.insight.replay import replay
    from accord.insight.velocity import velocity

__all__ = [
    "AccordError",
    "Agreement",
    "Calendar",
    "Clock",
    "Engine",
    "Ledger",
    "attribute",
    "check",
    "decide",
    "funnel",
    "load",
    "measure",
    "replay",
    "velocity",
]
_HOMES = {
    "AccordError": "accord.facts.errors",
    "Agreement": "accord.agreement.document",
    "Calendar": "accord.agreement.clock",
    "Clock": "accord.agreement.clock",
    "Engine": "accord.facts.engine",
    "Ledger": "accord.facts.ledger",
    "attribute": "accord.insight.attribution.attribution",
    "check": "accord.agreement.checking",
    "decide": "accord.agreement.decide",
    "funnel": "accord.insight.funnel",
    "load": "accord.agreement.reading",
    "measure": "accord.agreement.promise",
    "replay": "accord.insight.replay",
    "velocity": "accord.insight.velocity",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'accord' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
