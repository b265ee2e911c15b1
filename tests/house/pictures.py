"""Takes a picture of every page of the product, for the role that uses it: in the light, in the dark and on a phone,
on one sheet for each page, in `docs/img/pages`. Clocks and dates differ each time, so it is run by hand:

python -m tests.house.pictures            every sheet
python -m tests.house.pictures queue deal    these
"""

from __future__ import annotations

import argparse
import base64
import hmac
import io
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from tests.app.commands.test_serve import environment
from tests.post_office import PostOffice, open_post_office, text_of

from accord_app.demo.people import CAST

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/img/pages"
LEADS = 2_000
WIDE, PHONE = (1440, 900), (390, 844)
SHEET, GAP, GROUND = 1200, 20, (214, 210, 203)
LARGEST = 245_000  # bytes of a sheet
PALETTES = (256, 128, 64, 32, 16)
PASSWORD = "wild-plum-under-snow-7"  # noqa: S105
NAMES = {each.handle: each.name for each in CAST}
LONGEST = 900  # seconds until a workspace answers, or has measured, on a busy machine

Reach = Callable[[Page], object]
"""Leads a page of whoever is signed in to what the picture shows."""


# What is shown


def at(path: str) -> Reach:
    """The page at an address."""
    return lambda page: page.goto(path)


def measured(path: str, before: str) -> Reach:
    """The page at an address, once the worker has measured what it says `before`."""
    return lambda page: wait_for(page, path, lambda: not page.get_by_text(before).count())


def stay(page: Page) -> None:
    """Where whoever looks has come in."""


def two_people(page: Page) -> None:
    """Two people beside each other."""
    page.goto("/people/")
    links = page.locator("main a[href*='/people/of/']")
    one, two = (str(links.nth(place).get_attribute("href")).rstrip("/").rpartition("/")[2] for place in (0, 1))
    page.goto(f"/duplicates/person/{one}/{two}/")


def first(path: str, link: str) -> Reach:
    """The page behind the first link of a list that matches."""

    def reach(page: Page) -> None:
        page.goto(path)
        page.goto(str(page.locator(link).first.get_attribute("href")))

    return reach


def a_handoff(more: str = "", path: str = "/handoffs/") -> Reach:
    """The first handoff of the queue, or one of its questions."""

    def reach(page: Page) -> None:
        page.goto(path)
        link = page.locator("[data-item] a[data-open]").first.get_attribute("href")
        page.goto(urlsplit(str(link)).path + more)

    return reach


def measured_economics(figure: str = "") -> Reach:
    """Economics once they are measured, or one of their figures."""

    def walk(page: Page) -> None:
        wait_for(page, "/scoreboard/economics/", lambda: not page.get_by_text("is being measured").count())
        page.goto(f"/scoreboard/economics/{figure}")

    return walk


def a_period(page: Page) -> None:
    """A promise, and of it the period before the present one."""
    first("/scoreboard/", "main a[href*='/promise/']")(page)
    page.goto(str(page.locator("main a[href*='/promise/']:not([href*='.csv'])").nth(1).get_attribute("href")))


def confirmed(path: str) -> Reach:
    """A page for which the password is asked once more."""

    def reach(page: Page) -> None:
        page.goto(path)
        confirm(page)

    return reach


def confirm(page: Page) -> None:
    """Give the password where it is asked for."""
    if page.get_by_role("heading", name="Confirm that it is you.").count():
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_load_state()


