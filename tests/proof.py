"""Runs the long forms of the tests and writes what they proved, with the date, to `docs/proof.md`.

    python -m tests.proof                                                all of them, two at a time
    ACCORD_SEEDS=30000:31000 python -m tests.proof PATH [OPTION ...]     some, with options of pytest; of the others
                                                                         the page keeps what it said

`ACCORD_SEEDS=first:last` names the invented companies, for those proofs that draw them: their seeds, and so how many.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scipy.stats import binomtest

PAGE = Path(__file__).parents[1] / "docs/proof.md"
WORDS = {"passed": "holds", "failed": "does not hold", "skipped": "not run"}
COUNTED = "counted"  # the property under which a test records what it counted


@dataclass(frozen=True)
class Proof:
    """One long test: where it stands, how it ended, how long it took, and why it did not run or what it counted."""

    test: str
    outcome: str
    seconds: float
    why: str = ""

    @property
    def where(self) -> str:
        return f"`{self.test.partition('::')[0]}`"

    @property
    def sentence(self) -> str:
        """`tests/x.py::test_a_day_is_open[UTC]` says: A day is open (UTC)."""
        name, _, case = self.test.partition("::")[2].removeprefix("test_").partition("@")[0].partition("[")
        words = re.sub(r"(?<=\d)(?=\d{3}\b)", ",", name.replace("_", " "))
        return words[:1].upper() + words[1:] + (f" ({case.removesuffix(']')})" if case else "")


@dataclass(eq=False)  # pytest keeps plugins in sets
class Collected:
    """A plugin that keeps how each test ended, from all workers."""

    proofs: list[Proof] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Keep what there is to run: a run that is stopped says what it did not come to."""
        self.asked |= set(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the call of each test; of the others only what stopped it from being called."""
        if report.when == "call" or report.outcome != "passed":
            counted = "; ".join(str(value) for name, value in report.user_properties if name == COUNTED)
            why = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else counted
            self.proofs.append(Proof(report.nodeid, report.outcome, report.duration, why))

    def all(self) -> list[Proof]:
        """What was run, and what was not."""
        run = {proof.test for proof in self.proofs}
        return [*self.proofs, *(Proof(test, "skipped", 0, "stopped before") for test in sorted(self.asked - run))]


def page(proofs: Iterable[Proof], at: datetime, before: str = "") -> str:
    """The page: one line for each proof, by file. Lines of the page `before` are kept where nothing new is known."""
    lines = kept(before) | {(each.where, _cell(each.sentence)): _line(each, at) for each in proofs}
    held = sum(line.split(" | ")[2].startswith(WORDS["passed"]) for line in lines.values())
    told = [
        "# Proof\n",
        f"What `make prove` found, each line on its day: {held} of {len(lines)} long forms hold.",
        "Counts stand with the share that they may stand for, at 99 %.",
        f"Last run on Python {platform.python_version()}, {platform.system()}, {platform.machine()}.\n",
        "| where | what | result | seconds | on |",
        "|---|---|---|---:|---|",
        *(lines[key] for key in sorted(lines)),
    ]
    return "\n".join(told) + "\n"


def kept(page: str) -> dict[tuple[str, str], str]:
    """The lines of a page by where and what. A page of one day says the day above its table."""
    day = re.search(r"on (\d{4}-\d\d-\d\d)", page)
    found = {}
    for line in page.splitlines():
        if line.startswith("| `"):
            where, what, *_ = cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
            found[where, what] = line if len(cells) > 4 else f"{line} {day[1] if day else ''} |"
    return found


def _line(proof: Proof, at: datetime) -> str:
    result = WORDS[proof.outcome] + (f": {_cell(proof.why)}" if proof.why else "")
    return f"| {proof.where} | {_cell(proof.sentence)} | {result} | {proof.seconds:.1f} | {at:%Y-%m-%d} |"


def _cell(text: str) -> str:
    return text.replace("|", chr(92) + "|")


def counted(held: int, of: int) -> str:
    """A count with the share that it may stand for: `45 of 50: 0.900 (0.737 to 0.967)`, by Wilson's interval."""
    low, high = binomtest(held, of).proportion_ci(0.99, method="wilson")
    return f"{held:,} of {of:,}: {held / of:.3f} ({low:.3f} to {high:.3f})"


def seeds(first: int, last: int) -> range:
    """Those that `ACCORD_SEEDS=first:last` names, else these."""
    asked = os.environ.get("ACCORD_SEEDS", f"{first}:{last}").split(":")
    return range(int(asked[0]), int(asked[1]))


def main(asked: Sequence[str]) -> int:
    """Run them, all on two workers, with those that share a company on one; the exit code is that of the tests."""
    collected = Collected()
    longest_first = ["-n", "2", "--dist", "loadgroup", "tests/prove", "tests"]
    status = pytest.main(["-m", "prove", *(asked or longest_first)], plugins=[collected])
    before = PAGE.read_text(encoding="utf-8") if asked else ""
    PAGE.write_text(page(collected.all(), datetime.now(UTC), before), encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
