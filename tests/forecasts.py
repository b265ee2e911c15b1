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

from scipy.stats import binomtest
from tests.invented_companies import company, the_agreement

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


def by_number(found: Sequence[Held]) -> Mapping[str, Count]:
    """What became of the ranges of each number."""
    told: dict[str, list[Held]] = defaultdict(list)
    for each in found:
        if each.told:
            told[each.target].append(each)
    return {
        name: Count(sum(e.held for e in some), len(some), fmean(e.level for e in some)) for name, some in told.items()
    }


def main(first: int, last: int) -> int:
    """Print a line for each number, with the 99 % interval of its share; 0."""
    found = [each for seed in range(first, last) for each in held_by(seed)]
    for name, (held, of, said) in by_number(found).items():
        span = binomtest(held, of).proportion_ci(0.99, method="wilson")
        share = f"{held / of:.3f} ({span.low:.3f} to {span.high:.3f})"
        sys.stdout.write(f"{name:12} {held} of {of}: {share}, said {said:.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
