"""Accord: the marketing-sales agreement that runs.

These names are the public face; each is loaded when it is first used, so that `import accord` costs nothing.

    import accord

    lake = accord.open_lake("var/lake", at=datetime.now(UTC))
    print(lake.funnel(by="channel").table())
    print(lake.forecast().outlook("new_revenue"))
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
    from accord.insight.content_effect.content import content
    from accord.insight.diagnosis.diagnosis import diagnose
    from accord.insight.economics.economics import economics
    from accord.insight.forecast.forecast import forecast
    from accord.insight.funnel import funnel
    from accord.insight.opened import Lake, open_lake
    from accord.insight.replay.replay import replay
    from accord.insight.velocity import velocity

__all__ = [
    "AccordError",
    "Agreement",
    "Calendar",
    "Clock",
    "Engine",
    "Lake",
    "Ledger",
    "attribute",
    "check",
    "content",
    "decide",
    "diagnose",
    "economics",
    "forecast",
    "funnel",
    "load",
    "measure",
    "open_lake",
    "replay",
    "velocity",
]
_HOMES = {
    "AccordError": "accord.facts.errors",
    "Agreement": "accord.agreement.document",
    "Calendar": "accord.agreement.clock",
    "Clock": "accord.agreement.clock",
    "Engine": "accord.facts.engine",
    "Lake": "accord.insight.opened",
    "Ledger": "accord.facts.ledger",
    "attribute": "accord.insight.attribution.attribution",
    "check": "accord.agreement.checking",
    "content": "accord.insight.content_effect.content",
    "decide": "accord.agreement.decide",
    "economics": "accord.insight.economics.economics",
    "diagnose": "accord.insight.diagnosis.diagnosis",
    "forecast": "accord.insight.forecast.forecast",
    "funnel": "accord.insight.funnel",
    "load": "accord.agreement.reading",
    "measure": "accord.agreement.promise",
    "open_lake": "accord.insight.opened",
    "replay": "accord.insight.replay.replay",
    "velocity": "accord.insight.velocity",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'accord' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
