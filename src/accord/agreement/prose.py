"""The readable articles of an agreement: what both teams sign, in sentences, with the quantities marked.

Each function writes the sentences of one article, and nothing that is not agreed; `ARTICLES` is their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from accord.agreement.calendar import WEEKDAYS, Calendar, Window
from accord.agreement.document import (
    OFFER_AGAIN,
    Act,
    Agreement,
    Breach,
    Card,
    Frequency,
    IntentRow,
    Method,
    Missing,
    Promise,
    RejectReason,
    RouteRule,
    Shield,
    Side,
    Within,
)
from accord.agreement.mistake import listed
from accord.agreement.words import (
    MANY,
    a_period,
    business,
    condition,
    figure,
    marked,
    name_of,
    people,
    plural,
    sentence,
    share,
    spelt,
    wall,
)

MARK = re.compile("⟦(.*?)⟧")
DAYS = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
CLOCKS = (
    "clocks start at the offer and run in the business time of the team; "
    "time without an owner is system time and nobody's miss"
)
NOUNS = {Side.MARKETING: "marketing", Side.SALES: "sales", Side.BOTH: "both teams", Side.LEADERSHIP: "leadership"}
WRITERS = {"marketing": "marketing", "sales": "sales", "any": "anybody"}


@dataclass(frozen=True, slots=True)
class Article:
    """One numbered article. `marked` is its text with quantities in ⟦⟧; `paths` are the clauses that it speaks of and
    `promises` the ids of the promises that are measured under it."""

    no: int
    title: str
    marked: str
    paths: tuple[str, ...]
    promises: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The sentences as plain text."""
        return MARK.sub(r"\1", self.marked)

    @property
    def marks(self) -> tuple[str, ...]:
        """The marked quantities, in reading order."""
        return tuple(MARK.findall(self.marked))

    def as_json(self) -> dict[str, object]:
        """Plain values for `--json`."""
        return {
            "no": self.no,
            "title": self.title,
            "text": self.text,
            "marks": list(self.marks),
            "paths": list(self.paths),
            "promises": list(self.promises),
        }


@dataclass(frozen=True, slots=True)
class Said:
    """What one writer has to say: the path that a sentence comes from, and the sentence. One that begins with a handle
    begins as that is written."""

    path: str
    text: str
    is_as_written: bool = False

    @property
    def sentence(self) -> str:
        """With a full stop, and a capital unless a handle stands first."""
        whole = sentence(self.text)
        return f"{self.text[:1]}{whole[1:]}" if self.is_as_written else whole


Writer = Callable[[Agreement], Iterator[Said]]


def articles(agreement: Agreement) -> tuple[Article, ...]:
    """The articles of an agreement, numbered from 1, without those of which it says nothing."""
    found: list[Article] = []
    for title, write, measured in ARTICLES:
        kept = [promise for promise in agreement.promises if _belongs(promise, measured)]
        said = [*write(agreement), *(_promised(agreement, promise) for promise in kept)]
        if said:
            text = " ".join(each.sentence for each in said)
            paths = tuple(dict.fromkeys(each.path for each in said))
            found.append(Article(len(found) + 1, title, text, paths, tuple(promise.id for promise in kept)))
    return tuple(found)


def heading(agreement: Agreement) -> str:
    """`Northwind Robotics, version 7, in force from 1 December 2026.`"""
    return f"{agreement.company}, version {agreement.version}, in force from {day(agreement.in_force_from, agreement)}."


def day(moment: datetime, agreement: Agreement) -> str:
    """`1 December 2026`, in the agreement's zone."""
    local = moment.astimezone(ZoneInfo(agreement.time_zone))
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def _purpose(agreement: Agreement) -> Iterator[Said]:
    preamble = agreement.preamble
    if preamble.purpose:
        yield Said("preamble.purpose", preamble.purpose)
    if preamble.values:
        yield Said("preamble.values", f"we hold to {listed(preamble.values, most=MANY)}")
    if preamble.story:
        yield Said("preamble.story", preamble.story)


