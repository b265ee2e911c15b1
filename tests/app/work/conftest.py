"""What the tests of work share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.app.work.kinds import no_other_kinds


@pytest.fixture
def own_kinds() -> Iterator[None]:
    """Only the kinds that the test registers."""
    with no_other_kinds():
        yield
