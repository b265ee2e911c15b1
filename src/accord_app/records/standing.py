"""How a record stands, worked out from its facts: the newest non-empty cell of its profiles, the events of a deal in
the order in which they happened. What arrives late or twice changes nothing but what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Field, Min

from accord.facts.employers import site_of, site_of_web
from accord.facts.lead_view import BY_ADDRESS, NOBODY
from accord.facts.same import FOREVER
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.links import links_of
from accord_app.ledger.models import DealEvent, Decision, HandoffEvent, Profile
from accord_app.records import terms
from accord_app.records.models import Account, Deal, Person, SearchTerm

_PLACE = 10_000_000
"""Added to a row's place, so that places have equal length as text and the greatest text is that of the newest row."""


@dataclass(frozen=True, slots=True)
class _Folded:
    """A table of current state and the kind of profile that it is folded from."""

    model: type[Person] | type[Account]
    subject: str
    key: str


_PEOPLE = _Folded(Person, "person", "person_id")
_ACCOUNTS = _Folded(Account, "account", "account_id")
_NO_CELL = frozenset({"known_at", "first_known_at", "erased_at", "same_as"})
_CELLS = {"parent_id": "account_id"}
"""Columns that are called otherwise in a profile."""
_NOW = FOREVER - 1
"""After every word about who is the same."""


def fold_people(ids: Collection[str]) -> None:
    """Work out anew how these people stand, under all ids that mean them."""
    ids = _fold_together(_PEOPLE, ids)
    _find_people(ids)


def fold_accounts(ids: Collection[str]) -> None:
    """Work out anew how these accounts stand, under all ids that mean them."""
    ids = _fold_together(_ACCOUNTS, ids)
    rows = Account.objects.filter(account_id__in=ids).values("account_id", "name", "domain", "same_as")
    meant = {row["account_id"]: row["same_as"] or row["account_id"] for row in rows}
    found = {
        row["account_id"]: set(terms.of_account(name=row["name"], domain=row["domain"]))
        for row in rows if not row["same_as"]
    }  # fmt: skip
    for key, domain in _domains(ids):
        if (site := site_of_web(domain)) and key in meant:
            found.setdefault(meant[key], set()).add(terms.of_site(site))
    terms.keep(SearchTerm.Kind.ACCOUNT, {key: found.get(key, frozenset()) for key in ids})


def _domains(ids: Collection[str]) -> Iterable[tuple[str, str]]:
    """Every domain that was ever said of these accounts: all of them lead there."""
    told = Profile.facts().filter(subject="account", subject_id__in=ids).exclude(batch__in=unseen_batches())
    return told.exclude(domain=None).values_list("subject_id", "domain").distinct()


def mention_people(ids: Collection[str]) -> None:
    """Let everybody who was handed over or decided about be a person, also without a profile."""
    missing = set(ids) - set(Person.objects.filter(person_id__in=ids).values_list("person_id", flat=True))
    bare = [Person(person_id=key, known_at=at, first_known_at=at) for key, at in _first_mentioned(missing).items()]
    Person.objects.bulk_create(bare, ignore_conflicts=True)


def _find_people(ids: Collection[str]) -> None:
    rows = Person.objects.filter(person_id__in=ids, same_as="").values(
        "person_id", "name", "email", "company", "account__name"
    )
    found = {row["person_id"]: _terms_of(row) for row in rows}
    terms.keep(SearchTerm.Kind.PERSON, {key: found.get(key, frozenset()) for key in ids})


def _terms_of(row: Mapping[str, Any]) -> frozenset[bytes]:
    company = row["company"] or row["account__name"] or ""
    found = terms.of_person(name=row["name"], email=row["email"], company=company)
    site = site_of(row["email"])
    return found | {terms.of_site(site)} if site else found


# Profiles


