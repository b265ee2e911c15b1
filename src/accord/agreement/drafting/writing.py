"""From answers to the text of an agreement, with the explanations that whoever edits it later needs.

One function an article, in the order of the text. The same answers give the same text, byte for byte.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accord.agreement.articles import FORMAT
from accord.agreement.document import Agreement, Period
from accord.agreement.drafting.answers import Answers, AnswersError, Wrong, answered, reasons_with_facts
from accord.agreement.drafting.questions import REASONS
from accord.agreement.drafting.sheet import Sheet, written
from accord.agreement.drafting.templates import Template, template
from accord.agreement.mistake import Mistake
from accord.agreement.periods import Periods
from accord.agreement.reading import read_as_far_as_possible
from accord.agreement.shape import month_and_day
from accord.facts.errors import AccordError

CARD, DECIDES, MEETS_AT = "lead-score", "Decision maker", time(10)
SIZE_POINTS, COUNTRY_POINTS, TITLE_POINTS = 20, 15, 15
HEAD = (
    "The agreement between marketing and sales (YAML 1.2), drafted from the template {name}.",
    "Every clause is a rule that Accord applies or a promise that Accord measures.",
    "",
    "Conditions are SQL predicates over the columns that `accord columns` lists. What is not known about a lead makes",
    "a condition unknown: in `where` and `when` that is not met, in `unless` it does not block, in `never` and in",
    "`shield` it blocks.",
    "Times such as 30m, 4h and 2d are business time under `response` and `answers`: 2d are two working days. Under",
    "`cards` and `again` they are days of the calendar.",
    "`accord check` tells every mistake with its line, `accord prose` prints the text as both teams read it.",
)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A first agreement: its text, what was read from it, what is worth knowing about it, and the answers behind it."""

    text: str
    agreement: Agreement
    notes: tuple[Mistake, ...]
    answers: Mapping[str, Any]


def draft(name: str, given: Answers, *, on: date) -> Drafted:
    """The agreement that follows from answers to a template's questions; what is not answered takes its default as of
    a day. Raises AnswersError with every answer that cannot be taken, and AccordError for an unknown template.
    """
    chosen = template(name)
    found = answered(chosen, given, on=on)
    text = _text(chosen, found)
    read = read_as_far_as_possible(text)
    mistakes = read.checked()
    if blocking := [each for each in mistakes if each.blocks]:
        raise AnswersError([_asked(chosen, read.agreement, each) for each in blocking])
    if read.agreement is None:  # a text without mistakes has an agreement
        raise AccordError("The text could not be read.", remedy="Please report the answers.")
    return Drafted(text, read.agreement, mistakes, found)


PLACES = (
    ("qualification.score.at_least", "line"),
    ("qualification.score.fit_at_least", "fit_line"),
    (f"cards.{CARD}.bands", "a_band"),
    (f"cards.{CARD}.intent", "signals"),
    ("response.outcome", "outcome"),
    ("response.attempts", "attempts_within"),
    ("response.answer", "answer"),
    ("response.first_touch", "first_touch"),
    ("answers.reject", "reject"),
    ("answers.recycle", "recycle"),
    ("answers.reply", "reply"),
    ("teams", "teams"),
    ("calendar", "hours"),
    ("plan", "plan_quarter"),
    ("review", "meeting"),
    ("in_force_from", "in_force_from"),
)


def _asked(chosen: Template, agreement: Agreement | None, found: Mistake) -> Wrong:
    """A clause that cannot stay so, as a question whose answer has to change."""
    key = next((key for path, key in PLACES if found.path.startswith(path)), chosen.questions[0].key)
    message = found.message.removeprefix(f"{found.path}: ")
    remedy = found.allowed if found.allowed.endswith(".") else f"Answer with {found.allowed}."
    row, name = None, found.path.split(".")
    if key == "teams" and agreement is not None and name[1:2] and name[1] in agreement.teams:
        row = list(agreement.teams).index(name[1])
    return Wrong(key, chosen.question(key).ask, f"{message[:1].upper()}{message[1:]}", remedy, row)