def _qualification(agreement: Agreement) -> Iterator[Said]:
    clause = agreement.qualification
    if clause.score:
        points = marked(plural(clause.score.at_least, "point"))
        fit = clause.score.fit_at_least
        of_them = f", at least {marked(f'{figure(fit)} of them for fit')}" if fit is not None else ""
        yield Said("qualification.score", f"a lead is qualified when it reaches {points}{of_them}")
    if clause.where:
        only = "it must also hold that" if clause.score else "a lead is qualified when"
        yield Said("qualification.where", f"{only} {condition(clause.where)}")
    if clause.always:
        yield Said("qualification.always", f"the points alone are not asked for when {condition(clause.always)}")
    if clause.unless:
        yield Said("qualification.unless", f"a lead is kept back when {condition(clause.unless)}")
    yield from _required(agreement)
    if clause.again:
        again = marked(wall(clause.again))
        yield Said("qualification.again", f"the same person is not handed over again within {again}")
    if clause.score or clause.where or clause.always:
        hour = f"{clause.tick // 3600:02}:{clause.tick % 3600 // 60:02}"
        yield Said("qualification.tick", f"what comes true as time passes is looked at every day at {marked(hour)}")
    yield from _explored(agreement)


def _explored(agreement: Agreement) -> Iterator[Said]:
    explore = agreement.explore
    if explore:
        drawn, below = marked(f"{share(explore.share)} leads"), plural(explore.points_below, "point")
        lot = f"{drawn} up to {below} below the line are drawn by lot and handed over"
        yield Said("explore", f"{lot}, so that the line can be judged")


def _required(agreement: Agreement) -> Iterator[Said]:
    requires = agreement.qualification.requires
    if requires is None:
        return
    names = listed([name_of(field).removeprefix("has ") for field in requires.fields], most=MANY)
    held = "it waits until they are complete" if requires.missing is Missing.HOLD else "it counts as a defect"
    yield Said("qualification.requires", f"a lead comes with {names}; without them {held}")


def _points(agreement: Agreement) -> Iterator[Said]:
    for name, card in agreement.cards.items():
        path = f"cards.{name}"
        for row in card.fit:
            why = f" ({row.because})" if row.because else ""
            yield Said(f"{path}.fit", f"{_points_for(row.points)} when {condition(row.when)}{why}")
        for intent in card.intent:
            yield Said(f"{path}.intent", _intent(intent))
        if card.bands:
            yield Said(f"{path}.bands", _bands(card))


def _points_for(points: float) -> str:
    return f"{marked(plural(points, 'point'))}" if points >= 0 else f"{marked(f'{figure(points)} points')}"


def _intent(row: IntentRow) -> str:
    fading = f", halving every {marked(wall(row.half_life))}" if row.half_life else ""
    ceiling = f", at most {marked(figure(row.at_most))}" if row.at_most is not None else ""
    channel, _, act = row.touch.replace("-", " ").partition(".")
    what = f"“{act}” ({channel})" if act else f"“{channel}”"
    return f"{_points_for(row.points)} for each {what}{fading}{ceiling}"


def _bands(card: Card) -> str:
    parts = [f"{band} from {marked(figure(line))}" for band, line in card.bands]
    return f"the bands are {listed(parts, most=MANY)}"


def _personas(agreement: Agreement) -> Iterator[Said]:
    for index, persona in enumerate(agreement.personas):
        text = f"a person {'otherwise ' if index else ''}counts as {persona.name} when {condition(persona.where)}"
        yield Said(f"personas[{index}]", text)


def _response(agreement: Agreement) -> Iterator[Said]:
    response = agreement.response
    yield from _limits("response.answer", "sales accepts, rejects or recycles a lead", response.answer)
    yield from _limits("response.first_touch", "sales makes first contact", response.first_touch)
    if response.attempts:
        tried = marked(f"{spelt(response.attempts.at_least)} {'time' if response.attempts.at_least == 1 else 'times'}")
        text = f"a lead is tried {tried} within {marked(business(response.attempts.within))} before it is closed"
        yield Said("response.attempts", text)
    yield from _limits("response.outcome", "a lead is qualified, rejected or recycled", response.outcome)
    for step in response.on_breach:
        yield Said("response.on_breach", _breach(step))
    if response.answer or response.first_touch:
        yield Said("response", CLOCKS)


def _limits(path: str, act: str, limits: tuple[Within, ...]) -> Iterator[Said]:
    for index, limit in enumerate(limits):
        when = f", when {condition(limit.when)}" if limit.when else (" in all other cases" if index else "")
        yield Said(path, f"{act} within {marked(business(limit.within))}{when}")


