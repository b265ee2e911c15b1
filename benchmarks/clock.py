"""How fast the clock is: a million due moments at once, one at a time, and the first one of a new calendar.

    python benchmarks/clock.py           the figures that docs quote
    python benchmarks/clock.py --short   a small size, to see that it works

Exit code 1 when a figure is above its limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from accord.agreement.clock import Calendar, Clock, Duration

OFFICE = {
    "time_zone": "Europe/Berlin",
    "hours": {"mon-thu": "09:00-12:30, 13:15-17:30", "fri": "09:00-15:00"},
    "holidays": "DE-BE",
    "closed": ["2026-12-24", "2026-12-31"],
}
LIMITS = {"many": 5.0, "one": 8.0, "explain": 1_000.0, "first": 0.1}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure (median of the rounds) beside its limit, both in `unit`."""

    name: str
    value: float
    limit: float
    unit: str

    def __str__(self) -> str:
        return f"{self.name:<52} {self.value:>10.3f} {self.unit:<3} {self.limit:>10.3f} {self.value / self.limit:>8.3f}"


def main(argv: list[str] | None = None) -> int:
    """Measure, print figure, limit and ratio, and say by the exit code whether all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a small size, to see that it works")
    size = 10_000 if parser.parse_args(argv).short else 1_000_000
    figures = [*many(size), *one_by_one(size // 10), explained(size // 1_000), first()]
    print(f"{'figure':<52} {'measured':>10}     {'limit':>10} {'ratio':>8}")
    for figure in figures:
        print(figure)
    return int(any(figure.value > figure.limit for figure in figures))


def many(size: int) -> list[Figure]:
    """`due_at_many` and `elapsed_many` on starts spread over three years; the limit is that of a million."""
    starts, clock = moments(size), Clock(Calendar.read(OFFICE))
    limit = LIMITS["many"] * size / 1_000_000
    figures = []
    for text in ("15m", "4h", "2d"):
        within = Duration.parse(text)
        seconds = median(lambda within=within: clock.due_at_many(starts, within))  # type: ignore[misc]
        figures.append(Figure(f"{size:,} due_at_many, within {text}", seconds, limit, "s"))
    due = clock.due_at_many(starts, Duration.parse("4h"))
    seconds = median(lambda: clock.elapsed_many(starts, due))
    return [*figures, Figure(f"{size:,} elapsed_many", seconds, limit, "s")]


def one_by_one(size: int) -> list[Figure]:
    """Each call by itself, in microseconds."""
    clock, starts = Clock(Calendar.read(OFFICE)), moments(size).tolist()
    times = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start) for start in starts]
    figures = []
    for text in ("4h", "2d"):
        within = Duration.parse(text)
        plain = median(lambda within=within: [clock.due_at_us(start, within) for start in starts])  # type: ignore[misc]
        aware = median(lambda within=within: [clock.due_at(at, within) for at in times])  # type: ignore[misc]
        figures.append(Figure(f"one due_at_us, within {text}", plain / size * 1e6, LIMITS["one"], "µs"))
        figures.append(Figure(f"one due_at of a datetime, within {text}", aware / size * 1e6, LIMITS["one"], "µs"))
    return figures


def explained(size: int) -> Figure:
    """One explanation over some four days."""
    clock, within = Clock(Calendar.read(OFFICE)), Duration.parse("30h")
    times = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start) for start in moments(size).tolist()]
    seconds = median(lambda: [clock.explain(at, within) for at in times])
    return Figure("one explain, within 30h", seconds / size * 1e6, LIMITS["explain"], "µs")


def first() -> Figure:
    """The first answer of a new calendar, which lays out its years."""
    within = Duration.parse("4h")
    seconds = median(lambda: Clock(Calendar.read(OFFICE)).due_at(datetime(2026, 5, 4, 14, tzinfo=UTC), within))
    return Figure("first due_at of a new calendar", seconds, LIMITS["first"], "s")


def moments(size: int) -> npt.NDArray[np.int64]:
    """Starts around the clock in 2025 to 2027, in microseconds."""
    first_second = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
    return np.random.default_rng(7).integers(first_second, first_second + 3 * 31_536_000, size) * 1_000_000


def median(work: Callable[[], object], rounds: int = 5) -> float:
    """Seconds of the median round, after one that warms up."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
