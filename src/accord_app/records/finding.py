"""Finding people and accounts by the beginnings of words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records import terms
from accord_app.records.models import Account, Person, SearchTerm
from accord_app.shell.search import Found

SHOWN = 8
LOOKED_AT = 5_000
MOST = 1_000
"""More records than this are never listed for words; more words would tell them apart."""


def people(user: User, text: str) -> list[Found]:
    """People for the search of the shell."""
    if not user.may(Right.SEE_RECORDS):
        return []
    rows = Person.objects.select_related("account").in_bulk(refs(SearchTerm.Kind.PERSON, text, SHOWN))
    return [
        Found(str(row), row.company or str(row.account or ""), reverse("records:person", args=[row.pk]), "person")
        for row in rows.values()
    ]


def accounts(user: User, text: str) -> list[Found]:
    """Accounts for the search of the shell."""
    if not user.may(Right.SEE_RECORDS):
        return []
    rows = Account.objects.in_bulk(refs(SearchTerm.Kind.ACCOUNT, text, SHOWN))
    return [Found(str(row), row.domain, reverse("records:account", args=[row.pk]), "account") for row in rows.values()]


def refs(kind: str, text: str, most: int = MOST) -> list[str]:
    """Records that have, for every word, one that begins with it; at most so many. A whole address finds its person.

    The rarest word is looked up first, and of what it finds as many as can be looked at in a moment.
    """
    found = list(_by_address(text)) if kind == SearchTerm.Kind.PERSON and "@" in text else []
    asked = [_beginning(kind, word) for word in sorted(terms.words(text.partition("@")[0]))]
    if len(asked) > 1:
        asked.sort(key=lambda rows: rows[:LOOKED_AT].count())
    if asked:
        rows = asked[0].filter(pk__in=asked[0].values("pk")[:LOOKED_AT]) if len(asked) > 1 else asked[0]
        for other in asked[1:]:
            rows = rows.filter(Exists(other.filter(ref=OuterRef("ref"))))
        found += rows.values_list("ref", flat=True)[: 2 * most]
    return _first(found, most)


def _by_address(text: str) -> Iterable[str]:
    return Person.objects.filter(email=text.strip().lower()).values_list("person_id", flat=True)[:SHOWN]


def _beginning(kind: str, word: bytes) -> QuerySet[SearchTerm, Any]:
    return SearchTerm.objects.filter(kind=kind, term__gte=word, term__lt=terms.after(word))


def _first(found: Iterable[str], most: int) -> list[str]:
    return list(islice(dict.fromkeys(found), most))
