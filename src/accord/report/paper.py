"""A self-contained page on A4 paper: the same words and drawings as on the screen, in ink on white.

Paper has one theme and one width. Of every drawing the light wide one is kept, of every pair of colours the light one,
and what a page opens on demand stands open, but for the query, which a reader of paper cannot run.
"""

from __future__ import annotations

import logging
import re
from io import BytesIO
from pathlib import Path

from accord.facts.errors import AccordError

_PAIR = "light-dark("
_GRID = re.compile(r"display:\s*(inline-)?grid")  # a grid within grids takes the setter minutes
_ON_PAPER = """
@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:counter(page) " / " counter(pages);
font:400 8pt "Inter",sans-serif;color:#676A72}@bottom-left{content:string(title);font:400 8pt "Inter",sans-serif;
color:#676A72}}
html{font-size:12px}
h1{string-set:title content()}
body{background:#fff}
.skip,.rail,.how pre,.how>summary,td .how{display:none}
.sec-head{display:block}
.sec-head .cap{margin-inline-start:4mm}
.table th{text-align:start}
.table th.n{text-align:end}
.sheet,.page{max-width:none;margin:0;padding:0;border:0}
.sheet .top{display:flex;min-height:0;padding:0 0 6mm;border:0}
.cols>*,.stack>*,.pp>*{margin-bottom:7mm}
.kpis{background:none;border:0}
.kpi{display:inline-block;width:54mm;margin:0 2mm 3mm 0;border:1px solid #E5E4DE;border-radius:6px;vertical-align:top}
.promise summary,.ev li,.facts{display:block}
.promise summary>*,.ev li>*{margin-inline-end:4mm}
.funnel li{display:block;min-height:0}
.funnel .stage>*{display:inline-block;vertical-align:middle}
.funnel .stage>:first-child{width:24mm}
.funnel .stage .bar{width:140mm}
.funnel .step{padding-inline-start:25mm}
.plot .dark,.plot .narrow{display:none!important}
.plot .wide,.plot .light{display:block!important}
.plot svg{max-height:90mm}
.nowrap{white-space:nowrap!important}
.scroll-x{overflow:visible}
.table td,.table th{padding:.3rem .45rem;white-space:normal}
section{break-inside:auto}
article,tr,.kpi,.promise,.plot,.funnel{break-inside:avoid}
h1,h2,h3,.sec-head,thead{break-after:avoid}
"""


def pdf(html: str) -> bytes:
    """The page as a PDF of A4 sheets. `html` brings its own style, fonts and drawings; nothing is fetched."""
    from weasyprint import HTML  # takes half a second, which only a PDF pays
    from weasyprint.urls import URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # it warns of rules that only a screen can follow
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)
    page = _GRID.sub(r"display:\1block", _light(html)).replace("</head>", f"<style>{_ON_PAPER}</style></head>", 1)
    out = BytesIO()
    HTML(string=page, url_fetcher=URLFetcher(allowed_protocols={"data"}), media_type="print").write_pdf(out)
    return out.getvalue()


def write_page(html: str, file: Path) -> None:
    """Write a page as it is. Raises AccordError where the file cannot be written."""
    _written(file, html.encode())


def write_pdf(html: str, file: Path) -> None:
    """Write a page as a PDF of A4 sheets. Raises AccordError where the file cannot be written."""
    _written(file, pdf(html))


def _written(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise AccordError(f"{file} cannot be written: {error.strerror}.", remedy="Name another file.") from error


def _light(html: str) -> str:
    """Every `light-dark(a,b)` as `a`; colours may have brackets of their own."""
    out, place = [], 0
    while (start := html.find(_PAIR, place)) >= 0:
        begin, end, comma, depth = start + len(_PAIR), start + len(_PAIR), None, 1
        while depth and end < len(html):
            depth += {"(": 1, ")": -1}.get(html[end], 0)
            comma = end if comma is None and depth == 1 and html[end] == "," else comma
            end += 1
        out += [html[place:start], html[begin : comma or end - 1]]
        place = end
    return "".join([*out, html[place:]])