def asking_why(page: Page) -> None:
    """The queue while a reason to reject is chosen."""
    page.goto("/handoffs/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.get_by_role("button", name="Reject", exact=False).last.wait_for()


CONTACTS = """Contact ID,Email,Full Name,Company,Created
1,birgit@kestrel.example,Birgit Sommer,Kestrel Foods,2026-03-01 09:00:00
2,noor@delta.example,Noor Haddad,Delta Port,2026-03-02 10:00:00
3,piotr@brenn.example,Piotr Nowak,Brenn Papier,yesterday
4,chiara@lagoon.example,Chiara Conti,Lagoon Glass,
"""


def prepared(page: Page) -> None:
    """A file that was brought, before it is imported."""
    page.goto("/imports/new/")
    file = {"name": "contacts.csv", "mimeType": "text/csv", "buffer": CONTACTS.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main form button[type=submit]").click()
    page.get_by_role("button", name="Import", exact=True).wait_for()


def imported(page: Page) -> None:
    """What became of it."""
    prepared(page)
    page.get_by_role("button", name="Import", exact=True).click()
    wait_for(page, page.url, lambda: "stored" in page.locator("h1").inner_text())


def a_checked_list(page: Page) -> None:
    """Who of the newest people must not be written to."""
    page.goto("/people/")
    ids = [str(link.get_attribute("href")).split("/")[3] for link in page.locator("main a[href*='/people/of/']").all()]
    page.goto("/shield/")
    page.get_by_label("Paste the list").fill("\n".join(ids))
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("link", name="Check another list").wait_for()


def letting_through(page: Page) -> None:
    """The question why a message may go to somebody who is shielded."""
    page.goto("/people/")
    page.goto(
        str(page.locator("main a[href*='/people/of/']").first.get_attribute("href")).replace("people/of", "shield/let")
    )


def compared(page: Page) -> None:
    """Two versions of the agreement, the older first."""
    page.goto("/agreement/")
    page.goto(str(page.locator("a[href*='/to/']").first.get_attribute("href")))


def asked(page: Page) -> None:
    """The questions of the template for one sales team."""
    page.goto("/agreement/draft/")
    page.get_by_role("link", name="Answer the questions of One sales team").click()
    page.get_by_role("button", name="See the draft").last.wait_for()


def drafted(page: Page) -> None:
    """What follows from the answers that the workspace knows."""
    asked(page)
    page.get_by_role("button", name="See the draft").last.click()
    page.get_by_role("heading", name="What both teams will read").wait_for()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page as one role sees it. `shows` names the routes that it is a picture of; `who` is a handle of the
    simulated company, nobody (empty), or a key of those who are in the workspace that is set up anew."""

    name: str
    who: str
    reach: Reach
    shows: tuple[str, ...]


SHEETS = (
    Sheet("sign-in-demo", "", at("/demo/"), ("demo:sign_in",)),
    Sheet("sign-in", "", at("/account/login/"), ("account_login",)),
    Sheet("today-rep", "tomas", at("/"), ("today:today",)),
    Sheet("today-marketer", "jonas", at("/"), ("today:today",)),
    Sheet("today-revops", "lena", at("/"), ("today:today",)),
    Sheet("today-head", "sam", at("/"), ("today:today",)),
    Sheet("queue", "tomas", at("/handoffs/"), ("handoffs:list",)),
    Sheet("queue-reject", "tomas", asking_why, ("handoffs:list",)),
    Sheet("queue-marketing", "jonas", at("/handoffs/"), ("handoffs:list",)),
    Sheet("queue-everybody", "lena", at("/handoffs/"), ("handoffs:list",)),
    Sheet("handoff", "tomas", a_handoff(), ("handoffs:one",)),
    Sheet("reject", "tomas", a_handoff("reject/"), ("handoffs:reject",)),
    Sheet("recycle", "tomas", a_handoff("recycle/"), ("handoffs:recycle",)),
    Sheet("queue-replies", "jonas", at("/handoffs/?view=replies"), ("handoffs:list",)),
    Sheet("reply", "jonas", a_handoff("reply/", "/handoffs/?view=replies"), ("handoffs:reply",)),
    Sheet("second-look", "lena", at("/handoffs/?view=second-look"), ("handoffs:list",)),
    Sheet("scoreboard", "sam", at("/scoreboard/"), ("scoreboard:scoreboard",)),
    Sheet("diagnosis", "sam", measured("/scoreboard/diagnosis/", "The diagnosis is being made."),
          ("scoreboard:diagnosis",)),
    Sheet("given-back", "lena", at("/scoreboard/given-back/"), ("scoreboard:given_back",)),
    Sheet("fairness", "sam", measured("/scoreboard/dealt/", "Nobody has looked yet"), ("scoreboard:fairness",)),
    Sheet("drawn", "lena", measured("/scoreboard/drawn/", "No lead is drawn by lot."), ("scoreboard:drawn",)),
    Sheet("economics", "sam", measured_economics(), ("scoreboard:economics",)),
    Sheet("economic-figure", "sam", measured_economics("new_revenue/"), ("scoreboard:economic_figure",)),
    Sheet("forecast", "sam", measured("/scoreboard/forecast/", "Nothing has been foretold yet."),
          ("scoreboard:forecast",)),
    Sheet("attribution", "mia", measured("/scoreboard/attribution/", "Nothing has been shared out yet."),
          ("scoreboard:attribution", "scoreboard:attribution_by")),
    Sheet("promise", "lena", first("/scoreboard/", "main a[href*='/promise/']"), ("scoreboard:promise",)),
    Sheet("promise-period", "lena", a_period,
          ("scoreboard:period",)),
    Sheet("agreement", "mia", at("/agreement/"), ("agreements:agreement",)),
    Sheet("agreement-version", "mia", at("/agreement/1/"), ("agreements:version",)),
    Sheet("agreement-compare", "lena", compared, ("agreements:compare",)),
    Sheet("agreement-load", "eva", at("/agreement/load/"), ("agreements:load",)),
    Sheet("agreement-draft", "eva", at("/agreement/draft/"), ("agreements:draft",)),
    Sheet("agreement-questions", "eva", asked, ("agreements:draft_questions",)),
    Sheet("agreement-drafted", "eva", drafted, ("agreements:draft_text",)),
    Sheet("test-bench", "lena", at("/handoffs/bench/?type=lead"), ("handoffs:bench",)),
    Sheet("people", "lena", at("/people/"), ("records:people",)),
    Sheet("person", "tomas", first("/people/", "main a[href*='/people/of/']"), ("records:person",)),
    Sheet("person-account", "eva", lambda page: (first("/people/", "main a[href*='/people/of/']")(page),
          page.goto(page.url + "account/")), ("records:employer",)),
    Sheet("accounts", "lena", at("/accounts/"), ("records:accounts",)),
    Sheet("account", "lena", first("/accounts/", "main a[href*='/accounts/of/']"), ("records:account",)),
    Sheet("deals", "sam", at("/deals/"), ("records:deals",)),
    Sheet("deal", "sam", first("/deals/", "main a[href*='/deals/of/']"), ("records:deal",)),
    Sheet("duplicates", "eva", at("/duplicates/"), ("records:duplicates",)),
    Sheet("duplicates-pair", "eva", two_people, ("records:pair",)),
    Sheet("duplicates-merged", "eva", at("/duplicates/merged/"), ("records:merges",)),
    Sheet("erase", "eva", at("/people/erase/"), ("records:find_to_erase",)),
    Sheet("erase-person", "eva", lambda page: (first("/people/", "main a[href*='/people/of/']")(page),
          page.goto(page.url + "erase/")), ("records:erase",)),
    Sheet("shield", "jonas", at("/shield/"), ("shield:check",)),
    Sheet("shield-answer", "jonas", a_checked_list, ("shield:answer",)),
    Sheet("shield-collisions", "lena", at("/shield/collisions/"), ("shield:collisions",)),
    Sheet("shield-let", "lena", letting_through, ("shield:let",)),
    Sheet("nurture", "mia", at("/nurture/"), ("outreach:tracks",)),
    Sheet("track", "mia", at("/nurture/tracks/keep-warm/"), ("outreach:track",)),
    Sheet("track-edit", "mia", at("/nurture/tracks/keep-warm/write/"), ("outreach:write_track", "outreach:new_track")),
    Sheet("nurture-calendar", "mia", at("/nurture/calendar/"), ("outreach:calendar",)),
    Sheet("nurture-tasks", "mia", at("/nurture/tasks/"), ("outreach:tasks",)),
    Sheet("templates", "mia", at("/nurture/templates/"), ("outreach:templates",)),
    Sheet("template", "mia", at("/nurture/templates/keep-warm-1/"), ("outreach:template",)),
    Sheet("template-edit", "mia", at("/nurture/templates/keep-warm-1/write/"),
          ("outreach:write_template", "outreach:new_template")),
    Sheet("consent-texts", "mia", at("/nurture/texts/"), ("outreach:texts",)),
    Sheet("import-new", "lena", at("/imports/new/"), ("intake:bring",)),
    Sheet("import-preview", "lena", prepared, ("intake:import",)),
    Sheet("import-result", "lena", imported, ("intake:import",)),
    Sheet("imports", "lena", at("/imports/"), ("intake:imports",)),
    Sheet("data-health", "lena", at("/data-health/"), ("intake:health",)),
    Sheet("events", "lena", at("/events/"), ("intake:events",)),
    Sheet("events-set-aside", "lena", at("/events/set-aside/"), ("intake:aside",)),
    Sheet("members", "eva", at("/members/"), ("members:members",)),
    Sheet("member", "eva", at("/members/of/tomas/"), ("members:member",)),
    Sheet("invite", "eva", at("/members/invite/"), ("members:invite",)),
    Sheet("teams", "eva", at("/teams/"), ("members:teams",)),
    Sheet("team", "eva", first("/teams/", "main a[href^='/teams/']"), ("members:team",)),
    Sheet("absences", "tomas", at("/absences/"), ("members:my_absences",)),
    Sheet("absences-of", "sam", at("/absences/of/tomas/"), ("members:absences_of",)),
    Sheet("profile", "tomas", at("/profile/"), ("members:profile",)),
    Sheet("my-messages", "tomas", at("/messages/"), ("outbox:own",)),
    Sheet("messages", "lena", at("/messages/all/"), ("outbox:all",)),
    Sheet("work", "lena", at("/work/"), ("work:overview",)),
    Sheet("search", "tomas", at("/search/?q=sommer"), ("shell:search",)),
    Sheet("components", "lena", at("/components/"), ("shell:components",)),
    Sheet("sign-out", "tomas", at("/account/logout/"), ("account_logout",)),
    Sheet("password-forgotten", "", at("/account/password/reset/"), ("account_reset_password",)),
    Sheet("password-mailed", "", at("/account/password/reset/done/"), ("account_reset_password_done",)),
    Sheet("sign-up-closed", "", at("/account/signup/"), ("account_signup",)),
    Sheet("account-inactive", "", at("/account/inactive/"), ("account_inactive",)),
    Sheet("password-set", "tomas", at("/account/password/set/"), ("account_set_password",)),
    Sheet("not-found", "tomas", at("/no-such-page/"), ()),
)  # fmt: skip
"""Of the simulated company, in this order: later ones see what earlier ones did."""

NEW_SHEETS = (
    Sheet("welcome", "new", at("/welcome/"), ("members:welcome",)),
    Sheet("setup", "ingrid", at("/setup/"), ("members:setup",)),
    Sheet("absences-calendar", "ingrid", at("/absences/calendar/"), ("members:calendar",)),
    Sheet("go-live", "ingrid", at("/setup/live/"), ("members:go_live",)),
    Sheet("invitation", "invited", stay, ("members:invitation",)),
    Sheet("password-new", "forgetful", stay, ("account_reset_password_from_key",)),
    Sheet("password-done", "forgetful", at("/account/password/reset/key/done/"),
          ("account_reset_password_from_key_done",)),
    Sheet("password-change", "ingrid", confirmed("/account/password/change/"), ("account_change_password",)),
    Sheet("password-again", "ingrid", at("/account/reauthenticate/"), ("account_reauthenticate",)),
    Sheet("second-factor-activate", "ingrid", confirmed("/account/2fa/totp/activate/"), ("mfa_activate_totp",)),
    Sheet("second-factor", "secured", confirmed("/account/2fa/"), ("mfa_index",)),
    Sheet("second-factor-codes", "secured", confirmed("/account/2fa/recovery-codes/"), ("mfa_view_recovery_codes",)),
    Sheet("second-factor-codes-new", "secured", confirmed("/account/2fa/recovery-codes/generate/"),
          ("mfa_generate_recovery_codes",)),
    Sheet("second-factor-off", "secured", confirmed("/account/2fa/totp/deactivate/"), ("mfa_deactivate_totp",)),
    Sheet("second-factor-again", "secured", at("/account/2fa/reauthenticate/"), ("mfa_reauthenticate",)),
    Sheet("second-step", "second", stay, ("mfa_authenticate",)),
)  # fmt: skip
"""Of a company that starts from empty, and of its sign-in."""

NO_PAGES = {
    "scoreboard:records": "a file",
    "scoreboard:forecast_csv": "a file",
    "scoreboard:record_csv": "a file",
    "scoreboard:attribution_csv": "a file",
    "scoreboard:fairness_csv": "a file",
    "agreements:text": "a file",
    "records:people_csv": "a file",
    "records:accounts_csv": "a file",
    "records:deals_csv": "a file",
    "handoffs:csv": "a file",
    "handoffs:against": "a part of the question why a lead is rejected",
    "intake:progress": "a part of the page of an import",
    "intake:refused": "a file",
    "shield:answer_csv": "a file",
    "shield:collisions_csv": "a file",
    "shell:health": "for programs",
    "outreach:mail_events": "for programs",
    "outreach:confirm": "a page of two sentences for people outside, as unsubscribe",
    "outreach:unsubscribe": "a page of two sentences for people outside",
    "outreach:preferences": "a page of two sentences for people outside, as unsubscribe",
    "mfa_download_recovery_codes": "a file",
}
"""Routes that answer to GET and show no page of their own."""


# Workspaces


@contextmanager
def simulated(kept: Path | None) -> Iterator[str]:
    """The simulated company with its worker, in a folder that is kept or thrown away."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = ["demo", "--data", str(kept or Path(folder) / "demo"), "--leads", str(LEADS)]
        with _running(words, {}, "/demo/") as address:
            yield address


@dataclass
class Empty:
    """A workspace without a company, and the post that it sends."""

    address: str
    data: Path
    office: PostOffice
    is_founded: bool = False

    def found(self) -> None:
        """Its company and administrator, once."""
        if not self.is_founded:
            words = ["--name", "Ingrid Solberg", "--company", "Kestrel Robotics", "--password-stdin"]
            self.run("user", "create", "ingrid@kestrel.example", *words, typed=f"{PASSWORD}\n")
            self.is_founded = True

    def run(self, *words: str, typed: str = "") -> None:
        """A command in it."""
        command = [sys.executable, "-m", "accord.cli", *words]
        subprocess.run(command, env=self.environment, input=typed, text=True, check=True, stdout=subprocess.DEVNULL)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are told."""
        mail = {"ACCORD_MAIL_URL": f"smtp://127.0.0.1:{self.office.port}"}
        return environment(self.data) | mail | {"ACCORD_ADDRESS": self.address}

    def link(self, name: str, path: str) -> str:
        """A link in the mail that came for somebody, once a worker has sent it."""
        self.run("worker", "--once")
        found = re.search(rf"{re.escape(path)}\S*", text_of(self.office.to(name)[-1]))
        if not found:
            raise RuntimeError(f"No mail for {name} leads to {path}")
        return found[0]


@contextmanager
def empty() -> Iterator[Empty]:
    """A workspace as it is after `accord serve` was started for the first time."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        open_post_office() as office,
        socket.socket() as door,
    ):
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
        door.close()
        workspace = Empty(f"http://127.0.0.1:{port}", Path(folder), office)
        with _running(["serve"], workspace.environment, "/health", port=port):
            yield workspace


@contextmanager
def _running(words: Sequence[str], more: dict[str, str], path: str, *, port: int = 0) -> Iterator[str]:
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "-m", "accord.cli", *words, "--port", str(port)]
        process = subprocess.Popen(command, env=more or None, stdout=said, stderr=subprocess.STDOUT)
        try:
            yield _answering(process, said, path)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answering(process: subprocess.Popen[bytes], said: io.TextIOBase, path: str) -> str:
    until = time.monotonic() + LONGEST
    while time.monotonic() < until and process.poll() is None:
        said.seek(0)
        if found := re.search(r"Accord answers on (http://\S+\d)", said.read()):
            urllib.request.urlopen(f"{found[1]}{path}").close()  # noqa: S310 - our own address
            return found[1]
        time.sleep(0.2)
    said.seek(0)
    raise RuntimeError(said.read())


