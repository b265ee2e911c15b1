"""Components as tags: `{% load shell %}`, then `{% icon "check" %}`, `{% clock face %}`, `{% state "risk" %}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accord.report import numbers
from accord_app.shell import components, icons, panels, toasts
from accord_app.shell import words as figures

register = template.Library()
STATES = {"kept": ("check", "Kept"), "risk": ("alert-triangle", "At risk"), "missed": ("x", "Missed")}
PERIODS = {"k": "kept", "r": "at risk", "m": "missed", "o": "open"}
EMPTY = SafeString("")


# Small components, drawn here because lists draw many of them


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of Tabler's by name. Raises LookupError."""
    return icons.drawn(name)


@register.simple_tag
def clock(face: components.ClockFace | None) -> SafeString:
    """Business time left; nothing where no clock runs."""
    if face is None:
        return EMPTY
    state = format_html(' data-state="{}"', face.state) if face.state else EMPTY
    key = format_html(' id="clock-{}" data-live', face.key) if face.key else EMPTY
    about = format_html(' data-about="{}"', face.about) if face.about else EMPTY
    return format_html(
        '<span class="clock"{}{}{} data-p="{}" data-minutes="{}">{}</span>',
        key, state, about, face.left, face.minutes, face.words,
    )  # fmt: skip


@register.simple_tag
def score(points: float, band: str) -> SafeString:
    """A score with its band: `{% score 88 "A" %}`."""
    return format_html(
        '<span class="score" data-band="{}" role="img" aria-label="Score {}, band {}"><b>{}</b><span>{}</span></span>',
        band, round(points), band, band, round(points),
    )  # fmt: skip


@register.simple_tag
def state(kind: str, said: str = "", *, fill: bool = False) -> SafeString:
    """kept, risk or missed with its sign and a word. Raises KeyError for another state."""
    sign, usual = STATES[kind]
    filled = SafeString(" data-fill") if fill else EMPTY
    return format_html(
        '<span class="state" data-state="{}"{}>{}{}</span>', kind, filled, icons.drawn(sign), said or usual
    )


@register.simple_tag
def party(side: str, name: str) -> SafeString:
    """A team by shape, colour and word: `{% party "mkt" "Marketing" %}`."""
    return format_html('<span class="party" data-team="{}">{}</span>', components.side_of(side), name)


@register.simple_tag
@lru_cache(maxsize=256)
def mark(side: str, title: str) -> SafeString:
    """Only the shape of a side, with a title for those who do not see it."""
    team = components.side_of(side)
    return format_html(
        '<span class="mark" data-team="{}" role="img" aria-label="{}" title="{}"></span>', team, title, title
    )


@register.simple_tag
def tag(said: str, side: str = "") -> SafeString:
    """A word on a soft ground: of a side, else with a line around it."""
    kind = format_html('data-team="{}"', components.side_of(side)) if side else SafeString('data-kind="line"')
    return format_html('<span class="tag" {}>{}</span>', kind, said)


@register.simple_tag
def avatar(initials: str, side: str, *, large: bool = False) -> SafeString:
    """Somebody's initials; the name stands beside it."""
    size = SafeString(' data-size="l"') if large else EMPTY
    return format_html(
        '<span class="avatar" data-team="{}"{} aria-hidden="true">{}</span>', components.side_of(side), size, initials
    )


@register.simple_tag
def strip(periods: str, title: str) -> SafeString:
    """The last periods, oldest first: `{% strip "kkkrmo" "Last 6 weeks" %}`; k kept, r at risk, m missed, o open."""
    counts = ", ".join(f"{periods.count(letter)} {word}" for letter, word in PERIODS.items() if letter in periods)
    drawn = format_html_join("", "<i{}></i>", ((_period(letter),) for letter in periods))
    return format_html(
        '<span class="strip" role="img" aria-label="{}: {}">{}</span>', title, counts or "nothing yet", drawn
    )


def _period(letter: str) -> SafeString:
    if letter not in PERIODS:
        raise LookupError(f"A period is one of {', '.join(PERIODS)}, not {letter!r}.")
    return EMPTY if letter == "k" else format_html(' class="{}"', letter)


