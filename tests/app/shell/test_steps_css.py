"""Positions without style attributes."""

from __future__ import annotations

import pytest

from accord_app.shell import steps_css


def test_the_style_sheet_is_as_it_would_be_written_now() -> None:
    assert steps_css.FILE.read_text(encoding="utf-8") == steps_css.css()


@pytest.mark.parametrize(
    "rule",
    [
        '[data-p="0"]{--p:0}',
        '[data-p="37"]{--p:.37}',
        '[data-p="100"]{--p:1}',
        '[data-h="22"]{--h:2.2}',
        '[data-x="100"]{--x:100}',
    ],
)
def test_an_attribute_sets_its_variable(rule: str) -> None:
    assert rule in steps_css.css()