# Whoever looks


def wait_for(page: Page, path: str, is_there: Callable[[], bool]) -> None:
    """Load an address again and again until it shows what is wanted."""
    until = time.monotonic() + LONGEST
    while page.goto(path) and not is_there():
        if time.monotonic() > until:
            raise RuntimeError(f"{path} does not show what was waited for.")
        time.sleep(1)


def colleague(browser: Browser, address: str, handle: str) -> Page:
    """A page of somebody of the simulated company, or of nobody."""
    page = _page(browser, address)
    if handle:
        page.goto("/demo/")
        page.get_by_role("button", name=f"Sign in as {NAMES[handle]}").click()
        wait_for(page, "/scoreboard/", lambda: not page.get_by_text("Nothing has been measured yet.").count())
    return page


def _page(browser: Browser, address: str) -> Page:
    context = browser.new_context(base_url=address, viewport=_size(WIDE), reduced_motion="reduce", locale="en-GB")
    return context.new_page()


def newcomer(browser: Browser, workspace: Empty, who: str) -> Page:
    """A page of somebody of the new company, which comes so far as it takes for this one."""
    page = _page(browser, workspace.address)
    if who == "new":
        return page
    workspace.found()
    {
        "ingrid": _enter,
        "invited": _be_invited,
        "forgetful": _forget,
        "secured": _secure,
        "second": _enter,
    }[who](page, workspace)
    return page


