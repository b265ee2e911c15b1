"""Lists of many records: filters in the address, pages by key in both directions, counts that stop at a thousand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import BigIntegerField, Model, QuerySet

from accord_app.records import finding

PAGE = 40
COUNTED = 1_000
MOST_CHOICES = 300
Row = TypeVar("Row", bound=Model)
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What is listed: a table, by which time (newest first), and which columns filter it under which names."""

    model: type[Row]
    by: str
    filters: Mapping[str, str]
    kind: str = ""  # of search terms; empty where words find nothing
    beside: tuple[str, ...] = ()  # relations that a row shows too


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody asked for, as it stands in the address: words, filters, and where to go on."""

    words: str
    filters: Mapping[str, str]
    after: str
    before: str

    @classmethod
    def of(cls, asked: Mapping[str, str], listing: Listing[Any]) -> Chosen:
        """Whatever an address says; what makes no sense is left out."""
        given = {name: asked.get(name, "").replace("\0", "").strip()[:200] for name in ("q", *listing.filters)}
        words = given.pop("q")[:100]
        filters = {name: value for name, value in given.items() if value}
        return cls(words if listing.kind else "", filters, asked.get("after", ""), asked.get("before", ""))

    @property
    def query(self) -> str:
        """The same without a place, as the query part of an address."""
        return urlencode({**({"q": self.words} if self.words else {}), **self.filters})

    def without(self, name: str) -> str:
        """The query without one of its filters, or without words (`q`)."""
        kept = {key: value for key, value in self.filters.items() if key != name}
        return urlencode({**({"q": self.words} if self.words and name != "q" else {}), **kept})

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.words or self.filters)


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page: its rows, how many there are (`1,000+`), and the queries that lead to later and earlier ones."""

    rows: tuple[Row, ...]
    count: str
    is_one: bool
    older: str
    newer: str


def rows(listing: Listing[Row], chosen: Chosen) -> QuerySet[Row, Row]:
    """Everything that was asked for, in order."""
    found = listing.model._default_manager.order_by(f"-{listing.by}", "-pk")
    if listing.kind:
        found = found.filter(same_as="")  # whoever stands for another is shown as the other
    if listing.beside:
        found = found.select_related(*listing.beside)
    for name, value in chosen.filters.items():
        found = found.filter(**{listing.filters[name]: value})
    if chosen.words:
        found = found.filter(pk__in=finding.refs(listing.kind, chosen.words))
    return found


def counted(found: QuerySet[Any, Any]) -> tuple[int, str]:
    """How many there are, counted no further than is shown: `1,000+`."""
    count = found.order_by()[: COUNTED + 1].count()
    return count, f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def page(listing: Listing[Row], chosen: Chosen) -> Slice[Row]:
    """The page at the asked place. A place that makes no sense is the beginning."""
    found = rows(listing, chosen)
    count, said = counted(found)
    back = _place(chosen.before, listing)
    if back:
        some = list(_beyond(found.reverse(), listing, back, ">")[: PAGE + 1])
        shown, has_newer, has_older = some[:PAGE][::-1], len(some) > PAGE, True
    else:
        on = _place(chosen.after, listing)
        some = list((_beyond(found, listing, on, "<") if on else found)[: PAGE + 1])
        shown, has_newer, has_older = some[:PAGE], on is not None, len(some) > PAGE
    older = _query(chosen, after=_named(shown[-1], listing)) if shown and has_older else ""
    newer = _query(chosen, before=_named(shown[0], listing)) if shown and has_newer else ""
    return Slice(tuple(shown), said, count == 1, older, newer)


def choices(listing: Listing[Any], name: str) -> list[str]:
    """The values that a filter can take, found by hopping along its index instead of reading the table."""
    column, table = _q(_column(listing, listing.filters[name])), _q(listing.model._meta.db_table)
    sql = f"""
        WITH RECURSIVE found(value) AS (
            SELECT min({column}) FROM {table} WHERE {column} > ''
            UNION ALL
            SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.value) FROM found WHERE value IS NOT NULL
        ) SELECT value FROM found WHERE value IS NOT NULL LIMIT {MOST_CHOICES}
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]


def every(listing: Listing[Row], chosen: Chosen) -> Iterator[Row]:
    """Every row, page by page, so that a long file holds no transaction open."""
    found, place = rows(listing, chosen), None
    while some := list((_beyond(found, listing, place, "<") if place else found)[:COUNTED]):
        yield from some
        place = _place(_named(some[-1], listing), listing)


def slice_of(
    listing: Listing[Row], found: QuerySet[Row, Row], place: tuple[datetime, Any] | None, most: int
) -> tuple[list[Row], tuple[datetime, Any] | None]:
    """So many rows of what was asked for, after a place or from the beginning, and the place of the last one if more
    follow. `found` is in the order of the listing."""
    some = list((_beyond(found, listing, place, "<") if place else found)[: most + 1])
    shown = some[:most]
    return shown, (getattr(shown[-1], listing.by), shown[-1].pk) if len(some) > most else None


# Places


def _beyond(
    found: QuerySet[Row, Row], listing: Listing[Row], place: tuple[datetime, Any], sign: str
) -> QuerySet[Row, Row]:
    """Rows on one side of a place. Compared as a pair, which both databases do by index, also where times are equal."""
    meta = listing.model._meta
    table, key = _q(meta.db_table), _q(str(meta.pk.column if meta.pk else "id"))
    pair = f"({table}.{_q(_column(listing, listing.by))}, {table}.{key}) {sign} (%s, %s)"
    at = connection.ops.adapt_datetimefield_value(place[0])
    return found.extra(where=[pair], params=[at, place[1]])  # noqa: S610 names of columns only


def _named(row: Model, listing: Listing[Any]) -> str:
    """A place in an address: microseconds since 1970 and the id."""
    at: datetime = getattr(row, listing.by)
    return f"{(at - _START) // timedelta(microseconds=1)}.{row.pk}"


def _place(named: str, listing: Listing[Any]) -> tuple[datetime, Any] | None:
    """None for anything that is no place, such as an id that the table could not have."""
    micros, _, key = named.partition(".")
    try:
        pk = listing.model._meta.pk.to_python(key[:24].replace("\0", ""))
        at = _START + timedelta(microseconds=int(micros))
    except (ValueError, OverflowError, ValidationError):
        return None
    return None if isinstance(pk, int) and not 0 <= pk <= BigIntegerField.MAX_BIGINT else (at, pk)


def _query(chosen: Chosen, **place: str) -> str:
    return "&".join(part for part in (chosen.query, urlencode(place)) if part)


def _column(listing: Listing[Any], field: str) -> str:
    return str(listing.model._meta.get_field(field).column)


def _q(name: str) -> str:
    return connection.ops.quote_name(name)
