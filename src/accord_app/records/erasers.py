"""How rows of the rooms below are emptied of a person: messages that are to leave, and work that waits."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast, Length
from django.db.models.lookups import GreaterThan

from accord_app.outbox.models import Message
from accord_app.records.erasing import Eraser, Subject
from accord_app.records.models import Duplicate, Kind
from accord_app.work.models import Job

EMPTIED = "erased"
AT_ONCE = 200
_LIKE, _ESCAPED = re.compile(r"[\\%_]"), r"\\\g<0>"


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


def _pairs(subject: Subject) -> Any:
    return Duplicate.objects.filter(Q(left__in=subject.person_ids) | Q(right__in=subject.person_ids), kind=Kind.PERSON)


PROPOSED_PAIRS = Eraser(
    "Pairs of duplicates",
    lambda subject: _pairs(subject).count(),
    lambda subject, _at: _pairs(subject).delete()[0],
)


def _naming(model: type[models.Model], columns: tuple[str, ...], subject: Subject) -> Iterator[Any]:
    if not subject.words:
        return
    waiting = perhaps_naming(model, columns, subject).iterator(chunk_size=AT_ONCE)
    while keys := list(islice(waiting, AT_ONCE)):
        for row in model._default_manager.only("pk", *columns).filter(pk__in=keys):
            if any(_without_words(getattr(row, column), subject) != getattr(row, column) for column in columns):
                yield row


def perhaps_naming(model: type[models.Model], columns: tuple[str, ...], subject: Subject) -> models.QuerySet[Any]:
    """Keys of rows that must be read closely. The database rules most out by their text as it is stored: text of
    plain letters without escapes can only hold plain words, written as JSON writes them. SQLite keeps JSON as Python
    wrote it, all in plain letters, so counting its letters there would only take half of the time."""
    words = {spelt for word in subject.words if word.isascii() for spelt in (word, json.dumps(word)[1:-1])}
    texts = {f"text_of_{column}": Cast(column, models.TextField()) for column in columns}
    could = Q()
    for text, column in zip(texts, columns, strict=True):
        is_json = isinstance(model._meta.get_field(column), models.JSONField)
        is_escaped = is_json and connection.vendor == "sqlite"
        holds = Q() if is_escaped else Q(GreaterThan(_Octets(text), Length(text)))
        holds |= Q(_HoldsOne(text, ("\\u", *sorted(words))))
        could |= holds if is_json else ~Q(**{text: ""}) & holds
    rows: models.QuerySet[Any] = model._default_manager.alias(**texts).filter(could).values_list("pk", flat=True)
    return rows


class _HoldsOne(Func):
    """Whether a text holds one of some words, in letters of any case. PostgreSQL writes JSON as text anew for every
    mention of a column, so it is mentioned once."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, text: str, words: Collection[str]) -> None:
        self.words = [f"%{_LIKE.sub(_ESCAPED, word.lower())}%" for word in words]
        super().__init__(F(text))

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        if connection.vendor == "postgresql":
            return f"LOWER({text}) LIKE ANY(%s)", [*params, self.words]
        one = f"{text} LIKE %s ESCAPE '\\'"
        every = [part for word in self.words for part in (*params, word)]
        return f"({' OR '.join([one] * len(self.words))})", every


class _Octets(Func):
    """How many bytes a text takes: more than its letters, where one of them is not plain."""

    function = "octet_length"
    output_field = models.IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **context)


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
