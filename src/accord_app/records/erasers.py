"""How rows of the rooms below are emptied of a person: messages that are to leave, and work that waits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import models
from django.db.models.functions import Cast

from accord_app.outbox.models import Message
from accord_app.records.erasing import Eraser, Subject
from accord_app.work.models import Job

EMPTIED = "erased"
AT_ONCE = 200


def of_texts(title: str, model: type[models.Model], *columns: str) -> Eraser:
    """An eraser that looks for a person's words in text and JSON columns, and empties each text that holds one."""

    def count(subject: Subject) -> int:
        return sum(1 for _ in _naming(model, columns, subject))

    def erase(subject: Subject, at: datetime) -> int:
        changed = [_without(row, columns, subject) for row in _naming(model, columns, subject)]
        if changed:
            model._default_manager.bulk_update(changed, columns, batch_size=AT_ONCE)
        return len(changed)

    return Eraser(title, count, erase)


MESSAGES = of_texts("Messages", Message, "context", "last_error")
WAITING_WORK = of_texts("Work that waits", Job, "payload", "last_error")


def _naming(model: type[models.Model], columns: tuple[str, ...], subject: Subject) -> Iterator[Any]:
    if not subject.words:
        return
    waiting = _perhaps_naming(model, columns, subject)
    while keys := list(islice(waiting, AT_ONCE)):
        for row in model._default_manager.only("pk", *columns).filter(pk__in=keys):
            if any(_without_words(getattr(row, column), subject) != getattr(row, column) for column in columns):
                yield row


def _perhaps_naming(model: type[models.Model], columns: tuple[str, ...], subject: Subject) -> Iterator[Any]:
    """Keys of rows that must be read closely. Most are ruled out by their text as it is stored, without taking JSON
    apart: text of plain letters without escapes can only hold plain words, written as JSON writes them."""
    words = {spelt for word in subject.words if word.isascii() for spelt in (word, json.dumps(word)[1:-1])}

    def could(texts: Iterable[str | None]) -> bool:
        said = "\n".join(filter(None, texts)).casefold()
        return not said.isascii() or "\\u" in said or any(word in said for word in words)

    columns_said = {f"{column}_said": Cast(column, models.TextField()) for column in columns}
    waiting = model._default_manager.values_list("pk", *columns_said.values()).iterator(chunk_size=2000)
    while rows := list(islice(waiting, AT_ONCE)):
        if could(text for _, *said in rows for text in said):
            yield from (key for key, *said in rows if could(said))


def _without(row: Any, columns: tuple[str, ...], subject: Subject) -> Any:
    for column in columns:
        setattr(row, column, _without_words(getattr(row, column), subject))
    return row


def _without_words(value: Any, subject: Subject) -> Any:
    if isinstance(value, str):
        return EMPTIED if subject.is_named_in(value) else value
    if isinstance(value, dict):
        return {_without_words(key, subject): _without_words(each, subject) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_words(each, subject) for each in value]
    return value