def _enter(page: Page, workspace: Empty) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill("ingrid@kestrel.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/login/" not in url)


def _forget(page: Page, workspace: Empty) -> None:
    page.goto("/account/password/reset/")
    page.get_by_label("E-mail").fill("ingrid@kestrel.example")
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/done/")
    page.goto(workspace.link("ingrid", "/account/password/reset/key/"))


def _be_invited(page: Page, workspace: Empty) -> None:
    _enter(page, workspace)
    page.goto("/members/invite/")
    page.get_by_label("Name", exact=True).fill("Tomás Rivera")
    page.get_by_label("E-mail address").fill("tomas@kestrel.example")
    page.get_by_label("Role").select_option(label="Sales rep")
    page.get_by_label("Handle").fill("tomas")
    page.get_by_role("button", name="Send the invitation").click()
    page.wait_for_load_state()
    page.context.clear_cookies()
    page.goto(workspace.link("tomas", "/invitation/"))


def _secure(page: Page, workspace: Empty) -> None:
    _enter(page, workspace)
    page.goto("/account/2fa/totp/activate/")
    confirm(page)
    found = re.search(r"[A-Z2-7]{32}", page.content())
    if not found:
        raise RuntimeError("The page shows no secret.")
    page.locator("input[name=code]").fill(_code(found[0]))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()