def _breach(step: Breach) -> str:
    past = "the answer clock has run out"
    after = f"{marked(business(step.after))} after {past}" if step.after.amount else f"when {past}"
    act = {
        Act.REMIND: "the owner is reminded",
        Act.ESCALATE: f"{step.to or 'somebody'} is told",
        Act.REROUTE: "the lead moves to the next person on duty",
    }[step.do]
    return f"{after}, {act}"


def _routing(agreement: Agreement) -> Iterator[Said]:
    routing = agreement.routing
    if routing.owner_first:
        yield Said("routing.owner_first", "an owner of the account comes before every rule")
    if routing.owner_first and routing.including_parent:
        yield Said("routing.including_parent", "where nobody owns the account, the owner of the account above it does")
    for index, rule in enumerate(routing.rules):
        yield Said(f"routing.rules[{index}]", _rule(rule, first=not index))
    if not (routing.owner_first or routing.rules):
        return
    yield Said(
        "routing",
        "what is open with somebody who leaves the company goes to the deputy named for that, else by these rules anew",
    )
    for team, limit in agreement.capacity.items():
        parts = []
        if limit.open_per_person is not None:
            parts.append(f"more than {marked(f'{limit.open_per_person} open handoffs')}")
        if limit.new_per_person_per_day is not None:
            parts.append(f"more than {marked(f'{limit.new_per_person_per_day} new ones a day')}")
        text = f"nobody in {team} holds {listed(parts, 'or')}; what comes above it is kept out of the response promises"
        yield Said(f"capacity.{team}", text)


def _rule(rule: RouteRule, *, first: bool) -> str:
    weights = [f"{name} {weight}" for name, weight in rule.weights.items()]
    how = {
        Method.ROUND_ROBIN: "in turn",
        Method.LEAST_LOADED: "to whoever has the fewest open",
        Method.WEIGHTED: f"by weight ({listed(weights, most=MANY)})",
    }[rule.method]
    if rule.in_hours:
        how += " among those who are in their working hours, as long as somebody is"
    if rule.when is None:
        return f"{'every lead goes' if first else 'all others go'} to {rule.team}, {how}"
    return f"leads go to {rule.team} when {condition(rule.when)}, {how}"


def _business_time(agreement: Agreement) -> Iterator[Said]:
    yield Said("calendar", f"clocks run {_hours(agreement.calendar)}")
    if agreement.calendar.closed:
        days = [f"{each.day} {MONTHS[each.month - 1]} {each.year}" for each in sorted(agreement.calendar.closed)]
        yield Said("calendar.closed", f"closed on {listed(days, most=MANY)}")
    for name, team in agreement.teams.items():
        if team.calendar:
            yield Said(f"teams.{name}.calendar", f"for {name} they run {_hours(team.calendar)}")
        for person, own in team.hours.items():
            yield Said(f"teams.{name}.hours.{person}", f"{person} of {name} works {_hours(own)}")


def dealing(agreement: Agreement, team: str) -> tuple[str, ...]:
    """How handoffs are dealt out among a team, in plain words: who comes before every rule, the rules that name the
    team, and its limits."""
    rules = enumerate(agreement.routing.rules)
    paths = {"routing.owner_first", "routing.including_parent", f"capacity.{team}"}
    paths |= {f"routing.rules[{index}]" for index, rule in rules if rule.team == team}
    return tuple(MARK.sub(r"\1", said.text) for said in _routing(agreement) if said.path in paths)


def hours(calendar: Calendar) -> str:
    """When a calendar is open, in plain words: `Monday to Friday 09:00 to 17:00 (Europe/Berlin)`."""
    return MARK.sub(r"\1", _hours(calendar))


def _hours(calendar: Calendar) -> str:
    spans: list[tuple[int, int, tuple[Window, ...]]] = []
    for weekday in sorted(calendar.hours):
        windows = calendar.hours[weekday]
        if spans and spans[-1][1] == weekday - 1 and spans[-1][2] == windows:
            spans[-1] = (spans[-1][0], weekday, windows)
        elif windows:
            spans.append((weekday, weekday, windows))
    parts = [f"{_span(first, last)} {marked(_windows(windows))}" for first, last, windows in spans]
    off = f", except on public holidays of {calendar.holidays}" if calendar.holidays else ""
    return f"{listed(parts, most=MANY)} ({calendar.time_zone}){off}"