@register.simple_tag
def interval(estimate: components.Interval) -> SafeString:
    """Low, middle and high on one scale with its zero; hollow where it could be chance."""
    weak = SafeString(" data-weak") if estimate.is_weak else EMPTY
    team = format_html(' data-team="{}"', components.side_of(estimate.side)) if estimate.side else EMPTY
    low, middle, high, zero = map(components.step, (estimate.low, estimate.middle, estimate.high, estimate.zero))
    return format_html(
        '<span class="ci"{}{} data-lo="{}" data-mid="{}" data-hi="{}" data-zero="{}" role="img" aria-label="{}">'
        "<i></i><b></b></span>",
        weak, team, low, middle, high, zero, estimate.words,
    )  # fmt: skip


@register.simple_tag
def spark(values: Sequence[float], target: float | None = None, title: str = "") -> SafeString:
    """A line without axes; with a title it is an image that says so, else the figures stand beside it."""
    if not values:
        return EMPTY
    xs, ys, line = _spark_points(values, target)
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
    said = format_html(' role="img" aria-label="{}"', title) if title else SafeString(' aria-hidden="true"')
    at = f"{line:.1f}" if line is not None else ""
    rule = format_html('<line x1="0" x2="88" y1="{}" y2="{}"/>', at, at) if at else EMPTY
    return format_html(
        '<svg class="spark" viewBox="0 0 88 24"{}>{}<path d="{}"/><circle cx="{}" cy="{}" r="2.25"/></svg>',
        said, rule, path, f"{xs[-1]:.1f}", f"{ys[-1]:.1f}",
    )  # fmt: skip


def _spark_points(values: Sequence[float], target: float | None) -> tuple[list[float], list[float], float | None]:
    """Places in a box of 88 by 24 with room for the dot at the end."""
    every = [*values, *([target] if target is not None else [])]
    low, spread = min(every), (max(every) - min(every)) or 1
    width = 84 / max(1, len(values) - 1)

    def height(value: float) -> float:
        return 21 - 18 * (value - low) / spread

    xs = [1 + width * place for place in range(len(values))]
    return xs, [height(value) for value in values], None if target is None else height(target)


def panels_of(context: Context, kind: str, record: Any) -> SafeString:
    """What rooms above have to say about a record."""
    return mark_safe("".join(panels.rendered(context["request"], kind, record)))  # noqa: S308 - each is safe


register.simple_tag(panels_of, takes_context=True, name="panels")


# Larger components, each a template


@register.inclusion_tag("shell/components/kpi.html")
def kpi(figure: components.Kpi) -> dict[str, object]:
    """A figure, its target, its pace and its forecast; several stand in `<div class="kpis">`."""
    return {"kpi": figure}


@register.inclusion_tag("shell/components/points.html")
def points(reasons: Sequence[components.Point]) -> dict[str, object]:
    """A score explained, largest first."""
    return {"reasons": reasons}


@register.inclusion_tag("shell/components/lane.html")
def lane(both: components.Lane) -> dict[str, object]:
    """What both teams did on one axis, and the same as a list."""
    return {"lane": both, "marketing": both.of("mkt"), "sales": both.of("sls")}


@register.inclusion_tag("shell/components/funnel.html")
def funnel(stages: Sequence[components.Stage]) -> dict[str, object]:
    """Stages from zero, and the steps between them."""
    return {"stages": stages}


@register.inclusion_tag("shell/components/matrix.html")
def matrix(title: str, columns: Sequence[str], rows: Sequence[components.MatrixRow]) -> dict[str, object]:
    """Coverage by row and column."""
    return {"title": title, "columns": columns, "rows": rows}


@register.inclusion_tag("shell/components/evidence.html")
def evidence(promises: Sequence[components.Evidence]) -> dict[str, object]:
    """What stands beside an article: the promises that it makes and how they are kept."""
    return {"promises": promises}


@register.inclusion_tag("shell/components/signs.html")
def signs(signatures: Sequence[components.Sign]) -> dict[str, object]:
    """Two signatures side by side."""
    return {"signatures": signatures}