def _code(secret: str) -> str:
    """The six digits that an authenticator app shows now (RFC 6238)."""
    counted = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    place = counted[-1] & 15
    return f"{(int.from_bytes(counted[place : place + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


# Pictures


def sheet(page: Page) -> bytes:
    """The page as it stands, large in the light; below it in the dark, and on a phone."""
    light = _shot(page, WIDE, "light")
    dark, phone = _shot(page, WIDE, "dark"), _shot(page, PHONE, "light")
    _show(page, WIDE, "light")
    return packed(composed(light, dark, phone))


def _shot(page: Page, size: tuple[int, int], scheme: str) -> Image.Image:
    _show(page, size, scheme)
    page.wait_for_timeout(250)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _show(page: Page, size: tuple[int, int], scheme: str) -> None:
    page.set_viewport_size(_size(size))
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]


def _size(size: tuple[int, int]) -> ViewportSize:
    return {"width": size[0], "height": size[1]}


def composed(light: Image.Image, dark: Image.Image, phone: Image.Image) -> Image.Image:
    """Three pictures on one ground: the first as wide as the sheet, the others beside each other below it."""
    large = _to_width(light, SHEET)
    share = (SHEET - GAP) / (dark.width / dark.height + phone.width / phone.height)
    small = [each.resize((round(each.width / each.height * share), round(share))) for each in (dark, phone)]
    ground = Image.new("RGB", (SHEET + 2 * GAP, large.height + small[0].height + 3 * GAP), GROUND)
    ground.paste(large, (GAP, GAP))
    ground.paste(small[0], (GAP, large.height + 2 * GAP))
    ground.paste(small[1], (GAP + SHEET - small[1].width, large.height + 2 * GAP))
    return ground


