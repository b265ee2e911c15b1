"""What follows a rejection: the other side's reply on its own clock, and a second look at a sample of them.

Both clocks begin at the rejection and run on the company's calendar. The queue, the reminders and the metric
`replied_in_time` all ask here when a reply is due; the sample is drawn by the handoff's id, so that nobody chooses.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from accord.agreement.clock import Clock
from accord.agreement.document import OFFER_AGAIN, Agreement, Side
from accord.agreement.handoff import drawn
from accord.agreement.openings import EPOCH, Micros
from accord.agreement.rules import Rules
from accord.agreement.state import microseconds

ASKED = "second_look"
"""The reason of a reply that asks for a second look."""

GOOD_AFTER_ALL = "answers.second_look"
"""The clause by which a lead that was good after all is handed over again."""

STANDS, WAS_GOOD = "stands", "was_good"
VERDICTS = {STANDS: "The rejection stands", WAS_GOOD: "The lead was good"}
"""What a second look can come to."""


def reply_dues(agreement: Agreement, clock: Clock, rejected_at: Micros) -> Micros | None:
    """When a reply to each of these rejections is due, on the company's clock; None where none was agreed."""
    reply = agreement.answers.reply
    if reply is None or reply.to != "reject":
        return None
    return clock.due_at_many(rejected_at, reply.within)


def reply_due(rules: Rules, rejected_at: datetime) -> datetime | None:
    """The same for one rejection."""
    dues = reply_dues(rules.agreement, rules.clocks[None], np.array([microseconds(rejected_at)], np.int64))
    return None if dues is None else EPOCH + timedelta(microseconds=int(dues[0]))


def replying_side(agreement: Agreement) -> Side | None:
    """Which side replies to rejections; None where no reply was agreed."""
    reply = agreement.answers.reply
    return reply.by if reply else None


def is_drawn(agreement: Agreement, handoff_id: str) -> bool:
    """Whether a rejection of this handoff is looked at again without anybody asking."""
    look = agreement.answers.second_look
    return look is not None and drawn(handoff_id, look.share)


def second_look_due(rules: Rules, since: datetime) -> datetime | None:
    """When a second look that is called for at a moment is due; None where none was agreed."""
    look = rules.agreement.answers.second_look
    return rules.clocks[None].due_at(since, look.within) if look else None


def offers_again(agreement: Agreement) -> bool:
    """Whether a lead that was good after all is handed over again."""
    look = agreement.answers.second_look
    return look is not None and look.when_good == OFFER_AGAIN


def looks_again(agreement: Agreement) -> str | None:
    """Who takes the second look."""
    look = agreement.answers.second_look
    return look.by if look else None
