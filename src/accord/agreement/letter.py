"""The text of a mail from a template: what is locked, what whoever sends may say differently, and whom it greets.

    Hello {first_name|there},

    last time the moment was not right for {company|you}. This is what has changed since:

    [[news: Two plants of your size went live in a week.]]
    [[offer:]]

`{column|otherwise}` is filled from what is known about the person; `[[name: text]]` is a free part with its usual text.
A free part without a usual text must be filled by whoever sends. Everything else is locked: it leaves as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accord.facts.errors import AccordError

FIELDS = ("first_name", "name", "title", "company", "city", "country")
"""What a template may say of a person."""

LONGEST_SUBJECT, LONGEST_BODY, LONGEST_PART, MOST_PARTS = 150, 10_000, 2_000, 12

_FREE = re.compile(r"\[\[\s*([a-z][a-z0-9_-]{0,39})\s*:(.*?)\]\]", re.DOTALL)
_FIELD = re.compile(r"\{\s*([a-zA-Z_]\w*)\s*(?:\|([^{}|]{0,120}))?\}")


class LetterError(AccordError):
    """A template that cannot be sent: which field of the form is meant, what is wrong, what to do."""

    def __init__(self, field: str, problem: str, *, remedy: str) -> None:
        self.field = field
        super().__init__(problem, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a template: locked, or free with its name and usual text."""

    text: str
    name: str = ""

    @property
    def is_free(self) -> bool:
        """Whether whoever sends may say it differently."""
        return bool(self.name)

    @property
    def is_required(self) -> bool:
        """Whether nothing is usually said, so that whoever sends must say something."""
        return self.is_free and not self.text


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as somebody will read it."""

    subject: str
    body: str


def parts_of(body: str) -> tuple[Part, ...]:
    """A body in its pieces, in order."""
    found, place = [], 0
    for free in _FREE.finditer(body):
        if free.start() > place:
            found.append(Part(body[place : free.start()]))
        found.append(Part(free[2].strip(), free[1]))
        place = free.end()
    if place < len(body):
        found.append(Part(body[place:]))
    return tuple(found)


def check(subject: str, body: str, *, must_not_say: Sequence[str] = ()) -> None:
    """Raises LetterError for the first thing that keeps a template from being sent; `must_not_say` are words that the
    agreement rules out."""
    _expect_length("subject", subject, LONGEST_SUBJECT)
    _expect_length("body", body, LONGEST_BODY)
    if len(subject.splitlines()) > 1 or "[[" in subject:
        raise LetterError("subject", "The subject is one line without free parts.", remedy="Put them into the text.")
    _expect_fields("subject", subject)
    _expect_fields("body", body)
    names = [part.name for part in parts_of(body) if part.is_free]
    if len(names) != len(set(names)) or len(names) > MOST_PARTS:
        remedy = f"Give each free part a name of its own, up to {MOST_PARTS}."
        raise LetterError("body", "Two free parts have one name, or there are too many.", remedy=remedy)
    if any("[[" in part.text or "]]" in part.text for part in parts_of(body)):
        raise LetterError("body", "A free part is not closed.", remedy="Write it as [[name: its usual text]].")
    _expect_allowed("subject", subject, must_not_say)
    _expect_allowed("body", body, must_not_say)


def lacking(body: str, said: Mapping[str, str]) -> tuple[str, ...]:
    """The names of free parts of which nothing is said, neither usually nor in `said`."""
    return tuple(part.name for part in parts_of(body) if part.is_required and not said.get(part.name, "").strip())


def check_part(name: str, text: str, *, must_not_say: Sequence[str] = ()) -> None:
    """Raises LetterError, of the field `name`, for what a free part may not say."""
    if len(text) > LONGEST_PART or "\0" in text:
        raise LetterError(name, f"The part {name} is too long.", remedy=f"Write up to {LONGEST_PART:,} characters.")
    if "[[" in text or "]]" in text:
        raise LetterError(name, f"The part {name} holds [[ or ]].", remedy="A free part holds no other.")
    _expect_fields(name, text)
    _expect_allowed(name, text, must_not_say)


def written(subject: str, body: str, *, known: Mapping[str, str], said: Mapping[str, str] | None = None) -> Letter:
    """The mail to one person. `known`: what is known by the names of FIELDS; `said`: free parts that are said
    differently, by name."""
    differently = said or {}
    whole = "".join(differently.get(part.name, part.text) if part.is_free else part.text for part in parts_of(body))
    return Letter(_filled(subject, known), _filled(whole, known))


def first_name(name: str) -> str:
    """What a person is called by: the first word of the name, or what follows the comma in `Sommer, Birgit`."""
    given = name.partition(",")[2] if "," in name else name
    return next(iter(given.split()), "")


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda found: known.get(found[1], "") or (found[2] or "").strip(), text)


def _expect_length(field: str, text: str, longest: int) -> None:
    if not text.strip() or len(text) > longest or "\0" in text:
        raise LetterError(
            field, f"The {field} is empty or too long.", remedy=f"Write between 1 and {longest:,} characters."
        )


def _expect_fields(field: str, text: str) -> None:
    rest = _FIELD.sub("", text)
    unknown = [found[1] for found in _FIELD.finditer(text) if found[1] not in FIELDS]
    if unknown or "{" in rest or "}" in rest:
        what = f"There is no {{{unknown[0]}}}" if unknown else "A brace is not closed"
        remedy = f"Use {', '.join(f'{{{name}}}' for name in FIELDS)}, as {{first_name|there}}."
        raise LetterError(field, f"{what} in the {field}.", remedy=remedy)


def _expect_allowed(field: str, text: str, must_not_say: Sequence[str]) -> None:
    said = next((words for words in must_not_say if words.casefold() in text.casefold()), None)
    if said is not None:
        raise LetterError(
            field, f"The {field} says “{said}”, which the agreement rules out.", remedy="Say it in other words."
        )