def _text(chosen: Template, found: Answers) -> str:
    sheet = Sheet()
    for write in ARTICLES:
        write(sheet, found)
    return written(sheet, [line.format(name=chosen.name) for line in HEAD])


# The articles


def _heading(sheet: Sheet, found: Answers) -> None:
    sheet.put("accord", FORMAT, "Version of this format.", apart=True)
    sheet.put("version", found["version"], "Number of this version; the next one counts on.")
    sheet.put("in_force_from", _begins(found).isoformat())
    sheet.put("company", found["company"])
    sheet.put("currency", found["currency"])
    sheet.put("time_zone", found["time_zone"], "Of every time here that names no zone.")
    sheet.put("fiscal_year_start", found["fiscal_year_start"], "Month and day; quarters and years are counted from it.")
    signing = sheet.below()
    signing.put("marketing", [found["signs_marketing"]])
    signing.put("sales", [found["signs_sales"]])
    deputies = {side: [found[f"deputy_{side}"]] for side in ("marketing", "sales") if found[f"deputy_{side}"]}
    signing.put("deputies", deputies or None, "Who signs when the other is away.")
    why = "Who signs. People are named by handle; who they are stands in the members list."
    sheet.put("signatories", signing, why, apart=True)
    if found["purpose"]:
        sheet.put("preamble", {"purpose": found["purpose"]}, "Shown first.", apart=True)


def _begins(found: Answers) -> datetime:
    return datetime.combine(date.fromisoformat(found["in_force_from"]), time(), ZoneInfo(found["time_zone"]))


def _roles(sheet: Sheet, found: Answers) -> None:
    rows = [
        {"role": "Head of marketing", "side": "marketing", "owner": found["signs_marketing"],
         "scope": ["campaigns", "the table of points", "replies to rejections"]},
        {"role": "Head of sales", "side": "sales", "owner": found["signs_sales"],
         "scope": ["answers", "first contact", "outcomes"]},
        {"role": "Liaison", "side": "both", "owner": found["liaison"],
         "scope": ["open questions", "escalations", "the regular meeting"]},
    ]  # fmt: skip
    sheet.put("roles", rows, "Who looks after what; side is marketing, sales, both or leadership.", apart=True)


def _business_time(sheet: Sheet, found: Answers) -> None:
    calendar = sheet.below()
    calendar.put(
        "hours", {found["days"]: found["hours"]}, 'Days can differ: {mon-thu: "09:00-17:00", fri: "09:00-14:00"}.'
    )
    calendar.put(
        "holidays", found["holidays"], "Country or region, such as DE or DE-BE. Own closed days: closed: [2027-12-24]."
    )
    sheet.put("calendar", calendar, "Business time: clocks run only inside it.", apart=True)


def _teams(sheet: Sheet, found: Answers) -> None:
    teams = sheet.below()
    for row in found["teams"]:
        teams.put(row["name"], {"people": row["people"], "deputy": row["deputy"], "calendar": _calendar(row, found)})
    why = "Who answers. A clock runs on the hours of the team that has the lead; without its own, on the company's."
    sheet.put("teams", teams, why, apart=True)


def _calendar(row: Mapping[str, Any], found: Answers) -> dict[str, Any] | None:
    """The team's own calendar, where it differs from the company's."""
    if not any(row.get(key) for key in ("hours", "holidays", "time_zone")):
        return None
    return {
        "hours": {found["days"]: row["hours"] or found["hours"]},
        "holidays": row["holidays"] or found["holidays"],
        "time_zone": row["time_zone"],
    }


def _personas(sheet: Sheet, found: Answers) -> None:
    if found["titles"]:
        where = " OR ".join(f"title ILIKE {_sql(f'%{word}%')}" for word in found["titles"])
        why = "Kinds of people; the first that fits counts. Points and routes can ask for one by its name."
        sheet.put("personas", [{"name": DECIDES, "where": where}], why, apart=True)


