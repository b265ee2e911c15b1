"""The notebook of the documentation shows what it gives today."""

from __future__ import annotations

import re
import warnings

import pytest
from tests.house.notebook import PAGE, PICTURES, executed, printed


@pytest.mark.simulated
def test_the_notebook_gives_what_the_documentation_shows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's own libraries
        page, pictures = printed(executed())
    assert _words(PAGE.read_text(encoding="utf-8")) == _words(page), "print it with `make docs`"
    assert pictures
    assert all((PICTURES / name).exists() for name in pictures)


def _words(page: str) -> list[str]:
    """Without the widths of columns, which follow the terminal."""
    return re.split(r"\s+", page)
