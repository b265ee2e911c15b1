"""Every setting is documented, and nothing is documented that is no setting."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_setting_stands_in_the_guide() -> None:
    asked = set(re.findall(r'"(ACCORD_[A-Z_]+)"', (ROOT / "src/accord_app/settings.py").read_text(encoding="utf-8")))
    told = set(
        re.findall(r"^\| `(ACCORD_[A-Z_]+)`", (ROOT / "docs/guide/settings.md").read_text(encoding="utf-8"), re.M)
    )
    assert asked == told
