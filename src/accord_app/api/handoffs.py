"""Handoffs and their answers: the same rights and the same verbs as on the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router
from pydantic import AwareDatetime, Field, WithJsonSchema

from accord.agreement.handoff import ACCEPTED, QUALIFIED, RECYCLED, REJECTED
from accord_app.api import paging, shapes
from accord_app.api.door import Key, caller, expect_unchanged, now, told
from accord_app.api.records import Paged, Some, Text
from accord_app.api.shapes import HandoffShape, Moment, Reason, Shape
from accord_app.handoffs import access, actions, once
from accord_app.handoffs.models import Handoff
from accord_app.intake import answering
from accord_app.intake.models import Token
from accord_app.intake.programs import RefusedError
from accord_app.records.listing import Listing
from accord_app.shell.asked import EARLIEST

Scope = Token.Scope
HANDOFFS: Listing[Handoff] = Listing(Handoff, "offered_at", {})
EVENTS = {"accept": ACCEPTED, "reject": REJECTED, "recycle": RECYCLED, "qualify": QUALIFIED}
Kind = Literal["call.connected", "call.no-answer", "email.sent", "meeting.held", "message.sent"]
Status = Literal["offered", "accepted", "contacted", "qualified", "rejected", "recycled"]
router = Router(tags=["handoffs"])


class HandoffsAsked(Paged):
    """Which handoffs."""

    status: Status | None = None
    owner: Text = Field("", description="A handle.")
    unowned: bool | None = Field(None, description="true: those that nobody owns.")
    team: Text = ""
    band: Text = ""
    person_id: Some | None = None
    is_open: bool | None = None
    offered_since: Moment | None = None


class Said(Shape):
    """An answer. `reject` and `recycle` need the code of a reason that the agreement of the handoff names."""

    answer: Literal["accept", "reject", "recycle", "qualify"]
    reason: Annotated[str, Field(max_length=64, pattern=shapes.PLAIN)] | None = None


class Done(Shape):
    """What somebody did: called, wrote or met. A claimed touch."""

    kind: Kind
    occurred_at: (
        Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "date-time"})] | None
    ) = Field(None, description="Now, if left out; not in the future.")  # fmt: skip


@router.get("/handoffs", auth=Key(Scope.READ_HANDOFFS, HandoffsAsked), response=shapes.Handoffs, url_name="handoffs")
def handoffs(request: HttpRequest, asked: Query[HandoffsAsked]) -> Any:
    """Handoffs that whoever the key acts for may see, those offered last first."""
    found = access.visible(caller(request).user).select_related("pending").order_by("-offered_at", "-pk")
    exact = {
        name: value for name in ("status", "owner", "team", "band", "person_id") if (value := getattr(asked, name))
    }
    found = found.filter(**exact)
    if asked.unowned is not None:
        found = found.filter(owner__isnull=asked.unowned)
    if asked.is_open is not None:
        found = found.filter(closed_at__isnull=asked.is_open)
    if asked.offered_since is not None:
        found = found.filter(offered_at__gte=asked.offered_since)
    return paging.page(HANDOFFS, found, limit=asked.limit, cursor=asked.cursor, show=shapes.handoff)


@router.get("/handoffs/{handoff_id}", auth=Key(Scope.READ_HANDOFFS), response=HandoffShape, url_name="handoff")
def handoff(request: HttpRequest, handoff_id: Path[Some]) -> HttpResponse:
    """One handoff, with a tag by which an answer can say which state it answers."""
    return told(request, shapes.handoff(access.handoff(caller(request).user, handoff_id)))


@router.get(
    "/handoffs/{handoff_id}/reasons", auth=Key(Scope.READ_HANDOFFS), response=shapes.Reasons, url_name="reasons"
)
def reasons(request: HttpRequest, handoff_id: Path[Some]) -> Any:
    """The reasons that the agreement of this handoff names."""
    held = access.handoff(caller(request).user, handoff_id)
    return {"reject": _reasons(held, REJECTED), "recycle": _reasons(held, RECYCLED)}


def _reasons(held: Handoff, event: str) -> list[Reason]:
    return [Reason(code=code, label=label) for code, label in actions.reasons(held, event).items()]


@router.post("/handoffs/{handoff_id}/answer", auth=Key(Scope.ANSWER_HANDOFFS), response=HandoffShape, url_name="answer")
def answer(request: HttpRequest, handoff_id: Path[Some], said: Said) -> HttpResponse:
    """Accept, reject, recycle or qualify a handoff. It can be taken back for ten seconds, then it takes effect."""

    def do(held: Handoff) -> None:
        by, at, reason = caller(request).user, now(request), _reason(held, said)
        if once.is_answered(held, EVENTS[said.answer], reason, by):
            return
        if said.answer in ("accept", "qualify"):
            (actions.accept if said.answer == "accept" else actions.qualify)(handoff=held, by=by, at=at)
        else:
            give_back = actions.reject if said.answer == "reject" else actions.recycle
            give_back(handoff=held, reason=reason, by=by, at=at)

    return _written(request, handoff_id, do)


def _reason(held: Handoff, said: Said) -> str:
    """The code of an agreed reason where one is needed, else nothing. Raises RefusedError."""
    given = said.reason or ""
    if said.answer in ("accept", "qualify"):
        if given:
            raise _unfit("reason", f"{said.answer} takes none", "Leave it out.")
        return ""
    allowed = actions.reasons(held, EVENTS[said.answer])
    if given not in allowed:
        raise _unfit("reason", "it is none of the agreed ones", f"Send one of {', '.join(allowed)}.")
    return given


@router.delete(
    "/handoffs/{handoff_id}/answer", auth=Key(Scope.ANSWER_HANDOFFS), response=HandoffShape, url_name="answer"
)
def take_back(request: HttpRequest, handoff_id: Path[Some]) -> HttpResponse:
    """Take an answer back within its ten seconds, by whoever gave it."""
    by, at = caller(request).user, now(request)
    return _written(request, handoff_id, lambda held: actions.take_back(handoff=held, by=by, at=at))


@router.post(
    "/handoffs/{handoff_id}/touches", auth=Key(Scope.ANSWER_HANDOFFS), response={201: HandoffShape}, url_name="touch"
)
def touch(request: HttpRequest, handoff_id: Path[Some], said: Done) -> HttpResponse:
    """Say that somebody has called, written or met: contact is made if the handoff is accepted."""
    by, at, when = caller(request).user, now(request), said.occurred_at
    if when is not None and not EARLIEST <= when <= at:
        raise _unfit("occurred_at", "it lies in the future or before 1990", "Check the clock and the zone.")

    def do(held: Handoff) -> None:
        once.log_touch(handoff=held, kind=said.kind, by=by, at=at, occurred_at=when and when.astimezone(UTC))

    return _written(request, handoff_id, do, status=201)


def _written(
    request: HttpRequest, handoff_id: str, do: Callable[[Handoff], None], *, status: int = 200
) -> HttpResponse:
    """Do something to a handoff that may be answered, once under one mark, and tell how it stands then."""
    by = caller(request).user

    def act() -> HttpResponse:
        held = access.to_answer(by, handoff_id)
        expect_unchanged(request, shapes.handoff(held))
        try:
            do(held)
        except actions.CannotAnswerError as error:
            raise RefusedError(409, error.message, error.remedy) from None
        return told(request, shapes.handoff(access.to_answer(by, handoff_id)), status=status)

    return answering.once(request, token=caller(request).token, at=now(request), do=act)


def _unfit(field: str, said: str, remedy: str) -> RefusedError:
    return RefusedError(422, f"{field}: {said}.", remedy, field=field)
