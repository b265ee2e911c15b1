"""What an address asks: a number as it is written, and nothing for all that is none."""

from __future__ import annotations

import pytest

from accord_app.shell import asked


@pytest.mark.parametrize(
    ("said", "number"),
    [("0", 0), ("12", 12), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5_000, None), ("-1", None), ("", None),
     ("1.5", None), ("²", None), ("١", None), (" 1", None)],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written(said: str, number: int | None) -> None:
    assert asked.number(said) == number
