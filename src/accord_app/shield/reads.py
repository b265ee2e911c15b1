"""What the pages of the shield show, as frozen values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accord_app.ledger.reads import Version, version_of, versions
from accord_app.members.models import User
from accord_app.records.models import Person
from accord_app.records.reads import owners, people_names
from accord_app.shield import wording
from accord_app.shield.asking import MAIL, NoAgreementError, Question, Verdict, may_contact
from accord_app.shield.asking import in_force as version_at
from accord_app.shield.inquiring import Answer, Answered
from accord_app.shield.models import Inquiry, Override
from accord_app.shield.overriding import can_be_let_through, is_owner, owners_of

SHOWN, NEWEST = 50, 20
PURPOSES = {MAIL: "Marketing mail", "sales.call": "Sales calls"}
COLUMNS = ("line", "person_id", "name", "email", "may_be_written_to", "reason", "clause", "sentence", "until")


@dataclass(frozen=True, slots=True)
class HeldRow:
    """Somebody who is held back, until when, and whom to ask."""

    person_id: str
    name: str
    owners: str
    until: datetime | None
    is_known: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Everybody whom one clause holds back; of many the first are shown."""

    clause: str
    words: str
    sentence: str
    count: int
    rows: tuple[HeldRow, ...]
    further: int


@dataclass(frozen=True, slots=True)
class Check:
    """A list that was checked: what came of it, clause by clause."""

    number: int
    finding: str
    free: int
    people: int
    held: int
    again: int  # rows that name somebody once more
    by: str
    at: datetime
    purpose: str
    side: str
    message: str
    version: int
    groups: tuple[Group, ...]
    refused: tuple[tuple[int, str, str], ...]
    further_refused: int


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check in the list of checks."""

    number: int
    finding: str
    people: int
    by: str
    at: datetime
    purpose: str


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """An override: for what, until when, by whom and why, and whether it still counts."""

    number: int
    purpose: str
    until: datetime
    reason: str
    sentence: str
    by: str
    at: datetime
    is_open: bool
    taken_back: str
    may_take_back: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether marketing may mail a person now, and whom owners let through."""

    verdict: Verdict
    words: str
    sentence: str
    owners: str
    overrides: tuple[OverrideRow, ...]
    may_let_through: bool


def purpose_words(purpose: str) -> str:
    """`Marketing mail`."""
    return PURPOSES.get(purpose, purpose.replace(".", " ").replace("_", " ").capitalize())


def purposes(at: datetime) -> list[tuple[str, str]]:
    """Purposes that can be asked about: those of the agreement, and marketing mail."""
    try:
        named = version_at(at).agreement.contact.consent
    except NoAgreementError:
        named = {}
    return [(each, purpose_words(each)) for each in dict.fromkeys([MAIL, *named])]


def check(answered: Answered) -> Check:
    """What a check shows."""
    inquiry = answered.inquiry
    version = version_of(inquiry.version)
    held: dict[str, dict[str, Answer]] = defaultdict(dict)
    for each in answered.answers:
        if each.verdict.clause:
            held[each.verdict.clause].setdefault(each.person_id, each)
    shown = [each for some in held.values() for each in list(some.values())[:SHOWN]]
    names, owned = people_names({each.person_id for each in shown}), _owners({each.person_id for each in shown})
    groups = [_group(version, clause, list(some.values()), names, owned) for clause, some in held.items()]
    return Check(
        number=inquiry.pk,
        finding=_finding(version, inquiry),
        free=inquiry.people - inquiry.held,
        people=inquiry.people,
        held=inquiry.held,
        again=len(answered.answers) - inquiry.people,
        by=_by(inquiry, owners([inquiry.by])),
        at=inquiry.at,
        purpose=purpose_words(inquiry.purpose),
        side=inquiry.get_side_display(),
        message=inquiry.message,
        version=inquiry.version,
        groups=tuple(sorted(groups, key=lambda group: (-group.count, group.clause))),
        refused=tuple((each.index, each.problem, each.remedy) for each in answered.refused[:SHOWN]),
        further_refused=max(len(answered.refused) - SHOWN, 0),
    )


def _finding(version: Version | None, inquiry: Inquiry) -> str:
    return wording.summed(version, inquiry.counts) if version else f"{inquiry.held} held back"


