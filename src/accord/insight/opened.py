"""A lake opened for questions: the same numbers as on the command line and on the pages, in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from accord.agreement.answers import checked
from accord.agreement.document import Agreement
from accord.agreement.promise import PERIODS, Measured, measure_in_force, newest_fact, versions_in_force
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.attribution.attribution import Attribution, attribute
from accord.insight.forecast.forecast import SEED, Forecast, forecast
from accord.insight.forecast.record import record as past_forecasts
from accord.insight.funnel import Funnel, funnel
from accord.insight.velocity import Velocity, velocity


@dataclass(frozen=True)
class Lake:
    """All facts of one company as of `at`, which is the newest fact's moment. Times have a zone."""

    ledger: Ledger
    engine: Engine
    at: datetime
    recorded_at: datetime | None = None
    known_at: datetime | None = None

    @property
    def about(self) -> Mapping[str, object]:
        """What the lake says of itself: company, time zone, currency, whether it is simulated."""
        return self.ledger.about

    @cached_property
    def versions(self) -> tuple[Agreement, ...]:
        """The versions of the agreement that came into force, oldest first."""
        return versions_in_force(self.engine, at=self.at)

    @property
    def agreement(self) -> Agreement:
        """The version in force. Raises AccordError where there is none."""
        if not self.versions:
            raise AccordError(
                f"{self.ledger.folder} records no agreement in force by {self.at:%Y-%m-%d}.",
                remedy="Read one with accord.load, and pass it to accord.measure or accord.forecast.",
            )
        return self.versions[-1]

    def funnel(self, **asked: Any) -> Funnel:
        """`accord.funnel` of this lake; `by`, `since` and `until` as there."""
        return funnel(self.engine, at=_naive(self.at), as_known=self._as_known, **asked)

    def velocity(self, **asked: Any) -> Velocity:
        """`accord.velocity` of this lake, with the arguments of `funnel`."""
        return velocity(self.engine, at=_naive(self.at), as_known=self._as_known, **asked)

    def attribute(self, **asked: Any) -> Attribution:
        """`accord.attribute` of this lake; `by`, `since`, `until`, `window` and so on as there."""
        return attribute(self.engine, at=_naive(self.at), as_known=self._as_known, **asked)

    def promises(self, *, periods: int = PERIODS) -> tuple[Measured, ...]:
        """Every promise over its last periods, each under the version in force then. Empty without an agreement."""
        return measure_in_force(self.engine, self.versions, at=self.at, periods=periods, check=checked)

    def forecast(self, *, record: bool = True, seed: int = SEED, **asked: Any) -> Forecast:
        """`accord.forecast` under the version in force, with the record of past forecasts unless it is left out; `by`,
        `since` and `until` as there. Raises AccordError without an agreement."""
        found = forecast(
            self.engine, self.agreement, at=self.at, seed=seed, check=checked, as_known=self._as_known, **asked
        )
        if not record:
            return found
        past = past_forecasts(
            lambda moment: self.ledger.connect(recorded_at=self.recorded_at, known_at=moment), self.engine,
            self.agreement, at=self.at, seed=seed, check=checked,
        )  # fmt: skip
        return replace(found, record=past)

    @property
    def _as_known(self) -> datetime | None:
        return self.recorded_at or self.known_at


def open_lake(
    folder: Path | str, *, at: datetime, recorded_at: datetime | None = None, known_at: datetime | None = None
) -> Lake:
    """Opens a lake as of its newest fact up to `at`, with the facts that were recorded and could be known by then.

    Raises LedgerError where there is no lake, and AccordError where nothing has happened by then.
    """
    ledger = Ledger.open(Path(folder))
    engine = ledger.connect(recorded_at=recorded_at, known_at=known_at)
    until = min(filter(None, (at, recorded_at, known_at)))
    newest = newest_fact(engine, at=until)
    if newest is None:
        raise AccordError(
            f"{folder} records no touch, handoff or deal by {until:%Y-%m-%d}.",
            remedy="Import some, or name a later day.",
        )
    return Lake(ledger, engine, newest, recorded_at, known_at)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
