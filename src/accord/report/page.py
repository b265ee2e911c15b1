"""Pages that need nothing but themselves: style, fonts and drawings are inside, there is no script and no request."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from accord.insight.attribution.attribution import Attribution
from accord.insight.funnel import Funnel
from accord.report import attribution, building
from accord.report.charts import of_result
from accord.report.figures import Report

_FONTS = (
    ("Inter", "inter-latin-wght-normal.woff2", "100 900"),
    ("Newsreader", "newsreader-latin-wght-normal.woff2", "200 800"),
)
_FONT_FACE = re.compile(r"@font-face\{[^}]*\}\n?")


def report_page(report: Report) -> str:
    """The report as one HTML document."""
    return _environment().get_template("report.html").render(report=report, style=_style())


def funnel_page(found: Funnel, *, simulated: bool) -> str:
    """A funnel as one HTML document, in the same shell."""
    grid = building.groups_grid(found) if found.by else None
    chart = of_result(found, f"Conversion by {found.by}, so far, with 90 % intervals") if found.by else None
    view = building.funnel_view(found, chart=chart, grid=grid)
    title = building.headline((), found)
    context = building.stretch(found)
    page = _environment().get_template("funnel.html")
    return page.render(funnel=view, title=title, context=context, simulated=simulated, style=_style(), by=found.by)


def attribution_page(found: Attribution, *, simulated: bool) -> str:
    """Where wins came from, as one HTML document in the same shell."""
    label = f"Share of conversions by {found.by} and model, with 90 % intervals"
    page = _environment().get_template("attribution.html")
    return page.render(
        found=found, title=attribution.headline(found), context=attribution.context(found),
        chart=of_result(found, label), grid=attribution.grid(found), simulated=simulated, style=_style(),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("accord.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["svg"] = Markup  # drawn by us; its texts were escaped by the drawer
    return environment


@cache
def _style() -> Markup:
    """Tokens, components and the report's own rules; only the Latin faces of the two families come along."""
    tokens = _FONT_FACE.sub("", _asset("tokens.css").decode())
    faces = "".join(_face(*font) for font in _FONTS)
    return Markup(faces + tokens + _asset("base.css").decode() + _asset("report.css").decode())  # noqa: S704 - our own files


def _face(family: str, file: str, weights: str) -> str:
    data = b64encode(_asset(file)).decode()
    return (
        f'@font-face{{font-family:"{family}";font-weight:{weights};font-display:swap;'
        f'src:url(data:font/woff2;base64,{data}) format("woff2")}}\n'
    )


def _asset(name: str) -> bytes:
    return resources.files("accord.report").joinpath("assets", name).read_bytes()
