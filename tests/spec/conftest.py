"""Specs of what is seen of leads are asked of Spark too, where ACCORD_TEST_ENGINE says so."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.tables import SETTING, the_spark

from accord.agreement import running

_jobs: list[int] = []


@pytest.fixture(autouse=True)
def _on_the_engine_that_is_asked_for(request: pytest.FixtureRequest) -> Iterator[None]:
    """In shares on Spark, whoever looks at leads: the spec itself, or the agreement at work over a stretch of time."""
    if os.environ.get(SETTING) != "spark":
        yield
        return
    from tests.in_shares import InShares

    shares = InShares(the_spark())
    with pytest.MonkeyPatch.context() as patched:
        for name in ("look", "moments_of_facts"):
            for module in (running, request.module):
                if hasattr(module, name):
                    patched.setattr(module, name, getattr(shares, name))
        yield
    _jobs.append(shares.jobs)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Whoever runs a spec on Spark can see whether leads were looked at there."""
    if _jobs:
        terminalreporter.write_line(f"Spark was asked about leads {sum(_jobs)} times")
