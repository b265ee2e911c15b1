"""Takes the picture of the report that the README shows, from `var/report.html` as `make report` leaves it.

python -m tests.house.picture
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
REPORT, PICTURE = ROOT / "var/report.html", ROOT / "docs/img/report.png"
WIDTH, HEIGHT = 1280, 860


def take(report: Path, picture: Path) -> None:
    """Open the page in Debian's chromium and keep what its first screen shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take(REPORT, PICTURE)
    sys.exit(0)
