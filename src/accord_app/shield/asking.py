"""The question, asked live: may this side write to these people now? Answered from what is kept where that is sure to
hold, else worked out from the facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection

from accord_app.ledger.reads import Version
from accord_app.shield import keeping
from accord_app.shield.working_out import (
    MAIL,
    MARKETING,
    MESSAGE,
    NoAgreementError,
    Question,
    Verdict,
    answered,
    in_force,
    let_until,
    worked_out,
)

__all__ = ["MAIL", "MARKETING", "MESSAGE", "NoAgreementError", "Question", "Verdict", "in_force", "may_contact"]


def may_contact(
    people: Collection[str], question: Question, *, at: datetime, version: Version | None = None
) -> Mapping[str, Verdict]:
    """The answer for each person at this moment. Whoever asks within a transaction is answered from the facts, which
    may be facts of that transaction. `version`: the one in force, if it is known. Raises NoAgreementError."""
    version, asked = version or in_force(at), set(people)
    if is_within_transaction():
        return _from_facts(version, asked, question, at)
    return keeping.answers(version, asked, question, at=at)


def is_within_transaction() -> bool:
    """Whether what is asked here may be undone."""
    return connection.in_atomic_block


def _from_facts(version: Version, people: Collection[str], question: Question, at: datetime) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    let = let_until(people, question, at=at)
    for some in worked_out(version, people, at=at):
        stood = {person: each.stood for person, each in some.stood.items()}
        found.update(answered(version, stood, question, at=at, let=let))
    return found
