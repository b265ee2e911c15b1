"""Writes that a program may send again: under the same mark (`Idempotency-Key`) the first answer is given again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from accord_app.intake.models import StoredAnswer, Token
from accord_app.intake.programs import RefusedError, problem

KEPT_FOR = timedelta(days=7)
MARK = re.compile(r"[!-~]{1,80}")
AGAIN = "Idempotency-Replayed"
_KEPT_HEADERS = ("Content-Type", "ETag")


def mark_of(request: HttpRequest) -> str | None:
    """What the program calls this write, if it says so. Raises RefusedError."""
    mark = request.headers.get("Idempotency-Key")
    if mark is not None and not MARK.fullmatch(mark):
        remedy = "Send such a text, or leave it out."
        raise RefusedError(
            422, "Idempotency-Key: it is no text of 1 to 80 plain signs.", remedy, field="Idempotency-Key"
        )
    return mark


def once(request: HttpRequest, *, token: Token, at: datetime, do: Callable[[], HttpResponse]) -> HttpResponse:
    """Let `do` answer, and keep the answer in its transaction; sent again, answer the same without doing it again.

    Two at once: the second waits for the first, on PostgreSQL at the row, on SQLite at the beginning of its
    transaction. What `do` refuses by RefusedError is an answer too and is kept; whatever else it raises undoes all.
    Raises RefusedError for a mark that stood for another request.
    """
    mark = mark_of(request)
    if mark is None:
        return do()
    with transaction.atomic():
        held, is_new = _claimed(token, mark, _digest(request), at)
        if not is_new:
            return _again(held, _digest(request))
        answer = _done(do)
        kept = {name: answer[name] for name in _KEPT_HEADERS if name in answer}
        StoredAnswer.objects.filter(pk=held.pk).update(
            status=answer.status_code, headers=kept, body=answer.content.decode()
        )
    return answer


def _claimed(token: Token, mark: str, asked: str, at: datetime) -> tuple[StoredAnswer, bool]:
    """The row of a mark, and whether it is ours. One that is older than answers are kept is forgotten."""
    StoredAnswer.objects.filter(token=token, mark=mark, at__lt=at - KEPT_FOR).delete()
    try:
        with transaction.atomic():
            return StoredAnswer.objects.create(token=token, mark=mark, asked=asked, at=at), True
    except IntegrityError:
        return StoredAnswer.objects.get(token=token, mark=mark), False


def _done(do: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        with transaction.atomic():
            return do()
    except RefusedError as refused:
        return problem(refused)


def _again(held: StoredAnswer, asked: str) -> HttpResponse:
    if held.asked != asked:
        raise RefusedError(
            422, "This Idempotency-Key was used for another request.", "Use a new one for each write.",
            field="Idempotency-Key",
        )  # fmt: skip
    answer = HttpResponse(held.body, status=held.status or 500)
    for name, value in held.headers.items():
        answer[name] = value
    answer[AGAIN] = "true"
    return answer


def _digest(request: HttpRequest) -> str:
    """Of method, address and what the body says; how JSON is laid out makes no difference."""
    try:
        body = json.dumps(json.loads(request.body), sort_keys=True) if request.body else ""
    except (ValueError, RecursionError):
        body = request.body.hex()
    said = json.dumps([request.method, request.get_full_path(), body])
    return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()


def forget(*, at: datetime) -> int:
    """Let answers go that are older than they are kept; gives how many."""
    return StoredAnswer.objects.filter(at__lt=at - KEPT_FOR).delete()[0]
