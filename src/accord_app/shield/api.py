"""Where programs ask before they send: `POST /v1/may-contact`, one person or up to 10,000, under a key that may ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from accord.agreement.decide import without_gc
from accord_app.intake.answering import mark_of
from accord_app.intake.programs import Caller, RefusedError, document_of
from accord_app.ledger.reads import version_of
from accord_app.records.clauses import clause as clause_of
from accord_app.shell.once import holding
from accord_app.shield.asking import MAIL, MARKETING, MESSAGE, NoAgreementError, Question
from accord_app.shield.inquiring import Answer, Answered, Asker, OtherQuestionError, ask

MOST = 10_000
ALLOWED = ("person", "people", "purpose", "channel", "side", "message")
_WORD = re.compile(r"[a-z0-9_-]{1,30}(\.[a-z0-9_-]{1,28})?")


def may_contact(request: HttpRequest, caller: Caller, at: datetime) -> HttpResponse:
    """200 with an answer for each person who is named, and what is wrong with each other row. Raises RefusedError."""
    with without_gc(), holding():
        return _answered(request, caller, at)


def _answered(request: HttpRequest, caller: Caller, at: datetime) -> HttpResponse:
    document = document_of(request, fewer="people")
    entries, question = _asked(document)
    try:
        found = ask(
            entries, question, by=Asker(caller.token.name, is_program=True), at=at, once=_once(request, caller.token.pk)
        )
    except NoAgreementError as error:
        raise RefusedError(409, error.message, error.remedy) from None
    except OtherQuestionError as error:
        raise RefusedError(422, error.message, error.remedy, field="Idempotency-Key") from None
    return JsonResponse(_document(found))


def _once(request: HttpRequest, token: int) -> str | None:
    mark = mark_of(request)
    return None if mark is None else f"key:{token}:{mark}"


def _asked(document: object) -> tuple[list[object], Question]:
    if not isinstance(document, dict):
        raise _unfit("", "the body is no object", 'Send {"people": [...]}.')
    for name in document:
        if name not in ALLOWED:
            raise _unfit(str(name)[:80], "there is no such field", f"Leave it out; there are {', '.join(ALLOWED)}.")
    return _people(document), Question(_purpose(document), _side(document), _message(document))


def _people(document: Mapping[str, Any]) -> list[object]:
    if ("person" in document) is ("people" in document):
        raise _unfit("people", "one of person and people is needed", 'Send {"people": [...]} or {"person": "..."}.')
    if "person" in document:
        return [document["person"]]
    people = document["people"]
    if not isinstance(people, list) or not people:
        raise _unfit("people", "it is no list with somebody in it", "Send a list of ids or e-mail addresses.")
    if len(people) > MOST:
        raise _unfit("people", f"{len(people):,} people at once are too many", f"Send up to {MOST:,} at once.")
    return people


def _purpose(document: Mapping[str, Any]) -> str:
    purpose = _text(document, "purpose", MAIL, _WORD, "Send a purpose such as marketing.email.")
    channel = _text(document, "channel", "", _WORD, "Send a channel such as email.")
    return f"{purpose}.{channel}" if channel and "." not in purpose else purpose


def _side(document: Mapping[str, Any]) -> str:
    return _text(document, "side", MARKETING, re.compile("marketing|sales"), "Send marketing or sales.")


def _message(document: Mapping[str, Any]) -> str:
    return _text(document, "message", "", MESSAGE, "Send the name of a message such as event-invitation.")


def _text(document: Mapping[str, Any], name: str, default: str, allowed: re.Pattern[str], remedy: str) -> str:
    value = document.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise _unfit(name, "it cannot be understood", remedy)
    return value


def _unfit(field: str, said: str, remedy: str) -> RefusedError:
    return RefusedError(422, f"{field or 'The body'}: {said}.", remedy, field=field, remedy=remedy)


def _document(found: Answered) -> dict[str, Any]:
    inquiry = found.inquiry
    path = reverse("shield:answer", args=[inquiry.pk])
    return {
        "id": inquiry.pk,
        "url": f"{settings.ADDRESS}{path}",
        "asked_at": inquiry.at.isoformat(),
        "version": inquiry.version,
        "purpose": inquiry.purpose,
        "side": inquiry.side,
        "people": inquiry.people,
        "held_back": inquiry.held,
        "clauses": {clause: _clause(inquiry.version, clause, count) for clause, count in inquiry.counts.items()},
        "answers": [_answer(each) for each in found.answers],
        "refused": [asdict(each) for each in found.refused],
    }


def _clause(number: int, path: str, count: int) -> dict[str, Any]:
    version = version_of(number)
    said = clause_of(version, path) if version else None
    return {"people": count, "article": said.number if said else None, "sentence": said.text if said else ""}


def _answer(each: Answer) -> dict[str, Any]:
    verdict = each.verdict
    return {
        "index": each.index,
        "person_id": each.person_id,
        "known": each.is_known,
        "may": verdict.may,
        "clause": verdict.clause,
        "until": verdict.until.isoformat() if verdict.until else None,
    }
