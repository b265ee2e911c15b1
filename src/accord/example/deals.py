"""How the simulated company's deals go: opened when sales qualifies a lead, then stage by stage until won or lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log
from random import Random

from accord.example.people import BRITAIN
from accord.example.world import DAY, HOUR, Span, World

STAGES = ("discovery", "proposal", "negotiation")
LOST_REASONS = ("price", "competitor", "no decision", "timing", "missing function")
PRICE_SHARE = 0.20
POUND = 1.17  # EUR, about
MEDIAN_AMOUNT = 20_000
MEDIAN_DAYS_TO_WIN, SPREAD_OF_DAYS = 9.5, 1.5
# Log-odds of winning a qualified lead; the response time is an association that the truth file states.
WIN_BASE, WIN_BY_FIT, WIN_BY_INTEREST, WIN_BY_RESPONSE = 0.05, 0.6, 0.30, -0.15


@dataclass(slots=True)
class Deal:
    """One deal with its fate: it is won when `luck` is below its chance at the moment of closing."""

    number: int
    person: int
    account: int
    owner: str
    opened: int
    closes: int
    luck: float
    chance: float
    amount: float
    currency: str
    reason: str
    hit: bool = False  # a campaign mail ran into the negotiation

    def won(self, world: World) -> bool:
        return self.luck < self.chance * (world.campaign_harm if self.hit else 1.0)

    def stage_at(self, at: int) -> str:
        """The stage at a moment between opening and closing."""
        share = (at - self.opened) / (self.closes - self.opened)
        return STAGES[(share >= 0.3) + (share >= 0.6)]


def chance_of_winning(*, fit: float, interest: float, readiness: float, response_us: int) -> float:
    """The true chance that a qualified lead is won, before anything that a world plants."""
    hours = max(response_us, HOUR // 20) / HOUR
    odds = (
        WIN_BASE
        + readiness
        + WIN_BY_FIT * (fit - 1.2)
        + WIN_BY_INTEREST * (interest - 0.9)
        + WIN_BY_RESPONSE * log(hours / 2)
    )
    return 1 / (1 + exp(-odds))


def planned(
    chance: Random,
    world: World,
    span: Span,
    *,
    number: int,
    person: int,
    account: int,
    owner: str,
    opened: int,
    country: int,
    segment: str,
    likely: float,
) -> Deal:
    """Draws how a deal will go if nothing comes in between."""
    if segment == world.falling_segment and opened >= span.at(world.since):
        likely *= world.falling_factor
    pound = country == BRITAIN
    luck = chance.random()
    days = MEDIAN_DAYS_TO_WIN * exp(SPREAD_OF_DAYS * chance.gauss(0, 1)) + 0.2
    if luck >= likely:
        days *= 1.4
    amount = MEDIAN_AMOUNT * exp(0.8 * chance.gauss(0, 1)) * (2.0 if segment == "large" else 1.0)
    closes = opened + int(days * DAY)
    return Deal(
        number=number,
        person=person,
        account=account,
        owner=owner,
        opened=opened,
        closes=closes,
        luck=luck,
        chance=likely,
        amount=round(amount / (POUND if pound else 1.0), -2),
        currency="GBP" if pound else "EUR",
        reason=_lost_reason(chance, world, (closes - span.start) / (span.end - span.start)),
    )


def _lost_reason(chance: Random, world: World, share: float) -> str:
    price = min(0.95, PRICE_SHARE + world.price_drift * max(0.0, min(1.0, share)))
    if chance.random() < price:
        return LOST_REASONS[0]
    return chance.choice(LOST_REASONS[1:])


def steps(deal: Deal) -> Iterator[tuple[int, str, str]]:
    """What happens to a deal before it closes: moment, event, stage."""
    length = deal.closes - deal.opened
    yield deal.opened, "opened", STAGES[0]
    yield deal.opened + int(length * 0.3), "stage", STAGES[1]
    yield deal.opened + int(length * 0.45), "activity", STAGES[1]
    yield deal.opened + int(length * 0.6), "stage", STAGES[2]