def _points(sheet: Sheet, found: Answers) -> None:
    card = sheet.below().below()
    card.put("fit", _fit(found), "Points for what somebody is.")
    intent = [
        {"touch": row["touch"], "points": row["points"], "half_life": f"{row['half_life']}d", "at_most": row["at_most"]}
        for row in found["signals"]
    ]
    card.put("intent", intent, "Points for what somebody did: each touch halves after its half_life, up to at_most.")
    card.put(
        "bands",
        {"A": found["a_band"], "B": found["line"], "C": 0},
        "From which score on each band begins, highest first.",
    )
    cards = sheet.below()
    cards.put(CARD, card)
    sheet.put("cards", cards, "The table of points that both teams can read and argue about.", apart=True)


def _fit(found: Answers) -> list[dict[str, Any]]:
    least, most = found["employees_from"], found["employees_to"]
    rows = []
    if least is not None or most is not None:
        size = f"employees BETWEEN {least or 1} AND {most}" if most is not None else f"employees >= {least}"
        rows.append({"when": size, "points": SIZE_POINTS, "because": "the size that we sell to"})
    if found["countries"]:
        rows.append({"when": _among(found["countries"]), "points": COUNTRY_POINTS, "because": "we sell there"})
    if found["titles"]:
        rows.append({"when": f"persona = {_sql(DECIDES)}", "points": TITLE_POINTS, "because": "decides or proposes"})
    return rows


def _qualification(sheet: Sheet, found: Answers) -> None:
    clause = sheet.below()
    clause.put("score", {"card": CARD, "at_least": found["line"], "fit_at_least": found["fit_line"]}, "The line.")
    if found["countries"]:
        clause.put("where", _among(found["countries"]), "What must hold besides the points.")
    clause.put("unless", _outside(found), "What keeps a lead back.")
    if found["at_once"]:
        always = f"last_form IN {_several(found['at_once'])} AND hours_since_last_form <= 24"
        clause.put("always", always, "What skips the points, and only the points.")
    if found["required"]:
        why = "What must be known. hold: an incomplete lead waits; hand_over: it is handed over and counts as a defect."
        clause.put("requires", {"fields": found["required"], "missing": "hold"}, why)
    clause.put("again", f"{found['again_days']}d", "The same person is not handed over twice within.")
    clause.put("tick", "06:00", "When, once a day, what comes true as time passes is looked at.")
    sheet.put("qualification", clause, "When a lead is handed over to sales.", apart=True)


def _outside(found: Answers) -> str:
    """Who is kept back; a size that nobody knows does not keep anybody back."""
    sizes = [("<", found["employees_from"]), (">", found["employees_to"])]
    parts = [f"employees {sign} {size}" for sign, size in sizes if size is not None]
    return " OR ".join([*parts, "account_open_deals > 0", "is_competitor", "unsubscribed"])


def _routing(sheet: Sheet, found: Answers) -> None:
    clause = sheet.below()
    clause.put("owner_first", found["owner_first"] == "yes", "An owner of the account comes before every rule.")
    conditions = {team["name"]: _takes(number, team, found) for number, team in enumerate(found["teams"])}
    narrow_first = sorted(conditions, key=lambda name: conditions[name] is None)
    rows = [{"when": conditions[name], "team": name, "method": found["method"]} for name in narrow_first]
    clause.put(
        "rules", rows, "The last rule has no `when`: it takes all others. Methods: round_robin, least_loaded, weighted."
    )
    sheet.put("routing", clause, "To whom a lead goes; the first rule that fits chooses.", apart=True)
    if found["open_per_person"] is not None:
        limits = sheet.below()
        for team in found["teams"]:
            limits.put(team["name"], {"open_per_person": found["open_per_person"]})
        why = "What a team can take. What comes above it is kept out of the response promises, counted and shown."
        sheet.put("capacity", limits, why, apart=True)


def _takes(number: int, team: Mapping[str, Any], found: Answers) -> str | None:
    """Which leads a team takes; None for the team that takes all others."""
    if team.get("countries"):
        return _among(team["countries"])
    if "large_from" in found and number == 0:
        return f"employees >= {found['large_from']}"
    return None