@register.inclusion_tag("shell/components/views.html")
def views(title: str, saved: Sequence[components.View]) -> dict[str, object]:
    """Saved views as tabs, with counts."""
    return {"title": title, "views": saved}


@register.inclusion_tag("shell/components/segment.html")
def segment(title: str, choices: Sequence[components.View]) -> dict[str, object]:
    """A few ways to look at the same thing; each is a link."""
    return {"title": title, "choices": choices}


@register.inclusion_tag("shell/components/heads.html")
def heads(columns: Sequence[components.Column]) -> dict[str, object]:
    """The head of a table; columns sort by link, so that the order is in the address."""
    return {"columns": columns}


@register.inclusion_tag("shell/components/options.html")
def options(name: str, choices: Sequence[components.Option]) -> dict[str, object]:
    """Choices in a popover, one of them taken; digits 1 to 9 choose."""
    return {"name": name, "choices": choices}


@register.inclusion_tag("shell/components/empty.html")
def empty(title: str, sentence: str, act: str = "", url: str = "") -> dict[str, object]:
    """Why there is nothing, what will come, and one useful act."""
    return {"title": title, "sentence": sentence, "act": act, "url": url}


@register.inclusion_tag("shell/components/loading.html")
def loading(said: str = "Loading") -> dict[str, object]:
    """The place of something that comes."""
    return {"said": said}


@register.inclusion_tag("shell/components/field.html")
def field(bound: Any) -> dict[str, object]:
    """A form field with its label, hint and errors, as Django bound it. An error may say again what was typed."""
    wrong = " ".join(bound.errors).replace("\0", "")
    return {"field": bound, "widget": figures.widget(bound), "wrong": wrong}


@register.inclusion_tag("shell/components/errors.html")
def form_errors(form: Any) -> dict[str, object]:
    """What is wrong with a form as a whole."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("shell/_toasts.html", takes_context=True)
def waiting_toasts(context: Context) -> dict[str, object]:
    """What was done just now."""
    request = context["request"]
    return {"toasts": toasts.waiting(request), "csrf_token": context.get("csrf_token", "")}


@register.simple_block_tag
def note(content: str, kind: str = "", sign: str = "info-circle", *, alert: bool = False) -> SafeString:
    """A sentence that stands out: `{% note "risk" "clock" %}<b>…</b> …{% endnote %}`; an alert is read aloud."""
    kind_of = format_html(' data-state="{}"', kind) if kind else EMPTY
    role = SafeString(' role="alert"') if alert else EMPTY
    return format_html('<div class="note"{}{}>{}<span>{}</span></div>', kind_of, role, icons.drawn(sign), content)


@register.simple_block_tag
def article(content: str, number: str) -> SafeString:
    """A clause with its number; the clause and its evidence are the content."""
    return format_html('<article class="article"><span class="no">{}</span>{}</article>', number, content)


# Words for figures


@register.filter
def money(amount: Decimal | float | None, currency: str = "EUR") -> str:
    """`€148,200`."""
    return figures.money(amount, currency)


@register.filter
def unbroken(text: str) -> str:
    """Numbers stay beside their units: no line of a headline ends between them."""
    return numbers.unbroken(str(text))


@register.filter
def whole(count: float | None) -> str:
    """`2,410`, with a true minus."""
    return figures.whole(count)


@register.filter
def coded(text: str) -> SafeString:
    """Words in backticks as code: what is to be typed, as it is typed."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:  # one backtick alone encloses nothing
        return format_html("{}", text)
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", p) if n % 2 else p,) for n, p in enumerate(parts))
    )


@register.filter
def percent(share: float | None) -> str:
    """A share 0 to 1 as `18 %`."""
    return figures.percent(share)


@register.filter
def signed(points: float) -> str:
    """`+30`, `−112`."""
    return figures.signed(points)


@register.filter
def day(moment: date | None) -> str:
    """`20 November`."""
    return figures.day(moment)


@register.filter
def moment(at: datetime | None) -> str:
    """`20 November, 17:00`, in the reader's zone."""
    return figures.moment(at)


@register.filter
def step(value: float) -> int:
    """A position on a scale of 0 to 100, as `steps.css` knows it."""
    return components.step(value)
