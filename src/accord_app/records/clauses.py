"""Which article of an agreement a clause stands in, and what it says there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.urls import NoReverseMatch, reverse

from accord.agreement.called import called
from accord.agreement.document import Agreement
from accord.agreement.prose import ARTICLES, MARK, articles
from accord.agreement.words import sentence
from accord_app.ledger.reads import Version

_NUMBER = re.compile(r"\.(\d+)(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause as people find it: the article that holds it, its sentences, and where to read it."""

    number: int
    title: str
    text: str
    url: str

    @property
    def name(self) -> str:
        """`article 3`."""
        return f"article {self.number}"


Names = tuple[tuple[str, str], ...]
"""Handles and names of people."""


def clause(version: Version, path: str, names: Names = ()) -> Clause | None:
    """The clause at a path as `decide()` records it (`routing.rules.1`, `response.answer.0`); None for no such path.
    People are called by their `names`."""
    asked = _NUMBER.sub(r"[\1]", _by_place(version.agreement, path))
    said = _said(version, names)
    while asked and asked not in said:
        asked = re.sub(r"(\[\d+\]|\.?[^.\[]+)$", "", asked)
    if asked not in said:
        return None
    number, title, text = said[asked]
    return Clause(number, title, text, _url(version.version, number))


def _by_place(agreement: Agreement, path: str) -> str:
    """Recycle reasons are recorded by their code and written by their place."""
    parts = path.split(".")
    if parts[:2] == ["answers", "recycle"] and len(parts) > 2:
        codes = [reason.code for reason in agreement.answers.recycle]
        return f"answers.recycle.{codes.index(parts[2])}" if parts[2] in codes else "answers.recycle"
    return path


@lru_cache(maxsize=16)
def _said(version: Version, names: Names) -> Mapping[str, tuple[int, str, str]]:
    agreement = called(version.agreement, dict(names))
    numbers = {article.title: article.no for article in articles(agreement)}
    found: dict[str, tuple[int, str, str]] = {}
    for title, write, _ in ARTICLES:
        for said in write(agreement):
            text = MARK.sub(r"\1", sentence(said.text))
            before = f"{found[said.path][2]} " if said.path in found else ""
            found[said.path] = (numbers[title], title, before + text)
    return found


def _url(version: int, number: int) -> str:
    try:
        return f"{reverse('agreements:version', args=[version])}#article-{number}"
    except NoReverseMatch:
        return ""