def _response(sheet: Sheet, found: Answers) -> None:
    clause = sheet.below()
    clause.put("answer", {"within": found["answer"]}, "Accept, reject or recycle.")
    first: Any = {"within": found["first_touch"]}
    if found["at_once"] and found["first_touch_at_once"]:
        first = [{"when": f"last_form IN {_several(found['at_once'])}", "within": found["first_touch_at_once"]}, first]
    clause.put("first_touch", first, "First contact. Of several limits the first that fits counts.")
    clause.put(
        "attempts", {"at_least": found["attempts"], "within": found["attempts_within"]}, "How often a lead is tried."
    )
    clause.put("outcome", {"within": found["outcome"]}, "Qualified, rejected or recycled.")
    clause.put("on_breach", _breaches(found), "What follows a missed answer: remind, escalate or reroute.")
    sheet.put("response", clause, "Clocks start at the offer; time without an owner is nobody's miss.", apart=True)


def _breaches(found: Answers) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [{"after": "0m", "do": "remind"}]
    if found["escalate_after"]:
        to = found["escalate_to"] or found["liaison"]
        steps.append({"after": found["escalate_after"], "do": "escalate", "to": to})
    if found["reroute_after"]:
        steps.append({"after": found["reroute_after"], "do": "reroute"})
    return steps


def _answers(sheet: Sheet, found: Answers) -> None:
    clause = sheet.below()
    rejecting = _rejecting(found)
    clause.put("reject", rejecting or None, "Fewer than twelve. `check` is the fact that a reason is held against.")
    codes = _codes([reason["label"] for reason in found["recycle"]], {row["code"] for row in rejecting})
    points = {"yes": f"score >= {found['line']} AND ", "no": ""}
    recycling = [
        {
            "code": code,
            "label": reason["label"],
            "return": f"{points[reason['with_interest']]}days_since_recycle >= {reason['days']}",
        }
        for code, reason in zip(codes, found["recycle"], strict=True)
    ]
    clause.put("recycle", recycling, "Back to marketing; `return` is what brings the lead to sales again.")
    clause.put("reply", {"by": "marketing", "within": found["reply"]}, "Marketing answers every rejection.")
    sheet.put("answers", clause, "What sales can answer besides accepting.", apart=True)


def _rejecting(found: Answers) -> list[dict[str, Any]]:
    labels = {option.value: option.label for option in REASONS.options}
    facts = {
        "too_small": f"employees < {found['employees_from']}",
        "wrong_country": f"NOT {_among(found['countries'] or ['-'])}",
        "competitor": "is_competitor",
        "duplicate": "is_duplicate",
        "unreachable": f"attempts >= {found['attempts']}",
    }
    checked = reasons_with_facts(found)
    rows = [
        {"code": code, "label": labels[code], "check": facts[code] if code in checked else None}
        for code in found["reject"] or ()
    ]
    own = found["reject_own"] or []
    codes = _codes(own, set(labels))
    return [*rows, *({"code": code, "label": label} for code, label in zip(codes, own, strict=True))]


def _codes(labels: Iterable[str], taken: set[str]) -> list[str]:
    """A code for each label: its letters in ASCII, with a number where another has it already."""
    codes: list[str] = []
    for label in labels:
        flat = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
        code = stem = re.sub(r"[^a-z0-9]+", "_", flat).strip("_")[:40] or "reason"
        number = 2
        while code in taken or code in codes:
            code, number = f"{stem}_{number}", number + 1
        codes.append(code)
    return codes


NEGOTIATING = "account_deal_stage IN ('proposal', 'negotiation') AND days_since_deal_activity <= 45"
SHIELDS = {
    "negotiation": NEGOTIATING,
    "open_handoff": "open_handoff",
    "open_deal": "account_open_deals > 0",
    "customer": "is_customer",
}


