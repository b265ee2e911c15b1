"""The page: all of it inside, every text escaped, the same room for both sides, nothing asked of the network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from tests import lakes
from tests.lakes import row
from tests.tables import DAY_ZERO, Row, facts_in_hand

from accord.cli import main
from accord.facts.ledger import Ledger
from accord.insight.funnel import funnel
from accord.report.building import build, headline
from accord.report.charts import kept_by_party
from accord.report.documents import report_json
from accord.report.figures import Cell, Clause, PromiseRow, Report, Side
from accord.report.numbers import day, duration, percent, whole
from accord.report.page import funnel_page, report_page
from accord.report.scoreboard import show

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
AT = datetime(2026, 4, 1, tzinfo=UTC)
AT_NAIVE = DAY_ZERO + timedelta(days=1)
EVENTS = ("offered", "accepted", "qualified")
ENGINE = facts_in_hand(
    profiles=[{"subject": "person", "subject_id": f"p{n}", "origin": "<b>fair</b>"} for n in range(60)],
    handoffs=[
        {
            "person_id": f"p{n}",
            "handoff_id": f"h{n}",
            "event": event,
            "occurred_at": DAY_ZERO + timedelta(days=n % 7 + i),
        }
        for n in range(60)
        for i, event in enumerate(EVENTS[: 1 + n % 3])
    ],
    deals=[
        {"deal_id": f"d{n}", "person_id": f"p{n}", "event": "won", "occurred_at": DAY_ZERO + timedelta(days=40)}
        for n in range(0, 60, 4)
    ],
)


def a_promise(team: str, state: str, word: str, name: str = "Answered in time") -> PromiseRow:
    return PromiseRow(
        id=name.lower(),
        team=team,
        team_name={"mkt": "Marketing", "sls": "Sales", "both": "Shared"}[team],
        title=name,
        value="93 %",
        target="of 90 %",
        state=state,
        word=word,
        period="2026-W13",
        strip=tuple(Cell(name, name) for name in ("kept", "missed", "risk", "open", "few", "none")),
        strip_says="last 6 weeks: 1 kept, 1 missed",
        definition="The share of handoffs that were answered in time.",
        sentence="answered, 2026-W13: Kept.",
    )


def a_report() -> Report:
    bare = build(ENGINE, {"simulated": True}, None, (), at=AT)
    ours, theirs = a_promise("mkt", "kept", "Kept", "Handoffs"), a_promise("sls", "missed", "Missed")
    shares = [
        {"month": f"2026-0{month}-01", "party": party, "kept": kept, "of": 4}
        for month in (1, 2, 3)
        for party, kept in (("Marketing", 75.0), ("Sales", 50.0))
    ]
    fields = {name: getattr(bare, name) for name in Report.__slots__}
    fields |= {
        "sides": (
            Side("mkt", "Marketing promised", "1 of 1 kept", (ours,)),
            Side("sls", "Sales promised", "", (theirs,)),
        ),
        "both": (a_promise("both", "none", "Not recorded", "Reviews held"),),
        "kept": kept_by_party(shares, "Marketing 75 %, sales 50 %"),
        "kept_grid": bare.health,
        "clauses": (Clause(1, "Response", (("Sales answers within ", False), ("4 business hours", True)), (theirs,)),),
    }
    return Report(**fields)


class Seen(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def test_the_page_needs_nothing_but_itself() -> None:
    page = report_page(a_report())
    seen = Seen(page)
    assert seen.count("script") == 0
    addresses = [value for _, attrs in seen.tags for name, value in attrs.items() if name in ("src", "href") and value]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert not [url for url in re.findall(r"url\(([^)]{0,40})", page) if not url.startswith("data:")]
    assert "@import" not in page


def test_the_document_has_the_numbers_that_the_page_was_written_from() -> None:
    told = json.loads(json.dumps(report_json(a_report())))
    assert told["finding"] == "25.0 % of MQL became customers so far."
    assert told["simulated"] is True
    assert told["at"] == "2026-04-01T00:00:00+00:00"
    assert told["funnel"]["n"] == 60
    assert told["wins"][0]["Customers"] == "15"
    assert {row["Facts"] for row in told["facts"]} == {"profiles", "handoffs", "deals"}
    assert told["promises"] == []


def test_visitors_are_told_apart_from_people() -> None:
    touches = [{"person_id": f"v{n}", "kind": "page.home"} for n in range(3)]
    known = [{"subject": "person", "subject_id": f"p{n}"} for n in range(30)]
    mixed = build(facts_in_hand(profiles=known, touches=touches), {}, None, (), at=AT)
    assert mixed.context.startswith("30 people and 3 unknown visitors since")
    assert mixed.funnel.summary == "30 people and 3 unknown visitors came in."
    assert "3 people left touches and nothing else: visitors of whom it is not known who they are." in (
        mixed.funnel.notices
    )
    alone = build(facts_in_hand(touches=touches), {}, None, (), at=AT)
    assert alone.funnel.summary == "3 people came in."


def test_the_door_prints_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "lake")
    on = datetime(2026, 1, 5, tzinfo=UTC)
    rows = [row("handoffs", f"h{n}", handoff_id=f"h{n}", person_id=f"p{n}", occurred_at=on) for n in range(25)]
    ledger.write("handoffs", lakes.rows("handoffs", *rows), at=on)
    page = tmp_path / "report.html"
    assert main(["report", "--lake", str(tmp_path / "lake"), "--json", "--html", str(page)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["funnel"]["n"] == 25
    assert told["notes"] == ["25 handoffs have no owner. People are waiting, and no clock runs.",
                             "No agreement was named or is in force here, so no promise is measured."]  # fmt: skip
    assert page.is_file()


def test_a_period_is_told_as_it_ended_on_paper_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ledger, folder = Ledger.create(tmp_path / "lake"), str(tmp_path / "lake")
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(60)]
    rows = [
        row("handoffs", f"h{n}", handoff_id=f"h{n}", person_id=f"p{n}", occurred_at=on) for n, on in enumerate(days)
    ]
    ledger.write("handoffs", lakes.rows("handoffs", *rows), at=days[-1])
    asked = ["report", "--lake", folder, "--from", "2026-01-11", "--to", "2026-01-20"]
    assert main([*asked, "--json", "--pdf", str(tmp_path / "r.pdf")]) == 0
    assert json.loads(capsys.readouterr().out)["funnel"]["n"] == 10
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    assert main(["report", "--lake", folder, "--from", "2026-01-20", "--to", "2026-01-11"]) == 2
    assert "2026-01-20" in capsys.readouterr().err


def test_the_title_is_the_finding_and_there_is_one() -> None:
    page = report_page(a_report())
    assert Seen(page).count("h1") == 1
    assert "25.0 % of MQL became customers so far." in page
    assert "Simulated company" in page


def test_text_from_facts_is_escaped() -> None:
    for page in (report_page(a_report()), funnel_page(funnel(ENGINE, by="origin"), simulated=False)):
        assert "<b>fair</b>" not in page.replace("&lt;b&gt;fair&lt;/b&gt;", "")
        assert "&lt;b&gt;fair" in page


def test_every_state_has_a_word_and_every_drawing_a_label() -> None:
    page = report_page(a_report())
    for word in ("Kept", "Missed", "Not recorded"):
        assert f"{word}</span>" in page
    images = [attrs for _, attrs in Seen(page).tags if attrs.get("role") == "img"]
    assert images and all(attrs.get("aria-label") for attrs in images)


def test_every_figure_can_be_opened_to_its_definition() -> None:
    seen = Seen(report_page(a_report()))
    rows = sum(attrs.get("class") == "promise" for _, attrs in seen.tags)
    tiles = sum(attrs.get("class") == "kpi" for _, attrs in seen.tags)
    assert rows == 3 and tiles == 1
    assert seen.count("details") >= rows + tiles + 3


def test_handoffs_without_an_owner_stand_before_any_number() -> None:
    rows: list[Row] = [
        {"person_id": "alice", "handoff_id": "h1", "event": "offered"},
        {"person_id": "bob", "handoff_id": "h2", "event": "offered"},
        {"person_id": "bob", "handoff_id": "h2", "event": "rerouted", "owner": "sara", "occurred_at": AT_NAIVE},
        {"person_id": "carol", "handoff_id": "h3", "event": "offered", "owner": "tomas"},
    ]
    page = report_page(build(facts_in_hand(handoffs=rows), {}, None, (), at=AT))
    assert page.index("1 handoff has no owner") < page.index('class="kpis"')


def test_without_an_agreement_the_page_says_so() -> None:
    page = report_page(build(ENGINE, {}, None, (), at=AT))
    assert "no promise is measured" in page and "Simulated" not in page


def test_the_heading_counts_only_what_can_be_judged() -> None:
    rows = [a_promise("mkt", "kept", "Kept"), a_promise("sls", "missed", "Missed"), a_promise("sls", "few", "Too few")]
    assert headline(rows, funnel(ENGINE)).startswith("1 of 2 promises that can be judged are on course.")
    assert headline(rows[:2], funnel(ENGINE)).startswith("1 of 2 promises are on course.")


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_says_the_same(width: int) -> None:
    plain = Console(width=width, color_system=None)
    with plain.capture() as captured:
        show(plain, a_report())
    text = captured.get()
    assert "25.0 % of MQL became customers so far." in text
    assert "Marketing promised" in text and "Sales promised" in text and "Both and leadership promised" in text
    assert "▮✗!▯–·" in text  # every state has its own mark, without colour
    assert max(len(line) for line in text.splitlines()) <= width


def test_numbers_as_people_read_them() -> None:
    assert (percent(0.10525), percent(1.0), percent(0.0), percent(None)) == ("10.5 %", "100 %", "0 %", "–")
    assert (whole(2_400_000), whole(-112)) == ("2,400,000", "−112")
    assert [duration(days) for days in (None, 0.0, 2 / 24, 125 / 1440, 6.2, 48.4, -1.18)] == [
        "–",
        "0 m",
        "2 h",
        "2 h 5 m",
        "6.2 days",
        "48 days",
        "−1.2 days",
    ]
    assert day(AT) == "1 April 2026"


@contextmanager
def a_browser(width: int, scheme: str) -> Iterator[tuple[Page, list[str]]]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    heard: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else heard.append(asked.url))
        try:
            yield page, heard
        finally:
            browser.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_in_a_browser_nothing_is_asked_and_nothing_overflows(tmp_path: Path, width: int, scheme: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page(a_report()), "utf-8")
    with a_browser(width, scheme) as (page, heard):
        page.goto(file.as_uri())
        page.evaluate("document.fonts.ready")
        assert heard == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.fonts.check('14px Inter') && document.fonts.check('28px Newsreader')")
        drawings = page.locator(".plot svg")
        assert sum(drawings.nth(place).is_visible() for place in range(drawings.count())) == 1
        page.locator("details.how summary").first.click()
        assert page.locator("details.how[open] p").first.is_visible()
