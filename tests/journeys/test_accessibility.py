"""Every page that somebody can come to, for each role: nothing that axe-core finds against WCAG 2.2 AA, in the light
and in the dark, wide and on a phone; nothing stands out of the screen, complains, or asks another host. The short form
looks at the pages of the navigation, the long form goes on from each by its links. A page that several roles come to is
looked at under every light and width as the first of them sees it; the long form does so for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page
from tests.journeys.browsers import Heard, missing
from tests.journeys.simulated import LONGEST, demo

from accord_app.demo.people import CAST, SIGN_INS

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, PHONE, NARROWEST = (1440, 900), (390, 844), (320, 640)
NOT_PAGES = ("/csv/", ".csv", ".svg", "/text/", "/refused/", "/health", "/account/logout/")
Walk = Iterator[tuple[str, int]]
Look = tuple[tuple[int, int], str]
LIGHT_MATTERS = {"light": "", "dark": "color-contrast"}
"""What is asked in this light: everything, or one rule."""
WELL_KNOWN = {each.handle: each for each in CAST}

pytestmark = [pytest.mark.browser, pytest.mark.simulated]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all test processes of this run."""
    return tmp_path_factory.getbasetemp().parent / "simulated"


@pytest.fixture(scope="module")
def address(shared: Path) -> Iterator[str]:
    with demo(shared) as found:
        yield found


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        missing("axe-core", "npm ci (npm comes with apt-get install npm)")
    return AXE.read_text()


def signed_in(browser: Browser, address: str, handle: str) -> tuple[Page, Heard]:
    page = browser.new_context(base_url=address, viewport={"width": WIDE[0], "height": WIDE[1]}).new_page()
    heard = Heard(address)
    heard.listen(page).goto("/demo/")
    page.get_by_role("button", name=f"Sign in as {WELL_KNOWN[handle].name}").click()
    page.wait_for_url(f"{address}/")
    until = time.monotonic() + LONGEST
    while page.goto("/scoreboard/") and page.get_by_text("Nothing has been measured yet.").count():
        assert time.monotonic() < until, "The worker of the demo measures nothing."
        time.sleep(1)
    return page, heard


def kind_of(url: str) -> tuple[str, ...] | None:
    """What makes two addresses the same page with other contents: the route, and what is asked of it."""
    parts = urlsplit(url)
    if any(sign in parts.path for sign in NOT_PAGES):
        return None
    try:
        return (resolve(parts.path).view_name, *sorted(parse_qs(parts.query)))
    except Resolver404:
        return None


def links(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "a[href]:not([download])", "all => all.map(a => a.href).filter(href => href.startsWith(location.origin))"
    )
    return [url.partition("#")[0] for url in found]


def through_the_navigation(page: Page) -> Walk:
    """Each page of the navigation and of the menu of the signed-in person."""
    entries = page.eval_on_selector_all("#main-navigation a, #you a", "all => all.map(a => a.href)")
    return visit(page, entries)


def around(page: Page) -> Walk:
    """One page of each kind that links lead to, from the first page on, and its status; the browser stands on it."""
    return visit(page, ["/"], further=True)


def visit(page: Page, first: list[str], *, further: bool = False) -> Walk:
    seen: set[tuple[str, ...]] = set()
    waiting = list(first)
    while waiting:
        url = waiting.pop(0)
        kind = kind_of(url)
        if kind is None or kind in seen:
            continue
        seen.add(kind)
        answer = page.goto(url)
        assert answer is not None
        yield url, answer.status
        if further:
            waiting += links(page)


def violations(page: Page, only: str = "") -> list[str]:
    """What axe-core finds, a line each."""
    chosen: dict[str, Any] = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": TAGS}
    found = page.evaluate("chosen => axe.run(document, {runOnly: chosen, resultTypes: ['violations']})", chosen)
    return [
        f"{rule['id']}: {node['html'][:160]} ({' '.join(node['failureSummary'].split())[:200]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


EVERY_LOOK = tuple((size, light) for size in (WIDE, PHONE) for light in ("light", "dark"))


def look(page: Page, axe: str, url: str, status: int, looks: Sequence[Look] = EVERY_LOOK) -> Iterator[str]:
    """Everything that is wrong with the page, under each light and width. What does not depend on light is asked once
    for each width."""
    if status != 200:
        yield f"{url} is linked and answers {status}"
    page.evaluate(axe)
    for (width, height), light in looks:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=light, reduced_motion="reduce")  # type: ignore[arg-type]
        yield from (f"{url} {width} {light} {each}" for each in violations(page, LIGHT_MATTERS[light]))
    for width, height in (PHONE, NARROWEST):
        page.set_viewport_size({"width": width, "height": height})
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
            yield f"{url} needs {needed} px where there are {width}"
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})


def is_first_here(shared: Path, url: str) -> bool:
    """Whether no role has come to such a page in this run."""
    seen = shared / "seen"
    seen.mkdir(exist_ok=True)
    try:
        (seen / quote(" ".join(kind_of(url) or (url,)), safe="")).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def wrongs(
    browser: Browser,
    address: str,
    axe: str,
    handle: str,
    reached: Callable[[Page], Walk],
    looks: Callable[[str], Sequence[Look]] = lambda _: EVERY_LOOK,
) -> list[str]:
    page, heard = signed_in(browser, address, handle)
    found = [wrong for url, status in reached(page) for wrong in look(page, axe, url, status, looks(url))]
    page.context.close()
    return [*found, *heard.complaints, *heard.elsewhere]


@pytest.mark.parametrize("handle", SIGN_INS)
def test_what_the_navigation_leads_to_can_be_used_by_everybody(
    browser: Browser, address: str, axe: str, handle: str, shared: Path
) -> None:
    def looks(url: str) -> Sequence[Look]:
        return EVERY_LOOK if is_first_here(shared, url) else EVERY_LOOK[:1]

    assert wrongs(browser, address, axe, handle, through_the_navigation, looks) == []


def through_a_draft(page: Page) -> Walk:
    """From the templates to a draft that has to be mended: no link leads to what is answered."""
    first = "/agreement/draft/large-accounts/"
    for url in ("/agreement/draft/", first):
        answer = page.goto(url)
        assert answer is not None
        yield url, answer.status
    line = page.get_by_label("From how many points on is a lead handed over?")
    line.fill("lots")
    page.get_by_role("button", name="See the draft").last.click()
    page.get_by_role("alert").wait_for()
    yield f"{first} with a mistake", 200
    line.fill("40")
    page.get_by_role("button", name="See the draft").last.click()
    page.wait_for_url(f"**{first}text/")
    yield page.url, 200
    text = page.get_by_label("The text of the agreement")
    text.fill(text.input_value().replace("do: remind", "do: whistle"))
    page.get_by_role("button", name="Check the text again").click()
    page.get_by_role("alert").wait_for()
    yield f"{page.url} with a mistake", 200


def test_a_draft_can_be_used_by_everybody(browser: Browser, address: str, axe: str) -> None:
    found = wrongs(browser, address, axe, "eva", through_a_draft)
    assert [each for each in found if "422" not in each] == []  # the browser itself tells of an answer with mistakes


@pytest.mark.prove
@pytest.mark.parametrize("handle", SIGN_INS)
def test_every_page_that_links_lead_to_can_be_used_by_everybody(
    browser: Browser, address: str, axe: str, handle: str
) -> None:
    assert wrongs(browser, address, axe, handle, around) == []
