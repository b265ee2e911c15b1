"""Names in an agreement: each must stand for something, and for one thing only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from accord.agreement.document import Act, Agreement
from accord.agreement.finding import JUDGED, Finding, Known, Rule, conditions, mistake, notice, unknown
from accord.agreement.mistake import listed, nearest
from accord.agreement.predicate import compared
from accord.agreement.recurrence import RecurrenceError, occurrences

PERIODS = re.compile(r"[0-9]{4}(-(Q[1-4]|H[12]|0[1-9]|1[0-2]))?")


def handles(agreement: Agreement) -> set[str]:
    """Everybody with a role, a team or a signature."""
    signing = agreement.signatories
    people = {*signing.marketing, *signing.sales, *(name for names in signing.deputies.values() for name in names)}
    people |= {role.owner for role in agreement.roles}
    for team in agreement.teams.values():
        people |= {*team.people, *([team.deputy] if team.deputy else [])}
    return people


def _teams(agreement: Agreement, _: Known) -> Iterator[Finding]:
    named = [(f"routing.rules[{index}].team", rule.team) for index, rule in enumerate(agreement.routing.rules)]
    named += [(f"capacity.{team}", team) for team in agreement.capacity]
    for path, team in named:
        if team and team not in agreement.teams:
            allowed = listed(agreement.teams, "or") or "none"
            yield unknown(path, team, "team", allowed, nearest(team, agreement.teams), f"teams.{team}")


def _cards(agreement: Agreement, _: Known) -> Iterator[Finding]:
    score = agreement.qualification.score
    if score and score.card and score.card not in agreement.cards:
        allowed = listed(agreement.cards, "or") or "none, as there are no cards"
        near = nearest(score.card, agreement.cards)
        yield unknown("qualification.score.card", score.card, "card", allowed, near, f"cards.{score.card}")


def _metrics(agreement: Agreement, known: Known) -> Iterator[Finding]:
    named = [(f"promises[{index}].metric", promise.metric) for index, promise in enumerate(agreement.promises)]
    named += [(f"plan.{period}.{metric}", metric) for period, plan in agreement.plan.items() for metric in plan]
    named += [("incentive.metric", agreement.incentive.metric)] if agreement.incentive else []
    for path, metric in named:
        if metric and metric not in known.metrics:
            allowed = listed(sorted(known.metrics), "or")
            yield unknown(path, metric, "metric", allowed, nearest(metric, known.metrics))


def _fields(agreement: Agreement, known: Known) -> Iterator[Finding]:
    requires = agreement.qualification.requires
    for index, name in enumerate(requires.fields if requires else ()):
        stated = [column for column in known.columns if column not in JUDGED]
        if name and name not in stated:
            path = f"qualification.requires.fields[{index}]"
            yield unknown(path, name, "column", "a column that `accord columns` lists", nearest(name, stated))


def _compared_names(agreement: Agreement, _: Known) -> Iterator[Finding]:
    bands = {band for card in agreement.cards.values() for band, _ in card.bands}
    for column, names in (("persona", {persona.name for persona in agreement.personas}), ("band", bands)):
        allowed = listed(sorted(names), "or") or f"none, as there is no {column}"
        for where in conditions(agreement):
            for name in compared(where.text, column):
                if name not in names:
                    yield unknown(where.path, name, column, allowed, nearest(name, names))


def _people(agreement: Agreement, _: Known) -> Iterator[Finding]:
    known = handles(agreement)
    second = agreement.answers.second_look
    named = [(f"response.on_breach[{index}].to", step.to) for index, step in enumerate(agreement.response.on_breach)]
    named += [("answers.second_look.by", second.by)] if second else []
    for path, name in named:
        if name and name not in known:
            near = nearest(name, known)
            yield notice(
                path,
                f"'{name}'",
                f"{name} has no role, team or signature here{f'; did you mean {near}?' if near else '.'}",
            )


def _escalations(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for index, step in enumerate(agreement.response.on_breach):
        if step.do is Act.ESCALATE and step.to is None:
            path = f"response.on_breach[{index}]"
            yield mistake(path, "no `to`", "a handle", "an escalation needs somebody to go to; add `to`.")


def _twice(agreement: Agreement, _: Known) -> Iterator[Finding]:
    answers = agreement.answers
    yield from _repeated("promises", "id", (promise.id for promise in agreement.promises))
    yield from _repeated("personas", "name", (persona.name for persona in agreement.personas))
    yield from _repeated("answers.reject", "code", (reason.code for reason in answers.reject))
    yield from _repeated("answers.recycle", "code", (reason.code for reason in answers.recycle))
    both = {reason.code for reason in answers.reject if reason.code}
    for index, reason in enumerate(answers.recycle):
        if reason.code in both:
            path = f"answers.recycle[{index}].code"
            yield mistake(path, f"'{reason.code}'", "a code of its own", "the same code stands under reject.")
    for name, team in agreement.teams.items():
        yield from _repeated(f"teams.{name}.people", "", team.people)


def _repeated(path: str, key: str, names: Iterable[str]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name and name in seen:
            where = f"{path}[{index}]{f'.{key}' if key else ''}"
            yield mistake(
                where, f"'{name}'", "each name once", f"'{name}' stands twice; the first is {path}[{seen[name]}]."
            )
        seen.setdefault(name, index)


def _reasons(agreement: Agreement, _: Known) -> Iterator[Finding]:
    number = len(agreement.answers.reject)
    if number >= 12:
        message = f"there are {number} reasons; nobody chooses well among so many. Fewer than twelve are allowed."
        yield mistake("answers.reject", f"{number} reasons", "fewer than twelve", message)


def _signatories(agreement: Agreement, _: Known) -> Iterator[Finding]:
    signing = agreement.signatories
    for side, names in (("marketing", signing.marketing), ("sales", signing.sales)):
        if not names:
            message = f"nobody signs for {side}; a version is in force only with the signatures of both sides."
            yield mistake(f"signatories.{side}", "nobody", "at least one handle", message)
    for name in sorted(set(signing.marketing) & set(signing.sales)):
        yield notice("signatories", f"'{name}'", f"{name} signs for both sides.")


def _plan_periods(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for period in agreement.plan:
        if not PERIODS.fullmatch(period):
            near = _as_period(period)
            allowed = "a year, half, quarter or month such as 2027, 2027-H1, 2027-Q1 or 2027-03"
            hint = f" Did you mean {near}?" if near else ""
            message = f"plan: '{period}' is no period; allowed is {allowed}.{hint}"
            yield Finding(_plan(period), f"'{period}'", allowed, message, near)


def _plan(period: str) -> str:
    return f"plan.{period}" if re.fullmatch(r"[\w-]+", period) else f"plan[{period[:60]!r}]"


def _as_period(text: str) -> str | None:
    year, quarter = re.search(r"[0-9]{4}", text), re.search(r"[qQ]\s*([1-4])|([1-4])\s*[qQ]", text)
    if year is None:
        return None
    return f"{year[0]}-Q{quarter[1] or quarter[2]}" if quarter else None


def _recurrences(agreement: Agreement, _: Known) -> Iterator[Finding]:
    review = agreement.review
    for key, text in (("meeting", review.meeting), ("retune_score", review.retune_score), ("pulse", review.pulse)):
        reason = unreadable_recurrence(text) or _never_due(text, agreement) if text else None
        if reason:
            allowed = "an RRULE of RFC 5545 such as FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
            yield mistake(f"review.{key}", f"'{text}'", allowed, f"{reason}; allowed is {allowed}.")
    if review.meeting and review.starts is None:
        yield notice("review.meeting", f"'{review.meeting}'", "without `starts` nobody knows which week is the first.")


def _never_due(text: str, agreement: Agreement) -> str | None:
    starts = agreement.review.starts or agreement.in_force_from
    try:
        due = occurrences(text, starts, ZoneInfo(agreement.time_zone), starts)
    except RecurrenceError as error:
        return error.message.rstrip(".")
    return None if due else f"'{text}' never falls due"


PARTS = {
    "FREQ": r"YEARLY|MONTHLY|WEEKLY|DAILY",
    "INTERVAL": r"[1-9][0-9]{0,3}",
    "COUNT": r"[1-9][0-9]{0,4}",
    "UNTIL": r"[0-9]{8}(T[0-9]{6}Z?)?",
    "BYDAY": r"([+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU))(,[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU))*",
    "BYMONTHDAY": r"-?[0-9]{1,2}(,-?[0-9]{1,2})*",
    "BYMONTH": r"([1-9]|1[0-2])(,([1-9]|1[0-2]))*",
    "BYSETPOS": r"-?[0-9]{1,3}(,-?[0-9]{1,3})*",
    "BYHOUR": r"[0-9]{1,2}(,[0-9]{1,2})*",
    "BYMINUTE": r"[0-9]{1,2}(,[0-9]{1,2})*",
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
}


def unreadable_recurrence(text: str) -> str | None:
    """Why a text is no recurrence of RFC 5545 (the parts that a calendar of meetings needs), or None."""
    given: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name not in PARTS:
            near = nearest(name, PARTS)
            return f"'{name[:40]}' is not a part of a recurrence{f', did you mean {near}' if near else ''}"
        if name in given:
            return f"{name} stands twice"
        if not re.fullmatch(PARTS[name], value):
            return f"'{value[:40]}' is not allowed for {name}"
        given[name] = value
    if "FREQ" not in given:
        return "FREQ is missing"
    return "COUNT and UNTIL exclude each other" if {"COUNT", "UNTIL"} <= given.keys() else None


RULES: tuple[Rule, ...] = (
    Rule(_teams, ()),
    Rule(_cards),
    Rule(_metrics),
    Rule(_fields),
    Rule(_compared_names, ("personas", "cards")),
    Rule(_people, ("roles", "teams", "signatories")),
    Rule(_escalations),
    Rule(_twice),
    Rule(_reasons),
    Rule(_signatories),
    Rule(_plan_periods),
    Rule(_recurrences),
)