def _span(first: int, last: int) -> str:
    names = list(DAYS.values())
    return names[first] if first == last else f"{names[first]} to {names[last]}"


def _windows(windows: tuple[Window, ...]) -> str:
    return listed([f"{_clock(opens)} to {_clock(closes)}" for opens, closes in windows], most=MANY)


def _clock(second: int) -> str:
    wrapped = second if second <= 86_400 else second - 86_400
    return f"{wrapped // 3600:02}:{wrapped % 3600 // 60:02}"


def _answers(agreement: Agreement) -> Iterator[Said]:
    answers = agreement.answers
    if answers.reject:
        number = marked(f"{spelt(len(answers.reject))} {'reason' if len(answers.reject) == 1 else 'reasons'}")
        labels = listed([_uncapital(reason.label) for reason in answers.reject], "or", most=MANY)
        yield Said("answers.reject", f"every rejection carries one of {number}: {labels}")
        checked = [_checked(reason) for reason in answers.reject if reason.check]
        if checked:
            yield Said("answers.reject", f"held against the facts: {'; '.join(checked)}")
    for index, reason in enumerate(answers.recycle):
        to = f" to {reason.track}" if reason.track else " to marketing"
        back = f" and comes back when {condition(reason.returns)}" if reason.returns else ""
        yield Said(f"answers.recycle[{index}]", f"recycled as “{reason.label}”, a lead returns{to}{back}")
    if answers.reply:
        within = marked(business(answers.reply.within))
        yield Said("answers.reply", f"{NOUNS[answers.reply.by]} answers every rejection within {within}")
    if answers.second_look:
        look = answers.second_look
        text = f"{look.by} looks again at {marked(share(look.share))} rejections within {marked(business(look.within))}"
        if look.when_good == OFFER_AGAIN:
            text += ", and a lead that was good is handed over again"
        yield Said("answers.second_look", text, is_as_written=True)


def _checked(reason: RejectReason) -> str:
    return f"“{reason.label}” means that {condition(reason.check or '')}"


def _contact(agreement: Agreement) -> Iterator[Said]:
    contact = agreement.contact
    if contact.never:
        yield Said("contact.never", f"nobody writes to a person when {condition(contact.never)}")
    for purpose, kind in contact.consent.items():
        asked = "only to people who said yes" if kind == "opt_in" else "to everybody who did not say no"
        yield Said("contact.consent", f"{purpose.replace('.', ' ')} goes {asked}")
    for index, shield in enumerate(contact.shield):
        yield Said(f"contact.shield[{index}]", _shield(shield))
    for each in contact.frequency:
        yield Said("contact.frequency", _frequency(each))


def _shield(shield: Shield) -> str:
    allowed = f", except with {listed(shield.exempt, 'or', most=MANY)}" if shield.exempt else ""
    who = {"marketing": "marketing does not write", "sales": "sales does not write", "any": "nobody writes"}[
        shield.side
    ]
    family = ", or this is so by the deals of an account above or below theirs" if shield.including_family else ""
    return f"{who} to a person when {condition(shield.when)}{family}{allowed}"


def _frequency(each: Frequency) -> str:
    number = marked(f"{spelt(each.at_most)} {'message' if each.at_most == 1 else 'messages'} {a_period(each.per)}")
    source = "both teams together" if each.side == "any" else WRITERS[each.side]
    return f"nobody receives more than {number} from {source}"


def _brand(agreement: Agreement) -> Iterator[Said]:
    brand = agreement.brand
    if brand.voice:
        yield Said("brand.voice", f"our voice: {_uncapital(brand.voice)}")
    if brand.must_include:
        yield Said("brand.must_include", f"every mail includes {listed(brand.must_include, most=MANY)}")
    if brand.must_not_say:
        phrases = [f"“{phrase}”" for phrase in brand.must_not_say]
        yield Said("brand.must_not_say", f"we do not say {listed(phrases, 'or', most=MANY)}")


def _targets(agreement: Agreement) -> Iterator[Said]:
    before: Mapping[str, float] = {}
    for period, plan in agreement.plan.items():
        is_same, before = bool(plan) and dict(plan) == dict(before), plan
        if is_same:
            yield Said(f"plan.{period}", f"the plan for {period} is the same")
            continue
        numbers = [f"{name_of(metric)} {marked(_number(agreement, metric, value))}" for metric, value in plan.items()]
        if numbers:
            yield Said(f"plan.{period}", f"the plan for {period}: {listed(numbers, most=MANY)}")


