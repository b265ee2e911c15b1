"""What tags draw."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.safestring import SafeString
from tests.app.conftest import UndefinedVariableError
from tests.app.html import faults

from accord_app.shell import icons, panels
from accord_app.shell.components import ClockFace, Interval, LaneTouch, share_of, side_of, step


def drawn(source: str, **given: object) -> str:
    return Template("{% load shell %}" + source).render(Context(given))


def test_an_icon_is_inlined_and_hidden_from_readers() -> None:
    text = drawn('{% icon "check" %}')
    assert text.startswith('<svg class="i" viewBox="0 0 24 24"')
    assert 'aria-hidden="true"' in text
    assert '<path d="M5 12l5 5l10 -10"/>' in text


def test_an_unknown_icon_fails() -> None:
    with pytest.raises(LookupError, match="no icon 'unicorn'"):
        drawn('{% icon "unicorn" %}')


def test_every_icon_is_sound() -> None:
    assert [name for name in icons.names() if faults(icons.drawn(name), is_part=True)] == []


@pytest.mark.parametrize(
    ("minutes", "whole", "words", "state", "left"),
    [
        (200, 240, "3 h 20 m", "", 83),
        (60, 240, "1 h", "", 25),
        (59, 240, "59 min", "risk", 25),
        (38, 240, "38 min", "risk", 16),
        (0, 240, "0 min", "risk", 0),
        (-1, 240, "1 min late", "missed", 0),
        (-80, 240, "1 h 20 m late", "missed", 0),
        (300, 240, "5 h", "", 100),
    ],
)
def test_a_clock_says_what_is_left(minutes: int, whole: int, words: str, state: str, left: int) -> None:
    face = ClockFace(minutes, whole)
    assert (face.words, face.state, face.left) == (words, state, left)


def test_a_clock_with_a_key_is_brought_up_to_date() -> None:
    text = drawn("{% clock face %}", face=ClockFace(9, 240, key="h1", about="Birgit <b>"))
    assert text == (
        '<span class="clock" id="clock-h1" data-live data-state="risk" data-about="Birgit &lt;b&gt;"'
        ' data-p="4" data-minutes="9">9 min</span>'
    )


def test_no_clock_draws_nothing() -> None:
    assert drawn("{% clock face %}", face=None) == ""


def test_a_score_says_its_band() -> None:
    assert 'aria-label="Score 88, band A"><b>A</b><span>88</span>' in drawn('{% score 87.6 "A" %}')


def test_a_state_has_a_sign_and_a_word() -> None:
    assert drawn('{% state "kept" %}').endswith("Kept</span>")
    assert drawn('{% state "risk" "6 pts short" fill=True %}').startswith(
        '<span class="state" data-state="risk" data-fill><svg'
    )
    with pytest.raises(KeyError):
        drawn('{% state "fine" %}')


def test_a_party_is_called_as_we_or_the_style_sheet_call_it() -> None:
    assert drawn('{% party "marketing" "Marketing" %}') == drawn('{% party "mkt" "Marketing" %}')
    with pytest.raises(LookupError, match="no side 'legal'"):
        side_of("legal")


def test_a_strip_counts_its_periods() -> None:
    text = drawn('{% strip "kkrmo" "Last 5 weeks" %}')
    assert 'aria-label="Last 5 weeks: 2 kept, 1 at risk, 1 missed, 1 open"' in text
    assert text.count("<i></i>") == 2
    assert "nothing yet" in drawn('{% strip "" "Last weeks" %}')
    with pytest.raises(LookupError):
        drawn('{% strip "kz" "x" %}')


def test_an_interval_stands_on_steps_and_says_its_words() -> None:
    text = drawn("{% interval each %}", each=Interval(-10, 53.4, 120, "+0.6, −1.8 to 3.5", is_weak=True))
    assert text == (
        '<span class="ci" data-weak data-lo="0" data-mid="53" data-hi="100" data-zero="50" role="img"'
        ' aria-label="+0.6, −1.8 to 3.5"><i></i><b></b></span>'
    )
    with pytest.raises(ValueError, match="no interval"):
        Interval(5, 4, 6, "")


def test_a_spark_is_drawn_for_one_value_and_for_none() -> None:
    assert drawn("{% spark values %}", values=()) == ""
    assert 'd="M1.0 21.0"' in drawn("{% spark values %}", values=(3,))
    assert 'role="img" aria-label="Up"' in drawn('{% spark values 2 "Up" %}', values=(1, 2, 3))


def test_positions_never_leave_the_scale() -> None:
    assert [step(value) for value in (-3, 0, 49.6, 100, 250)] == [0, 0, 50, 100, 100]
    assert (share_of(1, 3), share_of(5, 0)) == (33, 0)
    assert LaneTouch("mkt", "Ad", 10, 2.2).h == 22


def test_what_people_wrote_is_escaped_everywhere() -> None:
    text = drawn(
        "{% party 'sls' name %}{% tag name %}{% avatar name 'sls' %}{% state 'risk' name %}{% mark 'sls' name %}"
        "{% strip 'k' name %}{% note %}{{ name }}{% endnote %}{% empty name name %}",
        name='<script>"x"',
    )
    assert "<script>" not in text
    assert faults(text, is_part=True) == []


def test_a_note_that_matters_now_is_read_aloud() -> None:
    text = drawn('{% note "missed" "alert-circle" alert=True %}<b>Late.</b>{% endnote %}')
    assert text.startswith('<div class="note" data-state="missed" role="alert"><svg')
    assert "<b>Late.</b>" in text


@pytest.mark.usefixtures("empty_house")
def test_panels_are_rendered_on_the_page(rf: RequestFactory) -> None:
    panels.register("handoff", 1, lambda _, record: SafeString(f"<p>{record}</p>"))
    assert drawn('{% panels "handoff" record %}', request=rf.get("/"), record="one") == "<p>one</p>"


@pytest.mark.parametrize(
    "source", ["{{ missing }}", "{{ missing|money }}", "{% for x in missing %}{{ x }}{% endfor %}"]
)
def test_an_undefined_variable_fails_the_test(source: str) -> None:
    with pytest.raises(UndefinedVariableError, match="missing"):
        drawn(source)