def _contact(sheet: Sheet, found: Answers) -> None:
    clause = sheet.below()
    clause.put("never", " OR ".join(found["never"] or ()) or None, "Nobody writes to them.")
    clause.put(
        "consent", {"marketing.email": found["consent"]}, "opt_in: only who said yes; opt_out: who did not say no."
    )
    shields = [{"when": SHIELDS[name], "side": "marketing"} for name in found["shield"] or ()]
    clause.put("shield", shields or None, "People who belong to their rep for now; side is who may not write.")
    if found["mails_per_week"] is not None:
        limit = [{"side": "marketing", "at_most": found["mails_per_week"], "per": "7d"}]
        clause.put("frequency", limit, "How often a person is written to at most.")
    sheet.put("contact", clause, "Who must not be written to.", apart=True)


MEASURED = (
    ("promise_handoffs", "handoffs", "marketing", "handoffs"),
    ("promise_accepted", "accepted", "marketing", "acceptance_rate"),
    ("promise_complete", "complete", "marketing", "completeness_rate"),
    ("promise_replies", "replies", "marketing", "replied_in_time"),
    ("promise_answered", "answered", "sales", "answered_in_time"),
    ("promise_first_touch", "first-touch", "sales", "first_touch_in_time"),
    ("promise_tried", "tried", "sales", "attempts_made"),
    ("promise_reasons", "reasons", "sales", "rejections_not_contradicted"),
    ("promise_won", "won", "both", "win_rate"),
)


def _promises(sheet: Sheet, found: Answers) -> None:
    rows = [
        {"id": name, "side": side, "metric": metric, "at_least": _target(metric, found[key]), "per": _period(side)}
        for key, name, side, metric in MEASURED
        if found[key] is not None
    ]
    rows.append({"id": "reviews", "side": "both", "metric": "reviews_held", "at_least": 1.0, "per": "quarter"})
    why = "Measured on the same facts for both sides; `accord metrics` lists what can be measured. 0.9 is 90 %."
    sheet.put("promises", rows, why, apart=True)


def _target(metric: str, answer: int) -> float:
    return answer if metric == "handoffs" else answer / 100


def _period(side: str) -> str:
    return "quarter" if side == "both" else "month"


def _plan(sheet: Sheet, found: Answers) -> None:
    numbers = {name: found[f"plan_{name}"] for name in ("handoffs", "win_rate", "deal_size", "new_revenue")}
    if all(number is None for number in numbers.values()):
        return
    numbers["win_rate"] = numbers["win_rate"] / 100 if numbers["win_rate"] is not None else None
    periods = Periods(found["time_zone"], month_and_day(found["fiscal_year_start"]))
    begins = _begins(found).astimezone(UTC)
    first, *_ = periods.between(begins, begins + timedelta(days=100), Period.QUARTER)
    plan = sheet.below()
    plan.put(found["plan_quarter"] or first.label, numbers)
    sheet.put("plan", plan, "The shared numbers of a quarter, along the funnel.", apart=True)


def _review(sheet: Sheet, found: Answers) -> None:
    days = ("MO", "TU", "WE", "TH", "FR")
    begins = _begins(found).date()
    first = begins + timedelta(days=(days.index(found["meeting_day"]) - begins.weekday()) % 7)
    clause = sheet.below()
    clause.put("starts", datetime.combine(first, MEETS_AT, ZoneInfo(found["time_zone"])).isoformat())
    every = "" if found["meeting"] == "1" else f"INTERVAL={found['meeting']};"
    clause.put("meeting", f"FREQ=WEEKLY;{every}BYDAY={found['meeting_day']}", "A recurrence of RFC 5545.")
    sheet.put("review", clause, "When both teams meet.", apart=True)


def _sql(text: str) -> str:
    """A text as SQL writes it; what may stand in it was checked before."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _several(names: Iterable[str]) -> str:
    return f"({', '.join(_sql(name) for name in names)})"


def _among(countries: Iterable[str]) -> str:
    return f"country IN {_several(countries)}"


ARTICLES = (
    _heading, _roles, _business_time, _teams, _personas, _points, _qualification, _routing, _response, _answers,
    _contact, _promises, _plan, _review,
)  # fmt: skip