MONEY = {"new_revenue", "deal_size", "acquisition_cost", "cost_per_handoff"}


def _number(agreement: Agreement, metric: str, value: float) -> str:
    if metric in MONEY:
        return f"{figure(value)} {agreement.currency}"
    return share(value) if metric.endswith("_rate") and value <= 1 else figure(value)


def _incentive(agreement: Agreement) -> Iterator[Said]:
    incentive = agreement.incentive
    if incentive is None:
        return
    pool = marked(f"{figure(incentive.pool)} {agreement.currency}")
    yield Said("incentive", f"{pool} a {incentive.per} are paid on {name_of(incentive.metric)}, which both teams share")
    parts = [f"{share(part)} to {NOUNS[side]}" for side, part in incentive.split.items()]
    if parts:
        yield Said("incentive.split", f"of it {listed(parts)}")
    yield from _pays(agreement)


def _pays(agreement: Agreement) -> Iterator[Said]:
    pays = agreement.incentive.pays if agreement.incentive else {}
    parts = []
    if "from" in pays:
        begins = f"from {marked(_percent(pays['from']))} of the target"
        parts.append(f"{begins} {_percent(pays['share'])} is paid" if "share" in pays else f"it is paid {begins}")
    if "full_at" in pays:
        parts.append(f"at {marked(_percent(pays['full_at']))} all of it")
    if "cap" in pays:
        parts.append(f"nothing is added above {marked(_percent(pays['cap']))}")
    if parts:
        yield Said("incentive.pays", listed(parts))


def _percent(value: float) -> str:
    return f"{figure(round(value * 100, 6))} %"


def _roles(agreement: Agreement) -> Iterator[Said]:
    signing = agreement.signatories
    for side, names in ((Side.MARKETING, signing.marketing), (Side.SALES, signing.sales)):
        if names:
            deputies = signing.deputies.get(side, ())
            away = f", or {people(deputies)} when away" if deputies else ""
            yield Said("signatories", f"{people(names)} signs for {NOUNS[side]}{away}", is_as_written=True)
    for index, role in enumerate(agreement.roles):
        scope = f" and looks after {listed(role.scope, most=MANY)}" if role.scope else ""
        text = f"{role.owner} is {_uncapital(role.role)} ({NOUNS[role.side]}){scope}"
        yield Said(f"roles[{index}]", text, is_as_written=True)
    for name, team in agreement.teams.items():
        deputy = f"; {team.deputy} stands in" if team.deputy else ""
        if team.people:
            yield Said(f"teams.{name}", f"the team {name} is {people(team.people)}{deputy}")


def _review(agreement: Agreement) -> Iterator[Said]:
    review = agreement.review
    for path, what, rule in (
        ("review.meeting", "both teams meet", review.meeting),
        ("review.retune_score", "the score is tuned again", review.retune_score),
        ("review.pulse", "both teams are asked how it goes", review.pulse),
    ):
        if rule:
            yield Said(path, f"{what} {marked(recurrence(rule))}")
    if review.starts:
        yield Said("review.starts", f"the first meeting is on {marked(day(review.starts, agreement))}")


def recurrence(rule: str) -> str:
    """An RRULE in words: `every 2 weeks on Tuesday`; a rule with further parts stands in quotes."""
    parts = dict(part.partition("=")[::2] for part in rule.removeprefix("RRULE:").split(";"))
    unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}.get(parts.get("FREQ", ""))
    days = [DAYS.get(f"{each.lower()}{ENDINGS.get(each, '')}") for each in parts.get("BYDAY", "").split(",") if each]
    if unit is None or None in days or parts.keys() - {"FREQ", "INTERVAL", "BYDAY", "WKST"}:
        return f"by “{rule}”"
    interval = parts.get("INTERVAL", "1")
    every = f"every {unit}" if interval == "1" else f"every {interval} {unit}s"
    return f"{every} on {listed([each for each in days if each])}" if days else every


ENDINGS = {"MO": "n", "TU": "e", "WE": "d", "TH": "u", "FR": "i", "SA": "t", "SU": "n"}


