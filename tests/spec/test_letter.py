"""Mails from templates: template and what is known in, what somebody reads out."""

from __future__ import annotations

import pytest

from accord.agreement.letter import LetterError, check, check_part, first_name, lacking, parts_of, written

KNOWN = {"first_name": "Birgit", "name": "Birgit Sommer", "company": "Kestrel Foods"}

# A body, what is said differently, and what leaves.
BODIES = [
    ("Hello {first_name|there},", {}, "Hello Birgit,"),
    ("Hello {title|colleague},", {}, "Hello colleague,"),
    ("Hello {title},", {}, "Hello ,"),
    ("At {company|you}: [[news: Two plants.]] Bye.", {}, "At Kestrel Foods: Two plants. Bye."),
    ("At {company|you}: [[news: Two plants.]] Bye.", {"news": "Three."}, "At Kestrel Foods: Three. Bye."),
    ("[[news: Of {company|you}.]]", {}, "Of Kestrel Foods."),
    ("Locked [[a: one]] and [[b: two]].", {"b": "2", "locked": "x"}, "Locked one and 2."),
]


@pytest.mark.parametrize(("body", "said", "expected"), BODIES)
def test_locked_parts_leave_as_they_stand_and_free_ones_as_said(body: str, said: dict[str, str], expected: str) -> None:
    check("Hello", body)
    assert written("Hello", body, known=KNOWN, said=said).body == expected


# What is wrong with a template, and where.
MISTAKES = [
    ("", "Text", "subject"),
    ("Hello\nagain", "Text", "subject"),
    ("Hello [[a: b]]", "Text", "subject"),
    ("Hello", " ", "body"),
    ("Hello", "Dear {surname}", "body"),
    ("Hello {naam|you}", "Text", "subject"),
    ("Hello", "Dear {name", "body"),
    ("Hello", "[[a: one]] [[a: two]]", "body"),
    ("Hello", "[[a: one", "body"),
    ("Hello", "This is Guaranteed to work.", "body"),
]


@pytest.mark.parametrize(("subject", "body", "field"), MISTAKES)
def test_a_template_that_cannot_be_sent_is_told_with_its_field(subject: str, body: str, field: str) -> None:
    with pytest.raises(LetterError) as caught:
        check(subject, body, must_not_say=("guaranteed",))
    assert caught.value.field == field
    assert caught.value.remedy


# A body, what is said in its free parts, and which of them are lacking.
LACKING = [
    ("[[news: Two plants.]]", {}, ()),
    ("[[news:]]", {}, ("news",)),
    ("[[news: ]] [[offer:]]", {"offer": "A visit."}, ("news",)),
    ("[[news:]]", {"news": " \n"}, ("news",)),
    ("[[news:]]", {"other": "x"}, ("news",)),
    ("Locked.", {}, ()),
]


@pytest.mark.parametrize(("body", "said", "expected"), LACKING)
def test_a_free_part_without_a_usual_text_must_be_filled(
    body: str, said: dict[str, str], expected: tuple[str, ...]
) -> None:
    check("Hello", body)
    assert lacking(body, said) == expected


@pytest.mark.parametrize(
    "text", ["x" * 2_001, "a\0b", "[[more: text]]", "Dear {surname}", "A brace {", "This is Guaranteed to work."]
)
def test_what_a_free_part_may_not_say(text: str) -> None:
    with pytest.raises(LetterError) as caught:
        check_part("news", text, must_not_say=("guaranteed",))
    assert caught.value.field == "news"
    check_part("news", "Two plants of {company|your size}.\n\nMore soon.")


def test_free_parts_are_named_in_order() -> None:
    parts = parts_of("Hello\n[[news: Two plants.]]\nBye [[end: soon]]")
    assert [part.name for part in parts if part.is_free] == ["news", "end"]


@pytest.mark.parametrize(
    ("name", "called"), [("Birgit Sommer", "Birgit"), ("Sommer, Birgit", "Birgit"), ("Cher", "Cher"), ("", "")]
)
def test_what_somebody_is_called_by(name: str, called: str) -> None:
    assert first_name(name) == called
