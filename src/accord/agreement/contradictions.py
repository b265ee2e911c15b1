"""Clauses of an agreement that make each other pointless, each well formed on its own."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from accord.agreement.calendar import SECONDS
from accord.agreement.clock import Calendar, Duration
from accord.agreement.document import Agreement, Card, Method, Promise, RouteRule, Within
from accord.agreement.finding import Finding, Known, Rule, contradiction, mistake, notice
from accord.agreement.mistake import MistakeKind, listed, nearest
from accord.agreement.predicate import asked_for, columns_of, least
from accord.facts.lead_view import DEAL_COLUMNS

COUNTED_DAYS = 7  # over which the lead view counts mails
SLACK_DAYS = 4  # public holidays that may stretch a limit beyond its plain number of weeks
SINCE_OFFER = re.compile(r"(days|hours)_since_(offer|handoff|offered)")


def _empty_teams(agreement: Agreement, _: Known) -> Iterator[Finding]:
    used = {rule.team for rule in agreement.routing.rules}
    for name, team in agreement.teams.items():
        if not team.people:
            yield contradiction(
                f"teams.{name}.people", "nobody", "at least one handle", "a team without people can answer nothing."
            )
        elif agreement.routing.rules and name not in used:
            yield notice(f"teams.{name}", f"'{name}'", "no routing rule hands anything to this team.")
        if team.deputy and team.deputy in team.people:
            yield notice(f"teams.{name}.deputy", f"'{team.deputy}'", f"{team.deputy} is in the team already.")


def _hours_of_people(agreement: Agreement, _: Known) -> Iterator[Finding]:
    read = {rule.team for rule in agreement.routing.rules if rule.in_hours}
    for name, team in agreement.teams.items():
        for person in team.hours:
            path = f"teams.{name}.hours.{person}"
            if person not in team.people:
                near, allowed = nearest(person, team.people), listed(team.people, "or") or "nobody"
                hint = f" Did you mean {near}?" if near else ""
                message = f"hours of nobody: {person} is not in the team {name}; allowed is {allowed}.{hint}"
                yield contradiction(path, f"'{person}'", allowed, message, near, (f"teams.{name}.people",))
            elif name not in read:
                yield notice(
                    path, f"'{person}'", f"no routing rule of {name} has `in_hours: true`, so nothing reads them."
                )
    for index, rule in enumerate(agreement.routing.rules):
        if rule.in_hours and rule.team in agreement.teams and not agreement.teams[rule.team].hours:
            message = f"everybody in {rule.team} keeps the team's hours, so this changes nothing."
            yield notice(f"routing.rules[{index}].in_hours", "true", message)


def _weights(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for index, rule in enumerate(agreement.routing.rules):
        path = f"routing.rules[{index}].weights"
        team = agreement.teams.get(rule.team)
        yield from _weights_of(path, rule, team.people if team else None)


def _weights_of(path: str, rule: RouteRule, people: tuple[str, ...] | None) -> Iterator[Finding]:
    if rule.method is Method.WEIGHTED and not any(rule.weights.values()):
        yield contradiction(
            path, "no weight above 0", "a weight above 0 for somebody", "the weights leave nobody to hand over to."
        )
    if rule.method is not Method.WEIGHTED and rule.weights:
        message = f"weights have no effect on {rule.method.value}; write `method: weighted`."
        yield contradiction(path, rule.method.value, "weighted", message)
    for name in rule.weights if people is not None else ():
        if people is not None and name not in people:
            near = nearest(name, people)
            hint = f" Did you mean {near}?" if near else ""
            allowed = listed(people, "or") or "nobody"
            message = f"a weight for nobody: {name} is not in the team {rule.team}; allowed is {allowed}.{hint}"
            yield contradiction(f"{path}.{name}", f"'{name}'", allowed, message, near, (f"teams.{rule.team}.people",))
    for name in people if people and rule.weights else ():
        if name not in rule.weights:
            yield notice(
                path, f"no weight for '{name}'", f"{name} of {rule.team} has no weight and gets nothing by this rule."
            )


def _parents_of_nobody(agreement: Agreement, _: Known) -> Iterator[Finding]:
    if agreement.routing.including_parent and not agreement.routing.owner_first:
        message = "without `owner_first: true` no owner of an account is asked, and so none of the account above it."
        yield notice("routing.including_parent", "true", message)


def _family_without_deals(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for n, shield in enumerate(agreement.contact.shield):
        if shield.including_family and not any(column.name in shield.when for column in DEAL_COLUMNS):
            message = "the condition does not speak of deals, and of accounts above and below only the deals count."
            yield notice(f"contact.shield[{n}].including_family", "true", message)


def _unreachable_rules(agreement: Agreement, _: Known) -> Iterator[Finding]:
    rules = agreement.routing.rules
    yield from _after_catch_all("routing.rules", [rule.when for rule in rules])
    if not rules:
        yield notice("routing", "no rule", "without a rule every qualified lead stays unowned.")
    elif all(rule.when for rule in rules):
        message = "no rule takes all; a lead that fits none of them stays unowned. Add a last rule without `when`."
        yield notice("routing.rules", "no rule without `when`", message)
    limits = agreement.response
    for name, several in (("answer", limits.answer), ("first_touch", limits.first_touch), ("outcome", limits.outcome)):
        yield from _after_catch_all(f"response.{name}", [limit.when for limit in several])
        if several and all(limit.when for limit in several):
            message = "no limit takes all; for a lead that fits none of them no clock runs."
            yield notice(f"response.{name}", "no limit without `when`", message)


def _after_catch_all(path: str, conditions: list[str | None]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, condition in enumerate(conditions):
        words = " ".join((condition or "").split()).casefold()
        before = first.get("", first.get(words))
        if before is not None:
            taken = "all" if not conditions[before] else "the same leads"
            message = f"can never be reached, because {path}[{before}] takes {taken}."
            yield contradiction(
                f"{path}[{index}]", "an entry out of reach", "entries from the narrow to the wide", message
            )
        first.setdefault(words, index)


def _bands(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for name, card in agreement.cards.items():
        path = f"cards.{name}.bands"
        for (upper, line), (lower, next_line) in pairwise(card.bands):
            if next_line >= line:
                message = (
                    f"{lower} begins at {next_line:g} and {upper} at {line:g}; bands run from the highest line down."
                )
                yield contradiction(f"{path}.{lower}", f"{next_line:g}", f"a number below {line:g}", message)
        if card.bands and min(line for _, line in card.bands) > 0:
            lowest = min(line for _, line in card.bands)
            message = f"a lead with fewer than {lowest:g} points has no band; the last band begins at 0."
            yield contradiction(path, f"{lowest:g}", "0 for the last band", message)
        most = most_points(card)
        for band, line in card.bands:
            if line > most:
                message = f"band {band} begins at {line:g}, and the card gives at most {most:g} points."
                yield contradiction(f"{path}.{band}", f"{line:g}", f"{most:g} or less", message)


def most_fit(card: Card) -> float:
    """The most points for fit. A person has one persona; other rows are taken as if they could all be true."""
    by_persona: dict[str, float] = {}
    together = 0.0
    for row in card.fit:
        persona = asked_for(row.when, "persona")
        if persona is None:
            together += max(row.points, 0)
        else:
            by_persona[persona] = by_persona.get(persona, 0) + max(row.points, 0)
    return together + max(by_persona.values(), default=0)


def most_points(card: Card) -> float:
    """The most points that a card can give; infinite when a row of intent has no ceiling."""
    intent = sum(math.inf if row.at_most is None else row.at_most for row in card.intent if row.points > 0)
    return most_fit(card) + intent


def _score_line(agreement: Agreement, _: Known) -> Iterator[Finding]:
    score = agreement.qualification.score
    card = agreement.cards.get(score.card) if score else None
    if score is None or card is None:
        return
    path, most = "qualification.score", most_points(card)
    if score.at_least > most:
        message = f"nobody can reach {score.at_least:g} points, because the card {card.name} gives at most {most:g}."
        yield contradiction(f"{path}.at_least", f"{score.at_least:g}", f"{most:g} or less", message)
    if score.fit_at_least is not None and score.fit_at_least > most_fit(card):
        message = (
            f"nobody can reach {score.fit_at_least:g} points for fit; {card.name} gives at most {most_fit(card):g}."
        )
        yield contradiction(f"{path}.fit_at_least", f"{score.fit_at_least:g}", f"{most_fit(card):g} or less", message)


def _ceilings(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for name, card in agreement.cards.items():
        for index, row in enumerate(card.intent):
            path = f"cards.{name}.intent[{index}]"
            if row.at_most is not None and 0 < row.at_most < row.points:
                message = f"one touch gives {row.points:g} points and all together at most {row.at_most:g}."
                yield contradiction(f"{path}.at_most", f"{row.at_most:g}", f"{row.points:g} or more", message)
            if row.half_life is not None and not row.half_life.amount:
                yield mistake(
                    f"{path}.half_life", str(row.half_life), "a duration above zero", "points cannot halve at once."
                )


def _explore(agreement: Agreement, _: Known) -> Iterator[Finding]:
    if agreement.explore is None:
        return
    if agreement.qualification.score is None:
        message = "there is no score line to explore below; add qualification.score."
        yield contradiction(
            "explore", "no score line", "an agreement with qualification.score", message, also=("qualification.score",)
        )
    elif not agreement.explore.share:
        yield notice("explore.share", "0", "a share of 0 explores nothing.")


def seconds(duration: Duration, calendar: Calendar) -> float:
    """Open seconds of a business duration; a working day has the average length of the calendar's open days."""
    if duration.unit != "d":
        return duration.amount * SECONDS[duration.unit]
    lengths = [sum(closes - opens for opens, closes in windows) for windows in calendar.hours.values() if windows]
    return duration.amount * sum(lengths) / len(lengths)