def _promised(agreement: Agreement, promise: Promise) -> Said:
    index = agreement.promises.index(promise)
    return Said(f"promises[{index}]", promised(promise))


def promised(promise: Promise) -> str:
    """One promise as a clause: `marketing hands over at least 40 A-band leads a week`."""
    side, which = NOUNS[promise.side], _which(promise)
    verb = "promise" if promise.side is Side.BOTH else "promises"
    bound = "at least" if promise.at_least is not None else "at most"
    target = promise.at_least if promise.at_least is not None else promise.at_most or 0
    if promise.metric == "handoffs":
        hands = "hand" if promise.side is Side.BOTH else "hands"
        return f"{side} {hands} over {bound} {marked(f'{figure(target)} {which}')} a {promise.per}"
    known = CASES.get(promise.metric)
    if known and 0 <= target <= 1:
        one, several, what = known
        if target == 1 and bound == "at least":
            return f"{side} {verb} that {marked(f'every {one}')} of a {promise.per} is {what}{_only(promise)}"
        cases = f"{bound} {marked(share(target))} {several}"
        return f"{side} {verb} that {cases} a {promise.per} are {what}{_only(promise)}"
    return (
        f"{side} {verb} {name_of(promise.metric)} of {bound} {marked(figure(target))} a {promise.per}{_only(promise)}"
    )


CASES = {
    "acceptance_rate": ("answered lead", "answered leads", "accepted by sales"),
    "completeness_rate": ("lead", "leads", "handed over complete"),
    "replied_in_time": ("rejection", "rejections", "replied to in time"),
    "answered_in_time": ("offer", "offers", "answered in time"),
    "first_touch_in_time": ("offer", "offers", "followed by first contact in time"),
    "attempts_made": ("lead", "leads", "tried as often as agreed"),
    "rejections_not_contradicted": (
        "rejection with a check",
        "rejections with a check",
        "not contradicted by the facts",
    ),
    "rejections_with_reason": ("rejection", "rejections", "given a reason"),
    "win_rate": ("closed deal", "closed deals", "won"),
    "worked_rate": ("lead", "leads", "worked on"),
    "qualified_rate": ("accepted lead", "accepted leads", "qualified in conversation"),
    "recycled_rate": ("lead with an outcome", "leads with an outcome", "recycled"),
    "reviews_held": ("planned meeting", "planned meetings", "held"),
    "plan_agreed_before_start": ("plan", "plans", "agreed before its period begins"),
}


def _which(promise: Promise) -> str:
    band = re.fullmatch(r"band = '([\w-]+)'", promise.where or "")
    if band:
        return f"{band[1]}-band leads"
    return f"leads ({condition(promise.where)})" if promise.where else "leads"


def _only(promise: Promise) -> str:
    return f", counting those for which {condition(promise.where)}" if promise.where else ""


def _uncapital(text: str) -> str:
    flat = text.rstrip(".")
    return flat if flat[1:2].isupper() else f"{flat[:1].lower()}{flat[1:]}"


def _belongs(promise: Promise, measured: frozenset[str] | None) -> bool:
    if measured is not None:
        return promise.metric in measured
    return not any(promise.metric in others for _, _, others in ARTICLES if others)


NONE: frozenset[str] = frozenset()
ARTICLES: tuple[tuple[str, Writer, frozenset[str] | None], ...] = (
    ("Purpose", _purpose, NONE),
    ("Qualification", _qualification, frozenset({"acceptance_rate", "completeness_rate"})),
    ("Points", _points, NONE),
    ("Personas", _personas, NONE),
    (
        "Response",
        _response,
        frozenset({"answered_in_time", "first_touch_in_time", "attempts_made", "worked_rate", "first_touch_time"}),
    ),
    ("Business time", _business_time, NONE),
    ("Routing", _routing, frozenset({"unowned_handoffs", "time_without_owner"})),
    (
        "Rejecting and recycling",
        _answers,
        frozenset({"replied_in_time", "rejections_not_contradicted", "rejections_with_reason", "recycled_rate"}),
    ),
    ("Contact", _contact, frozenset({"opt_ins"})),
    ("Brand", _brand, NONE),
    ("Targets", _targets, None),
    ("Incentive", _incentive, NONE),
    ("Roles", _roles, NONE),
    ("Review", _review, frozenset({"reviews_held"})),
)
