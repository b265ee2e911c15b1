"""Where the agreement stands outside its own pages."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from accord.agreement import prose
from accord_app.ledger.reads import version_in_force
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.shell import navigation, search, steps


def put_everywhere() -> None:
    """Join the registries."""
    navigation.register(
        navigation.Entry(
            "Agree", "agreement", "Agreement", "writing-sign", "agreements:agreement",
            right=Right.SEE_AGREEMENT, count=_number, order=10, go="a", tab=3,
        )
    )  # fmt: skip
    search.register("Articles", _find)
    steps.register(
        steps.Step(
            40,
            "Draft the agreement",
            "From a template with questions, in a few minutes. A text that is signed already can be loaded.",
            "agreements:draft",
            _is_loaded,
            Right.LOAD_AGREEMENT,
        )
    )


def _number(user: User) -> str | None:
    version = version_in_force(timezone.now())
    return f"v{version.version}" if version else None


def _is_loaded() -> bool:
    return version_in_force(timezone.now()) is not None


def _find(user: User, query: str) -> list[search.Found]:
    """Articles whose title or text holds every word."""
    version = version_in_force(timezone.now())
    if version is None or not user.may(Right.SEE_AGREEMENT):
        return []
    words = query.casefold().split()
    return [
        search.Found(
            f"{article.no} {article.title}",
            article.text[:120],
            f"{reverse('agreements:agreement')}#article-{article.no}",
            "Article",
        )
        for article in prose.articles(version.agreement)
        if all(word in f"{article.title} {article.text}".casefold() for word in words)
    ][:5]