def _shorter(one: Duration, other: Duration, calendar: Calendar) -> bool:
    if one.unit == other.unit:
        return one.amount < other.amount
    return seconds(one, calendar) < seconds(other, calendar)


def _limits(agreement: Agreement, _: Known) -> Iterator[Finding]:
    response = agreement.response
    earlier = [("answer", limit.within, "response.answer") for limit in response.answer]
    earlier += [("first touch", limit.within, "response.first_touch") for limit in response.first_touch]
    for index, outcome in enumerate(response.outcome):
        for name, limit, where in earlier:
            if _shorter(outcome.within, limit, agreement.calendar):
                message = f"the outcome is due after {outcome.within}, before the {name} ({limit})."
                allowed = f"{limit} or longer"
                path = f"response.outcome[{index}].within"
                yield contradiction(path, str(outcome.within), allowed, message, also=(where, "response.outcome"))
    yield from _attempts_against_outcome(agreement)
    if response.on_breach and not response.answer:
        message = "the steps run after the answer clock, and no answer is agreed; add response.answer."
        yield contradiction(
            "response.on_breach", "no answer clock", "response.answer", message, also=("response.answer",)
        )


def _attempts_against_outcome(agreement: Agreement) -> Iterator[Finding]:
    attempts = agreement.response.attempts
    for index, outcome in enumerate(agreement.response.outcome):
        if attempts and _shorter(outcome.within, attempts.within, agreement.calendar):
            message = f"the outcome is due after {outcome.within}, while the attempts may take {attempts.within}."
            allowed = f"{attempts.within} or longer"
            path, also = f"response.outcome[{index}].within", ("response.attempts", "response.outcome")
            yield contradiction(path, str(outcome.within), allowed, message, also=also)


