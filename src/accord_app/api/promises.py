"""The promises of both sides, as last measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Path, Query, Router
from pydantic import Field

from accord_app.api.door import Key, told
from accord_app.api.shapes import PLAIN, Moment, Shape
from accord_app.intake.models import Token
from accord_app.measures import reads
from accord_app.measures.models import PromiseFigure

Scope = Token.Scope
router = Router(tags=["promises"])


class Period(Shape):
    """A promise over one period. `numerator` of `denominator` is an exact count of what happened."""

    begins_at: Moment
    ends_at: Moment
    is_current: bool
    state: str = Field(description="kept, at_risk, missed, open, or why it cannot be judged.")
    value: float | None
    target: float | None
    numerator: float | None
    denominator: float | None
    shown: str
    sentence: str


class Promise(Shape):
    """A promise: whose, how it stands (the running period once it can be judged, else the last full one), and each
    period, oldest first."""

    promise: str
    title: str
    side: str
    version: int
    definition: str
    standing: Period
    periods: list[Period]
    measured_at: Moment


class Promises(Shape):
    """Every promise; there are few, so they come at once."""

    items: list[Promise]


class PromisesAsked(Shape):
    """Whose promises."""

    side: Literal["marketing", "sales", "both", "leadership"] | None = None


@router.get("/promises", auth=Key(Scope.READ_PROMISES, PromisesAsked), response=Promises, url_name="promises")
def promises(request: HttpRequest, asked: Query[PromisesAsked]) -> Any:
    """Every promise of the version in force with its standing."""
    return {"items": [_shown(periods) for periods in reads.promises(side=asked.side)]}


@router.get("/promises/{promise}", auth=Key(Scope.READ_PROMISES), response=Promise, url_name="promise")
def promise(request: HttpRequest, promise: Path[Annotated[str, Field(max_length=120, pattern=PLAIN)]]) -> HttpResponse:
    """One promise by its id in the agreement."""
    found = next((each for each in reads.promises() if each[-1].promise == promise), None)
    if found is None:
        raise Http404
    return told(request, _shown(found))


def _shown(periods: Sequence[PromiseFigure]) -> Promise:
    last = reads.headline(periods)
    return Promise(
        promise=last.promise,
        title=str(last.details["title"]),
        side=last.side,
        version=last.version,
        definition=str(last.details["definition"]),
        standing=_period(last),
        periods=[_period(each) for each in periods],
        measured_at=periods[-1].measured_at,
    )


def _period(row: PromiseFigure) -> Period:
    return Period(**{name: getattr(row, name) for name in Period.model_fields})