def _fold_together(what: _Folded, ids: Collection[str]) -> Collection[str]:
    """Each id by itself, then whoever has several as all of them tell; gives everybody who was looked at."""
    links = links_of(ids)
    everybody = links.everybody(ids) if links else set(ids)
    _fold(what, everybody)
    _forget(what, everybody)
    above = {each: root for each in everybody if (root := links.root(each, _NOW)) != each}
    if links:
        _fold(what, {*above, *above.values()}, {**above, **{root: root for root in above.values()}})
        _say_same(what, everybody, above)
    return everybody


def _say_same(what: _Folded, ids: Collection[str], above: Mapping[str, str]) -> None:
    rows = what.model._default_manager.filter(pk__in=ids)
    rows.exclude(pk__in=above).exclude(same_as="").update(same_as="")
    for each, root in above.items():
        rows.filter(pk=each).update(same_as=root)


def _fold(what: _Folded, ids: Collection[str], meant: Mapping[str, str] | None = None) -> None:
    """`meant`: whom the profiles of an id tell of, where that is another."""
    if not ids:
        return
    cells = [f for f in what.model._meta.concrete_fields if f.name not in _NO_CELL and not f.primary_key]
    columns = [what.key, *(f.column for f in cells), "known_at", "first_known_at"]
    values = [f"{_newest(f)} AS {_q(f.column)}" for f in cells]
    unseen = unseen_batches()
    seen = f"AND batch NOT IN ({_marks(unseen)})" if unseen else ""
    target = what.model._meta.db_table
    pairs = [each for pair in (meant or {}).items() for each in pair]
    whom = f"CASE subject_id {'WHEN %s THEN %s ' * (len(pairs) // 2)}END" if meant else "subject_id"
    changed = ", ".join(f"{_q(c)} = excluded.{_q(c)}" for c in columns[1:])
    sql = f"""
        INSERT INTO {_q(target)} ({", ".join(_q(c) for c in columns)})
        SELECT meant_id, {", ".join(values)}, max(known_at), min(known_at) FROM (
            SELECT *, CAST({_PLACE} + row_number() OVER (
                PARTITION BY meant_id ORDER BY known_at, revision, source, source_id) AS text) AS place
            FROM (
                SELECT *, {whom} AS meant_id FROM {_q(Profile._meta.db_table)}
                WHERE subject = %s AND subject_id IN ({_marks(ids)}) {seen}
            ) told
        ) placed WHERE 1 = 1 GROUP BY meant_id
        ON CONFLICT ({_q(what.key)}) DO UPDATE SET {changed}
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [*pairs, what.subject, *ids, *unseen])


def _newest(field: Field[Any, Any]) -> str:
    """The newest cell that says something, as SQL over placed rows of one subject."""
    cell, kind = _q(_CELLS.get(field.column, field.column)), field.get_internal_type()
    if kind == "BooleanField":
        said = f"CASE WHEN {cell} THEN place || '1' WHEN NOT {cell} THEN place || '0' END"
        return f"coalesce(substr(max({said}), 9), '0') = '1'"
    if kind == "FloatField":
        return f"CAST(substr(max(place || CAST({cell} AS text)), 9) AS double precision)"
    if kind == "ForeignKey":
        told = f"substr(max(CASE WHEN {cell} <> '' AND source {{}} '{BY_ADDRESS}' THEN place || {cell} END), 9)"
        return f"coalesce({told.format('<>')}, nullif({told.format('=')}, '{NOBODY}'))"
    return f"coalesce(substr(max(CASE WHEN {cell} <> '' THEN place || {cell} END), 9, {field.max_length}), '')"


def _forget(what: _Folded, ids: Collection[str]) -> None:
    """Records whose every profile was taken back are gone; people of whom other facts tell stay without a name."""
    told = Profile.facts().filter(subject=what.subject, subject_id__in=ids).exclude(batch__in=unseen_batches())
    gone = set(ids) - set(told.values_list("subject_id", flat=True))
    if what is _PEOPLE and gone:
        erased = Person.objects.filter(person_id__in=gone, erased_at__isnull=False)
        kept = {*_first_mentioned(gone), *erased.values_list("person_id", flat=True)}
        Person.objects.filter(person_id__in=kept).update(**_blank())
        gone -= kept
    if gone:
        what.model._default_manager.filter(pk__in=gone).delete()


def _first_mentioned(ids: Collection[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for model in (HandoffEvent, Decision) if ids else ():
        rows = model.facts().filter(person_id__in=ids).exclude(batch__in=unseen_batches())
        for key, at in rows.values("person_id").annotate(first=Min("known_at")).values_list("person_id", "first"):
            found[key] = min(at, found.get(key, at))
    return found


def _blank() -> dict[str, Any]:
    texts = [f.name for f in Person._meta.concrete_fields if f.get_internal_type() == "CharField" and not f.primary_key]
    return dict.fromkeys(texts, "") | {"account": None, "deleted": False}


# Deals

_CLOSING = ("won", "lost", "deleted")
_STEP = {"won": 2, "lost": 2, "reopened": 3, "deleted": 3}
_READ = (
    "deal_id", "account_id", "person_id", "event", "stage", "amount", "currency", "owner", "reason",
    "source", "source_id", "revision", "occurred_at", "known_at",
)  # fmt: skip


def fold_deals(ids: Collection[str]) -> None:
    """Work out anew how these deals stand."""
    rows = DealEvent.facts().filter(deal_id__in=ids).exclude(batch__in=unseen_batches()).order_by("deal_id")
    found = [_folded(key, list(events)) for key, events in groupby(rows.values(*_READ), lambda row: row["deal_id"])]
    Deal.objects.filter(deal_id__in=set(ids) - {deal.deal_id for deal in found}).delete()
    names = [f.name for f in Deal._meta.concrete_fields if not f.primary_key]
    Deal.objects.bulk_create(found, update_conflicts=True, unique_fields=["deal_id"], update_fields=names)


def standing_only(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of every fact the revision that holds: the one known last, and of these the highest."""
    newest: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        identity = (row["source"], row["source_id"])
        held = newest.get(identity)
        if held is None or (held["known_at"], held["revision"]) < (row["known_at"], row["revision"]):
            newest[identity] = row
    return list(newest.values())


