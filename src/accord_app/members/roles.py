"""Roles and rights as data that people can read. The `access` of the room that owns an object checks them."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """What somebody may do, as verb and object."""

    ANSWER_HANDOFFS = "answer handoffs"  # accept, reject, recycle, log a touch: one's own and the team's
    ASSIGN_HANDOFFS = "assign handoffs"  # give a handoff to somebody else
    SEE_TEAM_HANDOFFS = "see the team's handoffs"
    SEE_ALL_HANDOFFS = "see all handoffs"
    SEE_MARKETING_OUTCOMES = "see what became of marketing's handoffs"
    REPLY_TO_REJECTIONS = "reply to rejections"
    LOOK_AGAIN = "look at rejections again"
    SEE_RECORDS = "see people, accounts and deals"
    SEE_SCOREBOARD = "see the scoreboard"
    SEE_LOT = "see what became of leads drawn by lot"  # as sums: nobody sees which they are
    SEE_AGREEMENT = "read the agreement"
    LOAD_AGREEMENT = "load a version of the agreement"
    IMPORT_FACTS = "import facts"
    SEE_HEALTH = "see data health"
    ERASE_PEOPLE = "erase a person"
    MERGE_RECORDS = "say which records are the same"
    SEE_MEMBERS = "see members and teams"
    MANAGE_MEMBERS = "manage members"
    SET_UP = "see how far the workspace is set up"
    SET_ABSENCE_OF_OTHERS = "set the absence of others"
    SEE_WORK = "see what waits, failed and was sent"
    RETRY_WORK = "do failed work again"
    SEND_EVENTS = "send events"
    CHECK_CONTACT = "check who may be written to"
    OVERRIDE_SHIELD = "let a message through the shield"  # to people one owns; RevOps: to everybody
    RECORD_CONSENT = "record that somebody said no"  # whoever hears it, so that it holds from that moment
    SEE_NURTURE = "see nurture tracks and templates"
    RUN_NURTURE = "write nurture tracks, templates and the texts of consent"


class Role(StrEnum):
    """What somebody is here. Everybody reads the agreement and the scoreboard: both teams see the same numbers."""

    REP = "rep"
    MARKETER = "marketer"
    REVOPS = "revops"
    HEAD_OF_SALES = "head_of_sales"
    HEAD_OF_MARKETING = "head_of_marketing"
    ADMINISTRATOR = "administrator"

    @property
    def title(self) -> str:  # type: ignore[override]
        """The role in words."""
        return _TITLES[self]

    @property
    def sentence(self) -> str:
        """What the role is for."""
        return _SENTENCES[self]

    @property
    def side(self) -> str:
        """marketing, sales or both."""
        return _SIDES[self]

    @property
    def rights(self) -> frozenset[Right]:
        """Everything that the role may do."""
        return RIGHTS[self]


_TITLES = {
    Role.REP: "Sales rep",
    Role.MARKETER: "Marketer",
    Role.REVOPS: "RevOps lead",
    Role.HEAD_OF_SALES: "Head of sales",
    Role.HEAD_OF_MARKETING: "Head of marketing",
    Role.ADMINISTRATOR: "Administrator",
}
_SENTENCES = {
    Role.REP: "Answers handoffs of the own team.",
    Role.MARKETER: "Sees what became of marketing's handoffs and replies to rejections.",
    Role.REVOPS: "Keeps the agreement running: sees everything, assigns, imports, mends.",
    Role.HEAD_OF_SALES: "Leads sales: sees and assigns the handoffs of every sales team.",
    Role.HEAD_OF_MARKETING: "Leads marketing: sees what became of every handoff.",
    Role.ADMINISTRATOR: "Sets up the workspace: members, versions of the agreement, erasure.",
}
_SIDES = {
    Role.REP: "sales",
    Role.MARKETER: "marketing",
    Role.REVOPS: "both",
    Role.HEAD_OF_SALES: "sales",
    Role.HEAD_OF_MARKETING: "marketing",
    Role.ADMINISTRATOR: "both",
}
_EVERYBODY = frozenset({
    Right.SEE_RECORDS, Right.SEE_SCOREBOARD, Right.SEE_AGREEMENT, Right.RECORD_CONSENT, Right.SEE_NURTURE,
})  # fmt: skip
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.REP: _EVERYBODY | {Right.ANSWER_HANDOFFS, Right.SEE_TEAM_HANDOFFS, Right.OVERRIDE_SHIELD},
    Role.MARKETER: _EVERYBODY
    | {
        Right.SEE_MARKETING_OUTCOMES, Right.REPLY_TO_REJECTIONS, Right.SEE_HEALTH, Right.CHECK_CONTACT,
        Right.RUN_NURTURE,
    },
    Role.REVOPS: _EVERYBODY
    | {
        Right.ANSWER_HANDOFFS, Right.ASSIGN_HANDOFFS, Right.SEE_TEAM_HANDOFFS, Right.SEE_ALL_HANDOFFS,
        Right.SEE_MARKETING_OUTCOMES, Right.IMPORT_FACTS, Right.SEE_HEALTH, Right.SEE_WORK, Right.RETRY_WORK,
        Right.SET_ABSENCE_OF_OTHERS, Right.SEND_EVENTS, Right.SEE_MEMBERS, Right.SET_UP, Right.LOOK_AGAIN,
        Right.CHECK_CONTACT, Right.OVERRIDE_SHIELD, Right.RUN_NURTURE, Right.MERGE_RECORDS, Right.SEE_LOT,
    },
    Role.HEAD_OF_SALES: _EVERYBODY
    | {
        Right.ANSWER_HANDOFFS, Right.ASSIGN_HANDOFFS, Right.SEE_TEAM_HANDOFFS, Right.SEE_ALL_HANDOFFS,
        Right.SET_ABSENCE_OF_OTHERS, Right.SEE_HEALTH, Right.CHECK_CONTACT, Right.SEE_LOT,
    },
    Role.HEAD_OF_MARKETING: _EVERYBODY
    | {
        Right.SEE_MARKETING_OUTCOMES, Right.SEE_ALL_HANDOFFS, Right.REPLY_TO_REJECTIONS, Right.SEE_HEALTH,
        Right.SET_ABSENCE_OF_OTHERS, Right.CHECK_CONTACT, Right.RUN_NURTURE, Right.SEE_LOT,
    },
    Role.ADMINISTRATOR: frozenset(Right) - {Right.ANSWER_HANDOFFS, Right.OVERRIDE_SHIELD},
}  # fmt: skip
