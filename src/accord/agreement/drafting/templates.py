"""The templates that a first agreement can begin from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord.agreement.drafting.kinds import Column, Rows, Whole
from accord.agreement.drafting.questions import (
    ANSWERING,
    COMPANY,
    COUNTRIES,
    DEPUTY,
    HOURS,
    INTEREST,
    LINE,
    NAME,
    NOT_NOW,
    OWN_CALENDAR,
    PEOPLE,
    PLAN,
    PROMISES,
    SHIELD,
    SIGNING,
    STARTING,
    WHOM,
    Question,
    Section,
    teams,
)
from accord.agreement.mistake import listed, nearest
from accord.facts.errors import AccordError


@dataclass(frozen=True, slots=True)
class Template:
    """A way to share out leads, and the questions that lead to an agreement about it."""

    name: str
    title: str
    sentence: str
    fits: str
    sections: tuple[Section, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question in the order in which it is asked."""
        return tuple(question for section in self.sections for question in section.questions)

    def question(self, key: str) -> Question:
        """One question by its key. Raises KeyError."""
        return {question.key: question for question in self.questions}[key]

    def as_json(self) -> dict[str, object]:
        """Plain values, for `--json`."""
        return {"name": self.name, "title": self.title, "sentence": self.sentence, "fits": self.fits}


def _template(name: str, title: str, sentence: str, fits: str, who: Section) -> Template:
    sections = (
        COMPANY, SIGNING, who, HOURS, WHOM, INTEREST, LINE, ANSWERING, NOT_NOW, SHIELD, PROMISES, STARTING, PLAN,
    )  # fmt: skip
    return Template(name, title, sentence, fits, sections)


ONE_TEAM, BY_COUNTRY, LARGE_ACCOUNTS = "one-team", "by-country", "large-accounts"
TEMPLATES: Mapping[str, Template] = {
    each.name: each
    for each in (
        _template(
            ONE_TEAM,
            "One sales team",
            "One team takes every lead, in turn.",
            "Fits a company with up to a dozen reps in one place.",
            teams(
                Rows(
                    (NAME, PEOPLE, DEPUTY),
                    "team",
                    labels=("Sales",),
                    example="[{name: sales, people: [tomas, sara], deputy: sam}]",
                ),
                "One team takes every lead. Its hours are those of the company.",
            ),
        ),
        _template(
            BY_COUNTRY,
            "Sales teams by country",
            "Each team takes the leads of its countries; one team takes all others.",
            "Fits a company whose reps sell in the language and in the hours of their customers.",
            teams(
                Rows(
                    (
                        NAME,
                        PEOPLE,
                        DEPUTY,
                        Column("countries", "Countries", COUNTRIES, optional=True, hint="Left open, all others."),
                        *OWN_CALENDAR,
                    ),
                    "team",
                    least=2,
                    example="[{name: dach, people: [tomas], countries: [DE, AT, CH]}, {name: world, people: [amy]}]",
                ),
                "Each team takes the leads of its countries. One team names no country: it takes the leads from "
                "everywhere else, and those whose country is not known.",
            ),
        ),
        _template(
            LARGE_ACCOUNTS,
            "Large accounts apart",
            "One team takes the large companies, another all others.",
            "Fits a company where large customers buy differently and need their own people.",
            teams(
                Rows(
                    (NAME, PEOPLE, DEPUTY, *OWN_CALENDAR),
                    "team",
                    labels=("Large accounts", "Everybody else"),
                    example="[{name: enterprise, people: [ada, ines]}, {name: sales, people: [tomas, sara]}]",
                ),
                "The first team takes companies from a size on, the second all others and those whose size is not "
                "known.",
                Question(
                    "large_from",
                    "From how many employees on is a company large?",
                    "Both teams should know without asking whose lead it is.",
                    Whole(2, 10_000_000, "employees"),
                    1_000,
                ),
            ),
        ),
    )
}


def template(name: str) -> Template:
    """A template by its name. Raises AccordError."""
    if name not in TEMPLATES:
        near = nearest(name, TEMPLATES)
        remedy = f"Is {near} meant?" if near else f"There are {listed(TEMPLATES)}."
        raise AccordError(f"There is no template {name[:60]!r}.", remedy=remedy)
    return TEMPLATES[name]