def _to_width(picture: Image.Image, width: int) -> Image.Image:
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)


def packed(picture: Image.Image) -> bytes:
    """As PNG, with as many colours as there is room for."""
    for colours in PALETTES:
        few = picture.quantize(colours, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        out = io.BytesIO()
        few.save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST:
            break
    return out.getvalue()


# All of them


def take(names: Sequence[str], kept: Path | None) -> list[str]:
    """Take the sheets of these names, all if there are none; gives those that could not be taken, and why."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in SHEETS if not names or each.name in names]
    wanted_new = [each for each in NEW_SHEETS if not names or each.name in names]
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        missed = []
        if wanted:
            address = stack.enter_context(simulated(kept))
            missed += _take(wanted, lambda who: colleague(browser, address, who))
        if wanted_new:
            workspace = stack.enter_context(empty())
            missed += _take(wanted_new, lambda who: newcomer(browser, workspace, who))
        browser.close()
    return missed


def _take(sheets: Sequence[Sheet], enter: Callable[[str], Page]) -> list[str]:
    pages: dict[str, Page] = {}
    missed = []
    for each in sheets:
        try:
            page = pages[each.who] if each.who in pages else pages.setdefault(each.who, enter(each.who))
            each.reach(page)
            page.wait_for_load_state("networkidle")
            (FOLDER / f"{each.name}.png").write_bytes(sheet(page))
        except Exception as error:  # one page that cannot be reached must not cost the others
            missed.append(f"{each.name}: {type(error).__name__} {str(error).splitlines()[0]}")
    return missed


def main() -> int:
    """0 when every sheet was taken; tells the others."""
    parser = argparse.ArgumentParser(description="Take a picture of every page.")
    parser.add_argument("names", nargs="*", metavar="SHEET", help="these sheets alone")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where the simulated company is kept for the next time"
    )
    args = parser.parse_args()
    missed = take(args.names, args.data)
    sys.stderr.write("".join(f"{line}\n" for line in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
