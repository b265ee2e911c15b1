"""Finding people and accounts by the beginnings of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet
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
    if len(asked) == 1:
        found += asked[0].values_list("ref", flat=True)[: 2 * most]
    elif asked:
        found += _that_have_all(asked)
    return _first(found, most)


def _by_address(text: str) -> Iterable[str]:
    return Person.objects.filter(email=text.strip().lower()).values_list("person_id", flat=True)[:SHOWN]


def _that_have_all(asked: Sequence[QuerySet[SearchTerm, Any]]) -> list[str]:
    """Word by word, each over what the words before it left: as one query PostgreSQL, which knows little of how often
    words come, may plan it to take minutes."""
    left = list(asked[0].values_list("ref", flat=True)[:LOOKED_AT])
    for word in asked[1:]:
        left = list(word.filter(ref__among=left).values_list("ref", flat=True))
    return left


def _beginning(kind: str, word: bytes) -> QuerySet[SearchTerm, Any]:
    return SearchTerm.objects.filter(kind=kind, term__gte=word, term__lt=terms.after(word))


def _first(found: Iterable[str], most: int) -> list[str]:
    return list(islice(dict.fromkeys(found), most))