def _by(inquiry: Inquiry, names: Mapping[str, str]) -> str:
    return f"the program {inquiry.by}" if inquiry.is_program else names.get(inquiry.by, inquiry.by)


def _group(
    version: Version | None, clause: str, some: Sequence[Answer], names: Mapping[str, str], owned: Mapping[str, str]
) -> Group:
    rows = tuple(
        HeldRow(each.person_id, names.get(each.person_id, ""), owned.get(each.person_id, ""), each.verdict.until,
                each.person_id in names)
        for each in some[:SHOWN]
    )  # fmt: skip
    words = wording.words(version, clause) if version else clause
    said = wording.sentence(version, clause) if version else ""
    return Group(clause, words, said, len(some), rows, len(some) - len(rows))


def _owners(people: Collection[str]) -> dict[str, str]:
    """Owners by name, for each person."""
    held = owners_of(people)
    names = owners({handle for some in held.values() for handle in some})
    return {person: ", ".join(sorted(names[handle] for handle in some)) for person, some in held.items()}


def newest() -> tuple[CheckRow, ...]:
    """The latest checks of lists by people; programs ask all the time."""
    found = list(Inquiry.objects.filter(is_program=False).defer("answers").order_by("-at", "-id")[:NEWEST])
    names = owners([each.by for each in found])
    by_number = {each.version: each for each in versions()}
    return tuple(
        CheckRow(
            each.pk, _finding(by_number.get(each.version), each), each.people, _by(each, names), each.at,
            purpose_words(each.purpose),
        )
        for each in found
    )  # fmt: skip


def csv_rows(answered: Answered, which: str) -> Iterator[tuple[object, ...]]:
    """The rows of a check as a file: `free` for those who may be written to, `held` for the others, or all."""
    version = version_of(answered.inquiry.version)
    chosen = [
        each for each in answered.answers if which not in ("free", "held") or each.verdict.may is (which == "free")
    ]
    people = {}
    for start in range(0, len(chosen), 1_000):
        people.update(Person.objects.in_bulk({each.person_id for each in chosen[start : start + 1_000]}))
    words, said = {}, {}
    for clause in {each.verdict.clause for each in chosen if each.verdict.clause}:
        words[clause] = wording.words(version, clause) if version else ""
        said[clause] = wording.sentence(version, clause) if version else ""
    for each in chosen:
        person, clause = people.get(each.person_id), each.verdict.clause or ""
        yield (
            each.index, each.person_id, person.name if person else "", person.email if person else "",
            each.verdict.may, words.get(clause, ""), clause, said.get(clause, ""), each.verdict.until,
        )  # fmt: skip


def standing(person: Person, viewer: User, *, at: datetime) -> Standing | None:
    """How a person stands towards marketing mail now; None before an agreement is in force."""
    try:
        version = version_at(at)
    except NoAgreementError:
        return None
    verdict = may_contact([person.pk], Question(), at=at)[person.pk]
    may_decide = is_owner(viewer, person.pk)
    return Standing(
        verdict=verdict,
        words=wording.words(version, verdict.clause) if verdict.clause else "",
        sentence=wording.sentence(version, verdict.clause) if verdict.clause else "",
        owners=_owners([person.pk]).get(person.pk, ""),
        overrides=_overrides(person.pk, viewer, may_decide=may_decide, at=at),
        may_let_through=may_decide and can_be_let_through(verdict.clause),
    )


def _overrides(person_id: str, viewer: User, *, may_decide: bool, at: datetime) -> tuple[OverrideRow, ...]:
    given = Override.objects.filter(person_id=person_id).select_related("taken_back").order_by("-at", "-id")[:NEWEST]
    found = [(each, getattr(each, "taken_back", None)) for each in given]
    names = owners([handle for each, back in found for handle in (each.by, back.by if back else each.by)])
    by_number = {each.version: each for each in versions()}
    return tuple(
        OverrideRow(
            number=each.pk,
            purpose=purpose_words(each.purpose),
            until=each.until,
            reason=each.reason,
            sentence=wording.words(by_number[each.version], each.clause) if each.version in by_number else "",
            by=names[each.by],
            at=each.at,
            is_open=back is None and each.until > at,
            taken_back=names[back.by] if back else "",
            may_take_back=back is None and each.until > at and (may_decide or each.by == viewer.handle),
        )
        for each, back in found
    )