def _no_time(agreement: Agreement, _: Known) -> Iterator[Finding]:
    response, answers, contact = agreement.response, agreement.answers, agreement.contact
    durations: list[tuple[str, Duration | None]] = []
    several: tuple[tuple[str, tuple[Within, ...]], ...] = (
        ("answer", response.answer),
        ("first_touch", response.first_touch),
        ("outcome", response.outcome),
    )
    for name, limits in several:
        durations += [(f"response.{name}[{index}].within", limit.within) for index, limit in enumerate(limits)]
    durations += [("response.attempts.within", response.attempts.within)] if response.attempts else []
    durations += [("answers.reply.within", answers.reply.within)] if answers.reply else []
    durations += [("answers.second_look.within", answers.second_look.within)] if answers.second_look else []
    durations += [(f"contact.frequency[{index}].per", each.per) for index, each in enumerate(contact.frequency)]
    for path, duration in durations:
        if duration is not None and not duration.amount:
            yield mistake(path, str(duration), "a duration above zero", f"{duration} leaves no time at all.")


LATE = ("response.attempts", "response.outcome")


def _late_reasons(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for index, reason in enumerate(agreement.answers.reject):
        if reason.check:
            path = f"answers.reject[{index}].check"
            yield from _needs_attempts(agreement, path, reason.code, reason.check)
            yield from _needs_time(agreement, path, reason.code, reason.check)


def _needs_attempts(agreement: Agreement, path: str, code: str, check: str) -> Iterator[Finding]:
    attempts, needed = agreement.response.attempts, least(check, "attempts")
    if attempts is None or needed is None:
        return
    if needed > attempts.at_least:
        message = (
            f"'{code}' needs {needed:g} attempts, and response.attempts asks for {attempts.at_least}: "
            "whoever keeps that is contradicted."
        )
        yield contradiction(path, f"{needed:g} attempts", f"{attempts.at_least} or fewer", message, also=LATE)
    limits = [limit.within for limit in agreement.response.outcome]
    if limits and all(_shorter(limit, attempts.within, agreement.calendar) for limit in limits):
        longest = max(limits, key=lambda limit: seconds(limit, agreement.calendar))
        message = (
            f"'{code}' can only be given after the clock ran out: its attempts may take {attempts.within}, "
            f"and the outcome is due after {longest}."
        )
        yield contradiction(path, f"attempts within {attempts.within}", f"within {longest} or less", message, also=LATE)


def _needs_time(agreement: Agreement, path: str, code: str, check: str) -> Iterator[Finding]:
    limits = [limit.within for limit in agreement.response.outcome]
    if not limits:
        return
    days_allowed = max(_wall_days(limit, agreement.calendar) for limit in limits)
    for column in sorted(columns_of(check)):
        measured, needed = SINCE_OFFER.fullmatch(column), least(check, column)
        if measured is None or needed is None:
            continue
        days = needed if measured[1] == "days" else needed / 24
        if days > days_allowed:
            longest = listed(map(str, limits), "or")
            message = (
                f"'{code}' can only be given after the clock ran out: it needs {needed:g} {measured[1]}, "
                f"and the outcome is due after {longest}."
            )
            found, allowed = f"{needed:g} {measured[1]}", f"what fits into {longest}"
            yield contradiction(path, found, allowed, message, also=("response.outcome",))


def _wall_days(duration: Duration, calendar: Calendar) -> float:
    """At most how many days of wall time a business duration takes, holidays allowed for."""
    open_days = sum(1 for windows in calendar.hours.values() if windows)
    week = sum(closes - opens for windows in calendar.hours.values() for opens, closes in windows)
    weeks = duration.amount / open_days if duration.unit == "d" else seconds(duration, calendar) / week
    return weeks * 7 + SLACK_DAYS


def _never_back(agreement: Agreement, _: Known) -> Iterator[Finding]:
    for index, reason in enumerate(agreement.answers.recycle):
        if reason.returns is None:
            message = f"'{reason.code}' has no `return`; a lead recycled with it never comes back by itself."
            yield notice(f"answers.recycle[{index}]", "no `return`", message)


NEEDED: Mapping[str, tuple[str, Callable[[Agreement], bool]]] = {
    "answered_in_time": ("response.answer", lambda agreement: bool(agreement.response.answer)),
    "first_touch_in_time": ("response.first_touch", lambda agreement: bool(agreement.response.first_touch)),
    "attempts_made": ("response.attempts", lambda agreement: agreement.response.attempts is not None),
    "replied_in_time": ("answers.reply", lambda agreement: agreement.answers.reply is not None),
    "rejections_not_contradicted": (
        "answers.reject",
        lambda agreement: any(reason.check for reason in agreement.answers.reject),
    ),
    "reviews_held": ("review.meeting", lambda agreement: agreement.review.meeting is not None),
    "plan_agreed_before_start": ("plan", lambda agreement: bool(agreement.plan)),
    "completeness_rate": ("qualification.requires", lambda agreement: agreement.qualification.requires is not None),
}
SHARES = re.compile(r".*_(rate|in_time|made|held|start|contradicted)")


def is_share(metric: str, known: Known) -> bool:
    """Whether a metric is a share, so that a target above 1 cannot be met."""
    unit = getattr(known.metrics.get(metric), "unit", None)
    return str(unit) in {"share", "rate"} if unit is not None else bool(SHARES.fullmatch(metric))


def _promises(agreement: Agreement, known: Known) -> Iterator[Finding]:
    for index, promise in enumerate(agreement.promises):
        path = f"promises[{index}]"
        yield from _target(path, promise, known)
        needed, there = NEEDED.get(promise.metric, ("", lambda _: True))
        if not there(agreement):
            message = (
                f"{promise.metric} measures {needed}, which is not agreed; the promise '{promise.id}' means nothing."
            )
            yield contradiction(
                f"{path}.metric", f"'{promise.metric}'", f"an agreement with {needed}", message, also=(needed,)
            )


def _target(path: str, promise: Promise, known: Known) -> Iterator[Finding]:
    targets = {"at_least": promise.at_least, "at_most": promise.at_most}
    given = {key: target for key, target in targets.items() if target is not None}
    if len(given) != 1:
        found = "no target" if not given else "two targets"
        yield mistake(
            path,
            found,
            "one of at_least and at_most",
            f"'{promise.id}' has {found}; allowed is one of at_least and at_most.",
        )
    for key, target in given.items():
        if target < 0 or (target > 1 and is_share(promise.metric, known)):
            never = "reached" if key == "at_least" else "exceeded"
            message = f"{promise.metric} is a share; {target:g} can never be {never}. Write 0.9 for 90 %."
            yield contradiction(f"{path}.{key}", f"{target:g}", "a share from 0 to 1", message)


def _plan(agreement: Agreement, known: Known) -> Iterator[Finding]:
    for period, plan in agreement.plan.items():
        for metric, number in plan.items():
            if number < 0 or (number > 1 and is_share(metric, known)):
                allowed = "a share from 0 to 1" if is_share(metric, known) else "0 or more"
                yield contradiction(
                    f"plan.{period}.{metric}",
                    f"{number:g}",
                    allowed,
                    f"{number:g} can never be reached; allowed is {allowed}.",
                )


def _incentive(agreement: Agreement, _: Known) -> Iterator[Finding]:
    incentive = agreement.incentive
    if incentive is None:
        return
    total = sum(incentive.split.values())
    if abs(total - 1) > 1e-6:
        yield contradiction(
            "incentive.split", f"{total:g} in all", "parts that sum to 1", f"the parts sum to {total:g}, not to 1."
        )
    steps = [(key, incentive.pays[key]) for key in ("from", "full_at", "cap") if key in incentive.pays]
    for (key, low), (next_key, high) in pairwise(steps):
        if high < low:
            message = f"{next_key} ({high:g}) lies below {key} ({low:g})."
            yield contradiction(f"incentive.pays.{next_key}", f"{high:g}", f"{low:g} or more", message)
    if incentive.pays.get("share", 0) > 1:
        yield contradiction(
            "incentive.pays.share",
            f"{incentive.pays['share']:g}",
            "1 or less",
            "more than the whole pool would be paid.",
        )
    if agreement.plan and not any(incentive.metric in plan for plan in agreement.plan.values()):
        message = f"{incentive.metric} is paid for, and no plan names a target for it."
        yield contradiction(
            "incentive.metric", f"'{incentive.metric}'", "a metric of the plan", message, also=("plan",)
        )


def _frequencies(agreement: Agreement, _: Known) -> Iterator[Finding]:
    groups = Counter((each.side, str(each.per)) for each in agreement.contact.frequency)
    for (side, per), number in groups.items():
        if number > 1:
            yield notice(
                "contact.frequency", f"{number} entries", f"{number} limits for {side} per {per}; the lowest counts."
            )
    for index, each in enumerate(agreement.contact.frequency):
        if each.per.amount and each.per.wall().days != COUNTED_DAYS:
            path = f"contact.frequency[{index}].per"
            message = f"{path} is not yet enforced. Mails are counted over {COUNTED_DAYS} days, not over {each.per}."
            yield Finding(path, str(each.per), f"{COUNTED_DAYS}d", message, kind=MistakeKind.NOT_YET_ENFORCED)


RULES: tuple[Rule, ...] = (
    Rule(_empty_teams),
    Rule(_weights),
    Rule(_hours_of_people),
    Rule(_unreachable_rules, ("routing.rules",)),
    Rule(_parents_of_nobody),
    Rule(_family_without_deals),
    Rule(_bands),
    Rule(_score_line, ("cards",)),
    Rule(_ceilings),
    Rule(_explore),
    Rule(_limits, ("calendar",)),
    Rule(_no_time),
    Rule(_late_reasons, ("calendar",)),
    Rule(_never_back),
    Rule(_promises),
    Rule(_plan),
    Rule(_incentive),
    Rule(_frequencies),
)
