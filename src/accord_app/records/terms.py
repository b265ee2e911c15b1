"""The words by which records are found: without letter case and accents, from their beginning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from django.db import connection

from accord_app.records.models import SearchTerm

LONGEST = 64  # bytes of a word that count
_WORD = re.compile(r"\w+")


def words(*texts: str) -> frozenset[bytes]:
    """The different words of some texts: `Zieliński` gives `zielinski`."""
    return frozenset(_bytes(word) for text in texts for word in _WORD.findall(_plain(text)))


def of_person(*, name: str, email: str, company: str) -> frozenset[bytes]:
    """What finds a person: name, the address before its @, company."""
    return words(name, email.partition("@")[0], company)


def of_account(*, name: str, domain: str) -> frozenset[bytes]:
    """What finds an account: name and domain."""
    return words(name, domain)


def of_site(site: str) -> bytes:
    """By what people and accounts of one domain find each other. No word that somebody types begins like it."""
    return _bytes(f"@{site}")


def after(prefix: bytes) -> bytes:
    """The first word that no longer begins with the prefix. No byte of UTF-8 is 255."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def keep(kind: str, wanted: Mapping[str, Collection[bytes]]) -> None:
    """Let these records of one kind be found by these words and no others."""
    held: dict[tuple[bytes, str], int] = {}
    rows = SearchTerm.objects.filter(kind=kind, ref__in=list(wanted)).values_list("id", "term", "ref")
    for row, term, ref in rows:
        held[bytes(term), ref] = row
    asked = {(term, ref) for ref, terms in wanted.items() for term in terms}
    SearchTerm.objects.filter(id__in=[row for key, row in held.items() if key not in asked]).delete()
    _add(kind, asked - held.keys())


def _add(kind: str, pairs: Iterable[tuple[bytes, str]]) -> None:
    table = connection.ops.quote_name(SearchTerm._meta.db_table)
    rows = [(term, kind, ref) for term, ref in sorted(pairs)]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} (term, kind, ref) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", rows)


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).replace("_", " ").replace("ł", "l")


def _bytes(word: str) -> bytes:
    return word.encode()[:LONGEST].decode(errors="ignore").encode()
