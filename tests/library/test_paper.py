"""Pages on paper: A4, the text and the fonts of the page, nothing fetched, and told when it cannot be written."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pytest

from accord.facts.errors import AccordError
from accord.report import paper

PAGE = """<!doctype html><html lang="en"><head><title>Costs</title><style>
:root{--ink:light-dark(rgb(1,2,3),rgb(250,251,252))}
h1{color:var(--ink)}
.two{display:grid;grid-template-columns:1fr 1fr}
</style></head><body><h1>What a lead cost</h1>%s</body></html>"""
A4 = (595, 842)  # points


def sheets(found: bytes) -> list[tuple[int, int]]:
    """Width and height of every sheet, in points."""
    told = b"".join([found, *_unpacked(found)])
    return [(round(float(w)), round(float(h))) for w, h in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", told)]


def _unpacked(found: bytes) -> list[bytes]:
    pieces = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", found, re.DOTALL)
    return [zlib.decompressobj().decompress(piece) for piece in pieces if piece[:1] == b"x"]


def test_a_page_becomes_sheets_of_a4() -> None:
    found = paper.pdf(PAGE % "<p>Text.</p>")
    assert found.startswith(b"%PDF-")
    assert sheets(found) == [A4]


def test_a_long_page_takes_more_sheets() -> None:
    assert len(sheets(paper.pdf(PAGE % ("<p>One more line.</p>" * 200)))) > 2


def test_grids_within_grids_are_set_in_moments() -> None:
    deep = '<div class="two">' * 12 + "deep" + "</div>" * 12
    assert len(sheets(paper.pdf(PAGE % deep))) == 1


def test_what_a_cell_opens_to_stays_off_the_paper() -> None:
    ids = " ".join(f"kG3x_9aQ{n:04}" for n in range(5_000))
    cell = f'<details class="how"><summary>5,000 records</summary><p>{ids}</p></details>'
    assert len(sheets(paper.pdf(PAGE % f"<table><tr><td>Win rate{cell}</td></tr></table>"))) == 1
    assert len(sheets(paper.pdf(PAGE % cell))) > 1


def test_paper_is_light_whatever_the_screen_is() -> None:
    inked = b"".join(_unpacked(paper.pdf(PAGE % "")))
    assert re.search(rb"0\.0039\d* 0\.0078\d* 0\.01176?\d* rg", inked)
    assert not re.search(rb"0\.98\d* 0\.98\d* 0\.98\d* rg", inked)


def test_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90"/></svg>'
    )
    drawn = paper.pdf(PAGE % f'<img src="{secret.as_uri()}" alt="">')
    assert len(drawn) == pytest.approx(len(paper.pdf(PAGE % '<img src="" alt="">')), abs=40)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(AccordError, match=r"taken/page\.pdf cannot be written"):
        paper.write_pdf(PAGE % "", tmp_path / "taken" / "page.pdf")
    with pytest.raises(AccordError, match="Name another file"):
        paper.write_page(PAGE % "", tmp_path / "taken" / "page.html")


def test_folders_are_made_on_the_way(tmp_path: Path) -> None:
    paper.write_page(PAGE % "", tmp_path / "new" / "page.html")
    paper.write_pdf(PAGE % "", tmp_path / "new" / "page.pdf")
    assert (tmp_path / "new" / "page.html").read_text("utf-8") == PAGE % ""
    assert (tmp_path / "new" / "page.pdf").read_bytes().startswith(b"%PDF-")
