"""How often the forecast's ranges hold what comes, over invented companies: one moment of each, every number.

python -m tests.forecasts FIRST LAST        the seeds from FIRST up to LAST
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import fmean
from typing import NamedTuple

from tests.invented_companies import company, the_agreement
from tests.proof import counted as with_interval

from accord.agreement.counting import count
from accord.insight.forecast.forecast import forecast
from accord.insight.forecast.outlook import WINS
from accord.insight.forecast.ranges import LEVEL

SETTLED = timedelta(days=40)  # after a period's end, when nothing of it is open any more
NUMBERS = ("new_revenue", "wins", "deal_size", "enough", "accepted", "answered", "win-rate")


class Held(NamedTuple):
    """One number of one company: whether it could be told, whether its range held what came, and how many of such
    ranges should."""

    target: str
    told: bool
    held: bool
    level: float = LEVEL


def held_by(seed: int) -> Iterator[Held]:
    """Every number of one company, foretold at a moment of its quarter from what had happened by then."""
    invented, agreement = company(seed), the_agreement()
    then, later = invented.engine(until=invented.at), invented.engine()
    for each in forecast(then, agreement, at=invented.at, seed=seed).outlooks:
        counted = count(
            later, agreement, each.target.definition, [each.period], at=each.period.end + SETTLED,
            where=each.target.where,
        ).periods[0]  # fmt: skip
        came = counted.numerator if each.target.metric == WINS else counted.value
        told = each.interval is not None and came is not None
        held = told and each.interval.low - 1e-9 <= came <= each.interval.high + 1e-9  # type: ignore[operator,union-attr]
        yield Held(each.target.id, told, held, each.interval.level if each.interval else LEVEL)
    then.close()
    later.close()


class Count(NamedTuple):
    """How many ranges of a number held, of how many that were told, and what share of them should."""

    held: int
    of: int
    said: float


def by_number(found: Sequence[Held]) -> Mapping[str, Sequence[Count]]:
    """What became of the ranges of each number: of those that say 80 %, and apart of those that say another level."""
    told: dict[str, dict[bool, list[Held]]] = defaultdict(lambda: defaultdict(list))
    for each in found:
        if each.told:
            told[each.target][each.level != LEVEL].append(each)
    return {name: [counted(some) for _, some in sorted(apart.items())] for name, apart in told.items()}


def counted(some: Sequence[Held]) -> Count:
    """How often some ranges held, beside how often they say on average that they do."""
    return Count(sum(each.held for each in some), len(some), fmean(each.level for each in some))


def main(first: int, last: int) -> int:
    """Print a line for each number and level, with the 99 % interval of its share; 0."""
    found = [one for seed in range(first, last) for one in held_by(seed)]
    for name, counts in by_number(found).items():
        for each in counts:
            sys.stdout.write(f"{name:12} {in_words(each)}\n")
    return 0


def in_words(count: Count) -> str:
    """`160 of 200: 0.800 (0.718 to 0.863), said 0.800`."""
    return f"{with_interval(count.held, count.of)}, said {count.said:.3f}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
