"""Pages that need nothing but themselves: style, fonts and drawings are inside, there is no script and no request."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from accord.insight.attribution.attribution import Attribution
from accord.insight.content_effect.content import Content
from accord.insight.diagnosis.diagnosis import Diagnosis
from accord.insight.economics.economics import Economics
from accord.insight.forecast.forecast import Forecast
from accord.insight.funnel import Funnel
from accord.report import attribution, building, content, diagnosis, economics, forecast
from accord.report.charts import of_panels, of_result
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
        chart=of_panels(found, label), grid=attribution.grid(found), simulated=simulated, style=_style(),
    )  # fmt: skip


def economics_page(found: Economics, *, simulated: bool) -> str:
    """What leads and customers cost and bring, as one HTML document in the same shell."""
    label = f"New revenue per unit of spend by {found.by}, with 90 % intervals"
    chart = of_result(found, label) if any(each.back is not None for each in found.channels) else None
    return _environment().get_template("economics.html").render(
        found=found, title=economics.headline(found), context=economics.context(found), chart=chart,
        groups=economics.groups(found), grid=economics.channels(found), scenarios=economics.scenarios(found),
        simulated=simulated, style=_style(),
    )  # fmt: skip


def content_page(found: Content, *, simulated: bool) -> str:
    """Which assets are used and what goes with their use, as one HTML document in the same shell."""
    label = "Difference in the share that reached the next stage, by asset, with 90 % intervals"
    chart = of_result(found, label) if any(each.effect.interval for each in found.effects) else None
    return _environment().get_template("content.html").render(
        found=found, title=content.headline(found), context=content.context(found), chart=chart,
        grid=content.effects(found), assets=content.assets(found), simulated=simulated, style=_style(),
    )  # fmt: skip


def diagnosis_page(found: Diagnosis, *, zone: str = "UTC", simulated: bool) -> str:
    """A diagnosis as one HTML document in the same shell."""
    page = _environment().get_template("diagnosis.html")
    return page.render(view=diagnosis.view(found, zone=zone), simulated=simulated, style=_style())


def forecast_page(found: Forecast, *, simulated: bool) -> str:
    """Where the numbers of the period will end, as one HTML document in the same shell."""
    page = _environment().get_template("forecast.html")
    return page.render(view=forecast.view(found, simulated=simulated), style=_style())


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
