"""Writes `steps.css`: positions and lengths as rules, because a strict content policy allows no style attributes.

python -m accord_app.shell.steps_css
"""

from __future__ import annotations

import sys
from pathlib import Path

FILE = Path(__file__).parent / "static/shell/steps.css"
SCALES = {"p": 100, "h": 10, "x": 1, "w": 1, "lo": 1, "mid": 1, "hi": 1, "zero": 1, "now": 1, "tgt": 1}
"""By how much the whole number of the attribute is divided: `data-p="37"` sets `--p:.37`, `data-x="37"` sets `--x:37`,
`data-h="22"` sets `--h:2.2`."""


def css() -> str:
    """The whole file, one line per attribute."""
    head = "/* Written by accord_app.shell.steps_css. */\n"
    return head + "".join(_line(name, scale) for name, scale in SCALES.items())


def _line(name: str, scale: int) -> str:
    return "".join(f'[data-{name}="{step}"]{{--{name}:{_number(step, scale)}}}' for step in range(101)) + "\n"


def _number(step: int, scale: int) -> str:
    text = f"{step / scale:g}"
    return text.removeprefix("0") if text.startswith("0.") else text


if __name__ == "__main__":
    FILE.write_text(css(), encoding="utf-8")
    sys.exit(0)