def happened(row: Mapping[str, Any]) -> datetime:
    """When it happened; never later than when it was known."""
    at: datetime = min(row["occurred_at"], row["known_at"])
    return at


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The standing events of one deal as they happened; at one moment a deal is closed last."""
    return sorted(
        standing_only(rows),
        key=lambda r: (happened(r), _STEP.get(r["event"], 1), r["known_at"], r["revision"], r["source_id"]),
    )


def _folded(key: str, rows: list[Mapping[str, Any]]) -> Deal:
    events = in_order(rows)
    states = [(e["event"] if e["event"] in _CLOSING else "open", happened(e)) for e in events if _says_state(e)]
    status, since = states[-1] if states else ("open", happened(events[0]))
    stages = [e for e in events if e["stage"] and e["event"] not in _CLOSING]
    moved = [happened(e) for e in events if _says_state(e) or e in stages] or [happened(e) for e in events]
    opened = [happened(e) for e in events if e["event"] not in (*_CLOSING, "activity", "amount")]
    return Deal(
        deal_id=key,
        account_id=_last(events, "account_id"),
        person_id=_last(events, "person_id"),
        status=status,
        stage=stages[-1]["stage"][:100] if stages else "",
        amount=next((e["amount"] for e in reversed(events) if e["amount"] is not None), None),
        currency=_last(events, "currency")[:10],
        owner=_last(events, "owner")[:100],
        reason=_last([e for e in events if e["event"] == "lost"], "reason")[:200] if status == "lost" else "",
        opened_at=opened[0] if opened else None,
        moved_at=moved[-1],
        closed_at=since if status in _CLOSING else None,
    )


def _says_state(event: Mapping[str, Any]) -> bool:
    return event["event"] not in ("amount", "activity")


def _last(events: list[Mapping[str, Any]], column: str) -> str:
    return next((str(e[column]) for e in reversed(events) if e[column]), "")


def _q(name: str) -> str:
    return connection.ops.quote_name(name)


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))
