"""What keys may do, as data that people can read: each scope with its words and the rights that it stands on."""

from __future__ import annotations

from accord_app.intake.models import Token
from accord_app.members.models import User
from accord_app.members.roles import Right

Scope = Token.Scope
RIGHTS: dict[str, tuple[Right, ...]] = {
    Scope.EVENTS: (Right.SEND_EVENTS,),
    Scope.MAY_CONTACT: (Right.CHECK_CONTACT,),
    Scope.READ_PEOPLE: (Right.SEE_RECORDS,),
    Scope.READ_ACCOUNTS: (Right.SEE_RECORDS,),
    Scope.READ_DEALS: (Right.SEE_RECORDS,),
    Scope.READ_HANDOFFS: (Right.SEE_TEAM_HANDOFFS, Right.SEE_ALL_HANDOFFS, Right.SEE_MARKETING_OUTCOMES),
    Scope.ANSWER_HANDOFFS: (Right.ANSWER_HANDOFFS,),
    Scope.READ_AGREEMENT: (Right.SEE_AGREEMENT,),
    Scope.READ_PROMISES: (Right.SEE_SCOREBOARD,),
}
"""Of these rights whoever a key acts for needs one, and whoever makes the key too."""

SENTENCES: dict[str, str] = {
    Scope.EVENTS: "Touches, what people said about themselves, and consent come in as facts. Reads nothing.",
    Scope.MAY_CONTACT: "Yes or no for each person who is asked about, by which clause and until when.",
    Scope.READ_PEOPLE: "Names, addresses and everything else that is known about people. Personal data.",
    Scope.READ_ACCOUNTS: "Names, domains, sizes and owners of companies.",
    Scope.READ_DEALS: "Stages, amounts and owners of deals; accounts and people by id alone.",
    Scope.READ_HANDOFFS: "Owners, answers, reasons and clocks of handoffs; people by id alone.",
    Scope.ANSWER_HANDOFFS: "Accepts, rejects, recycles and qualifies handoffs, and logs touches.",
    Scope.READ_AGREEMENT: "The version in force, its articles and signatures, and earlier versions.",
    Scope.READ_PROMISES: "How each promise stands, with its figures and periods.",
}


def rights_for(scope: str) -> tuple[Right, ...]:
    """The rights of which one is needed."""
    return RIGHTS[scope]


def may_give(user: User, scope: str) -> bool:
    """Whether somebody may make a key with this scope: nobody gives a key what they may not do."""
    return any(user.may(right) for right in RIGHTS[scope])


def said(scope: str) -> str:
    """What a scope allows, within a sentence."""
    label = str(Token.Scope(scope).label)
    return label[:1].lower() + label[1:]
