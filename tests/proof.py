"""Runs the long forms of the tests and writes what they proved, with the date, to `docs/proof.md`.

python -m tests.proof
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/proof.md"
WORDS = {"passed": "holds", "failed": "does not hold", "skipped": "not run"}


@dataclass(frozen=True)
class Proof:
    """One long test: where it stands, how it ended, how long it took, and why it did not run."""

    test: str
    outcome: str
    seconds: float
    why: str = ""

    @property
    def sentence(self) -> str:
        """`tests/x.py::test_a_day_is_open[UTC]` says: A day is open (UTC)."""
        name, _, case = self.test.partition("::")[2].removeprefix("test_").partition("@")[0].partition("[")
        words = re.sub(r"(?<=\d)(?=\d{3}\b)", ",", name.replace("_", " "))
        return words[:1].upper() + words[1:] + (f" ({case.removesuffix(']')})" if case else "")


@dataclass
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
            why = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
            self.proofs.append(Proof(report.nodeid, report.outcome, report.duration, why))

    def all(self) -> list[Proof]:
        """What was run, and what was not."""
        run = {proof.test for proof in self.proofs}
        return [*self.proofs, *(Proof(test, "skipped", 0, "stopped before") for test in sorted(self.asked - run))]


def page(proofs: Iterable[Proof], at: datetime) -> str:
    """The page: one line for each proof, by file."""
    found = sorted(proofs, key=lambda proof: proof.test)
    held = sum(proof.outcome == "passed" for proof in found)
    lines = [
        "# Proof\n",
        f"What `make prove` found on {at:%Y-%m-%d}: {held} of {len(found)} long forms hold.",
        f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}.\n",
        "| where | what | result | seconds |",
        "|---|---|---|---:|",
    ]
    for proof in found:
        where = f"`{proof.test.partition('::')[0]}`"
        result = WORDS[proof.outcome] + (f": {proof.why}" if proof.why else "")
        lines.append(f"| {where} | {proof.sentence.replace('|', chr(92) + '|')} | {result} | {proof.seconds:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run them on two workers, with those that share a company on one; the exit code is that of the tests."""
    collected = Collected()
    longest_first = ["tests/prove", "tests"]
    status = pytest.main(["-n", "2", "--dist", "loadgroup", "-m", "prove", *longest_first], plugins=[collected])
    PAGE.write_text(page(collected.all(), datetime.now(UTC)), encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
