"""The registry of metrics: one definition each, for both teams.

A metric is a question about rows that `obligations.py` judges. The sentences here are printed into the documentation,
into reports and beside every number; `tests/spec/metrics` shows each by example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from accord.agreement import obligations
from accord.agreement.document import Side
from accord.agreement.obligations import Question

ENOUGH = 20  # records below which a share is not shown


class Form(StrEnum):
    """How the rows become one number."""

    SHARE = "share"  # kept of kept and missed
    COUNT = "count"  # how many
    SUM = "sum"  # added up
    RATIO = "ratio"  # one sum divided by another
    MEDIAN = "median"  # the middle one


class Unit(StrEnum):
    SHARE = "share"
    COUNT = "count"
    MONEY = "money"  # in the agreement's currency
    HOURS = "business hours"


class Cohort(StrEnum):
    """By which date a row belongs to a period."""

    OFFER = "by offer date"
    EVENT = "by event date"


@dataclass(frozen=True, slots=True)
class Need:
    """Facts without which a metric is not recorded at all; `sql` selects their `occurred_at`.

    Where an agreement is in force, or clocks were set, what has not come is missing; elsewhere it was never recorded.
    """

    what: str
    sql: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One definition: what it counts, of what, by which date, and how it treats what is still open.

    `rows` gives the SQL of the judged rows, `parts` the relations that it builds on, `prepared` the relation that has
    to be computed in business time beforehand. `columns` are those that a promise's `where` may use. `settled` says
    that no new rows can come once a period has begun. `claims` says what the claimed rows are.
    """

    name: str
    sentence: str
    form: Form
    unit: Unit
    side: Side
    numerator: str
    denominator: str
    cohort: Cohort
    open: str
    better: str
    articles: tuple[str, ...]
    tables: tuple[str, ...]
    mechanisms: tuple[str, ...]
    rows: Callable[[Question], str]
    parts: tuple[str, ...]
    needs: tuple[Need, ...]
    prepared: str | None = None
    columns: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    claims: str = ""
    enough: int = ENOUGH
    settled: bool = False

    def __post_init__(self) -> None:
        if self.better not in ("higher", "lower"):
            raise ValueError(f"{self.name}: better is higher or lower, not {self.better}")
        for sentence in (self.sentence, self.numerator, self.denominator, self.open):
            if not sentence.endswith("."):
                raise ValueError(f"{self.name}: {sentence!r} is not a sentence")

    @property
    def needed(self) -> int:
        """How many records make the number worth showing: 20 for a share, 1 where each row is a plain fact."""
        return self.enough if self.form in (Form.SHARE, Form.MEDIAN, Form.RATIO) else 0


_OFFERED = Need(
    "handoffs with the date of their offer", "SELECT occurred_at FROM handoffs WHERE event IN ('offered', 'mql')"
)
_OWNED = Need("handoffs offered to an owner", "SELECT occurred_at FROM handoffs WHERE event IN ('offered', 'rerouted')")
_ANSWERED = Need(
    "answers to handoffs",
    "SELECT occurred_at FROM handoffs WHERE event IN ('accepted', 'rejected', 'recycled')",
)
_TOUCHED = Need(
    "touches by sales",
    "SELECT occurred_at FROM touches WHERE side = 'sales' "
    "UNION ALL SELECT occurred_at FROM handoffs WHERE event IN ('contacted', 'qualified')",
)
_TRIED = Need("touches by sales", "SELECT occurred_at FROM touches WHERE side = 'sales'")
_QUALIFIED = Need(
    "outcomes of handoffs",
    "SELECT occurred_at FROM handoffs WHERE event IN ('qualified', 'recycled', 'rejected')",
)
_REJECTED = Need("rejections", "SELECT occurred_at FROM handoffs WHERE event = 'rejected'")
_REPLIED = Need(
    "replies to rejections",
    "SELECT occurred_at FROM handoffs WHERE event = 'replied' OR answer_due IS NOT NULL",
)
_CHECKED = Need(
    "rejections held against facts", "SELECT TIMESTAMP '1970-01-01 00:00:00' AS occurred_at FROM answers_checked"
)
_LOST = Need("lost deals", "SELECT occurred_at FROM deals WHERE event = 'lost'")
_WON = Need("won deals", "SELECT occurred_at FROM deals WHERE event = 'won'")
_SPENT = Need("spend", "SELECT occurred_at FROM spend")
_MET = Need(
    "meetings",
    "SELECT occurred_at FROM reviews WHERE kind <> 'plan' "
    "UNION ALL SELECT occurred_at FROM agreements WHERE event = 'in_force'",
)
_PLANNED = Need(
    "plans",
    "SELECT occurred_at FROM reviews WHERE kind = 'plan' "
    "UNION ALL SELECT occurred_at FROM agreements WHERE event = 'in_force'",
)
_CONSENTED = Need("consents", "SELECT occurred_at FROM consent WHERE status = 'granted'")

_HANDOFF = tuple(obligations.KEPT_ON_HANDOFF)
_DEAL = tuple(obligations.KEPT_ON_DEAL)
_OWNERSHIP = ("events", "offers", "ownerships")
_RESPONSE_OUT = (obligations.UNOWNED, obligations.ABOVE_CAPACITY, obligations.NO_CLOCK, obligations.PASSED_ON)

_EVERY = (
    Metric(
        name="handoffs",
        sentence="How many people marketing passed to sales.",
        form=Form.COUNT,
        unit=Unit.COUNT,
        side=Side.MARKETING,
        numerator="Handoffs, each once, at its first offer; one that its source only declares qualified counts then.",
        denominator="None, it is a count.",
        cohort=Cohort.OFFER,
        open="Nothing is open: an offer has happened or not.",
        better="higher",
        articles=("qualification",),
        tables=("handoffs", "decisions"),
        mechanisms=("M24", "M38", "M45"),
        rows=obligations.handoffs,
        parts=("events", "offers"),
        needs=(_OFFERED,),
        columns=_HANDOFF,
        claims="declared qualified by the source, without a recorded offer",
    ),
    Metric(
        name="acceptance_rate",
        sentence="The share of answered handoffs that sales accepted.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.MARKETING,
        numerator="Handoffs whose first answer is accepted.",
        denominator="Handoffs with an answer: accepted, rejected or recycled.",
        cohort=Cohort.OFFER,
        open="A handoff without an answer is open while its answer clock runs; after that it is left out until it is "
        "answered, because silence says nothing about the lead.",
        better="higher",
        articles=("response.answer", "answers"),
        tables=("handoffs", "decisions"),
        mechanisms=("M25", "M30", "M44"),
        rows=obligations.acceptance,
        parts=(*_OWNERSHIP, "answers", "clocks"),
        needs=(_OFFERED, _ANSWERED),
        columns=_HANDOFF,
        left_out=(obligations.NOT_ANSWERED, obligations.UNOWNED, obligations.DECLARED),
    ),
    Metric(
        name="completeness_rate",
        sentence="The share of handoffs that came with every required field.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.MARKETING,
        numerator="Handoffs with every field under `qualification.requires` filled at the offer.",
        denominator="Handoffs for which that was recorded.",
        cohort=Cohort.OFFER,
        open="Nothing is open: what was there at the offer stays as it was.",
        better="higher",
        articles=("qualification.requires",),
        tables=("handoffs", "decisions"),
        mechanisms=("M31", "M32"),
        rows=obligations.completeness,
        parts=("events", "offers"),
        needs=(_OFFERED,),
        columns=_HANDOFF,
        left_out=(obligations.NOT_RECORDED,),
    ),
    Metric(
        name="replied_in_time",
        sentence="The share of rejections that marketing replied to within the agreed business time.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.MARKETING,
        numerator="Rejections with a reply at or before the due moment of the company's calendar.",
        denominator="Rejections with a reply, or whose reply clock has run out.",
        cohort=Cohort.EVENT,
        open="A rejection without a reply is open while its reply clock runs.",
        better="higher",
        articles=("answers.reply", "calendar"),
        tables=("handoffs",),
        mechanisms=("M27", "M38", "M98"),
        rows=obligations.replied,
        parts=("events", "offers", "rejections"),
        needs=(_REJECTED, _REPLIED),
        prepared="reply_clocks",
        columns=_HANDOFF,
    ),
    Metric(
        name="answered_in_time",
        sentence="The share of offers to an owner that were accepted, rejected or recycled before the answer clock "
        "ran out.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.SALES,
        numerator="Ownerships with the handoff's first answer at or before `answer_due` and before it was passed on.",
        denominator="Ownerships that were answered, or whose clock ran out; each owner's clock counts once, and a miss "
        "stays on record when the handoff is passed on.",
        cohort=Cohort.OFFER,
        open="An ownership without an answer is open while its clock runs; a re-route counts by its own date.",
        better="higher",
        articles=("response.answer", "capacity"),
        tables=("handoffs", "decisions"),
        mechanisms=("M25", "M34"),
        rows=obligations.answered,
        parts=(*_OWNERSHIP, "answers"),
        needs=(_OWNED, _ANSWERED),
        columns=_HANDOFF,
        left_out=(*_RESPONSE_OUT, "answered before it was passed on"),
    ),
    Metric(
        name="first_touch_in_time",
        sentence="The share of offers to an owner after which sales was in touch before the first touch clock ran out.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.SALES,
        numerator="Ownerships with a touch by sales, or a contacted or qualified event, at or before "
        "`first_touch_due`; the earliest one counts, whatever the order in which they arrived.",
        denominator="Ownerships that were touched, or whose clock ran out.",
        cohort=Cohort.OFFER,
        open="An ownership without a touch is open while its clock runs; a handoff that was rejected or recycled "
        "before that needs no touch and is left out.",
        better="higher",
        articles=("response.first_touch", "capacity"),
        tables=("handoffs", "touches", "decisions"),
        mechanisms=("M34", "M40"),
        rows=obligations.first_touch,
        parts=(*_OWNERSHIP, "endings", "sales_touches", "signs"),
        needs=(_OWNED, _TOUCHED),
        columns=_HANDOFF,
        left_out=(*_RESPONSE_OUT, obligations.ENDED, "touched before it was passed on"),
        claims="in time only by what somebody says; no system saw the touch",
    ),
    Metric(
        name="attempts_made",
        sentence="The share of offers to an owner with the agreed number of attempts, or that needed no more of them.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.SALES,
        numerator="Ownerships with at least `response.attempts.at_least` touches by sales until `attempts_due`, or in "
        "which the person was reached (a connected call, a reply, a meeting) or qualified before.",
        denominator="Those, and ownerships whose clock ran out, and rejections for a reason whose check reads "
        "`attempts`, which are judged at once.",
        cohort=Cohort.OFFER,
        open="An ownership with fewer attempts is open while its clock runs; one that was rejected for another reason, "
        "or recycled, before that is left out.",
        better="higher",
        articles=("response.attempts", "answers.reject", "capacity"),
        tables=("handoffs", "touches", "decisions"),
        mechanisms=("M34",),
        rows=obligations.attempts,
        parts=(*_OWNERSHIP, "endings", "sales_touches", "tries"),
        needs=(_OWNED, _TRIED),
        columns=_HANDOFF,
        left_out=(*_RESPONSE_OUT, obligations.ENDED, "ended before it was passed on"),
    ),
    Metric(
        name="rejections_not_contradicted",
        sentence="The share of rejections whose reason is not contradicted by a fact.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.SALES,
        numerator="Rejections whose reason's `check` held, or could not be told, on the lead as known at that moment.",
        denominator="Rejections for a reason with a `check`.",
        cohort=Cohort.EVENT,
        open="Nothing is open: what was known at the rejection is known.",
        better="higher",
        articles=("answers.reject",),
        tables=("handoffs", "profiles", "touches"),
        mechanisms=("M27", "M29", "M32"),
        rows=obligations.not_contradicted,
        parts=("events", "offers", "rejections"),
        needs=(_REJECTED, _CHECKED),
        columns=_HANDOFF,
        left_out=(obligations.UNCHECKED,),
        claims="taken at their word, because the fact to check was not known",
    ),
    Metric(
        name="win_rate",
        sentence="The share of closed deals that were won.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.BOTH,
        numerator="Deals whose last word is won.",
        denominator="Deals whose last word is won or lost, whether they began with a handoff or not; not those that "
        "were reopened or deleted.",
        cohort=Cohort.EVENT,
        open="Open deals are shown in the running period and count when they close. Not every accepted handoff becomes "
        "a deal, so acceptance times win rate is not the share of handoffs won.",
        better="higher",
        articles=("plan",),
        tables=("deals",),
        mechanisms=("M43", "M55"),
        rows=obligations.win_rate,
        parts=("deal_events", "closings"),
        needs=(_WON, _LOST),
        columns=_DEAL,
    ),
    Metric(
        name="new_revenue",
        sentence="What the deals won in the period are worth.",
        form=Form.SUM,
        unit=Unit.MONEY,
        side=Side.BOTH,
        numerator="The last stated amounts of won deals, in the agreement's currency at the rate of the day they were "
        "won.",
        denominator="None, it is a sum.",
        cohort=Cohort.EVENT,
        open="Open deals count when they are won.",
        better="higher",
        articles=("plan", "incentive"),
        tables=("deals", "rates"),
        mechanisms=("M08", "M09", "M43", "M58"),
        rows=obligations.new_revenue,
        parts=("deal_events", "closings", "rate_spans", "wins"),
        needs=(_WON,),
        columns=_DEAL,
        left_out=(obligations.NO_AMOUNT, obligations.NO_RATE),
    ),
    Metric(
        name="deal_size",
        sentence="What a won deal is worth on average.",
        form=Form.RATIO,
        unit=Unit.MONEY,
        side=Side.BOTH,
        numerator="The last stated amounts of won deals, in the agreement's currency at the rate of the day they were "
        "won.",
        denominator="Won deals with an amount that can be converted.",
        cohort=Cohort.EVENT,
        open="Open deals count when they are won.",
        better="higher",
        articles=("plan",),
        tables=("deals", "rates"),
        mechanisms=("M53", "M58"),
        rows=obligations.deal_size,
        parts=("deal_events", "closings", "rate_spans", "wins"),
        needs=(_WON,),
        columns=_DEAL,
        left_out=(obligations.NO_AMOUNT, obligations.NO_RATE),
    ),
    Metric(
        name="acquisition_cost",
        sentence="What a new customer cost.",
        form=Form.RATIO,
        unit=Unit.MONEY,
        side=Side.BOTH,
        numerator="Spend of both sides, split evenly over the time that it covers, in the agreement's currency.",
        denominator="Customers whose first won deal falls into the period; an account counts once.",
        cohort=Cohort.EVENT,
        open="Spend of a running stretch counts for the part that has passed.",
        better="lower",
        articles=("plan",),
        tables=("spend", "deals", "rates"),
        mechanisms=("M51", "M57"),
        rows=obligations.acquisition_cost,
        parts=("spans", "deal_events", "closings", "rate_spans"),
        needs=(_SPENT, _WON),
        left_out=(obligations.NO_AMOUNT, obligations.NO_RATE),
    ),
    Metric(
        name="cost_per_handoff",
        sentence="What a handoff cost.",
        form=Form.RATIO,
        unit=Unit.MONEY,
        side=Side.BOTH,
        numerator="Spend of both sides, split evenly over the time that it covers, in the agreement's currency.",
        denominator="Handoffs, each once, at its first offer.",
        cohort=Cohort.EVENT,
        open="Spend of a running stretch counts for the part that has passed.",
        better="lower",
        articles=("plan",),
        tables=("spend", "handoffs", "rates"),
        mechanisms=("M47",),
        rows=obligations.cost_per_handoff,
        parts=("spans", "events", "offers", "rate_spans"),
        needs=(_OFFERED, _SPENT),
        left_out=(obligations.NO_AMOUNT, obligations.NO_RATE),
        claims="declared qualified by the source, without a recorded offer",
    ),
    Metric(
        name="reviews_held",
        sentence="The share of planned meetings that were held.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.BOTH,
        numerator="Planned meetings with a held one of the same kind that names their day, or that took place on that "
        "day or later and before the next was due.",
        denominator="Planned meetings that were held, or after which the next one came due.",
        cohort=Cohort.EVENT,
        open="A planned meeting may still be held until the next one of its kind is due.",
        better="higher",
        articles=("review",),
        tables=("reviews",),
        mechanisms=("M21", "M96", "M97"),
        rows=obligations.reviews_held,
        parts=(),
        needs=(_MET,),
        prepared="reviews_due",
        enough=1,
    ),
    Metric(
        name="plan_agreed_before_start",
        sentence="Whether the plan of a period was agreed before the period began.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.LEADERSHIP,
        numerator="Periods whose plan was agreed before their first moment.",
        denominator="Periods that have begun.",
        cohort=Cohort.EVENT,
        open="Nothing is open: when the period begins, the plan was agreed or not.",
        better="higher",
        articles=("plan",),
        tables=("reviews",),
        mechanisms=("M07", "M11"),
        rows=obligations.plan_agreed,
        parts=("spans",),
        needs=(_PLANNED,),
        enough=1,
        settled=True,
    ),
    Metric(
        name="worked_rate",
        sentence="The share of handoffs on which sales acted at all.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.SALES,
        numerator="Handoffs with an answer or a touch by sales so far, in time or late.",
        denominator="Handoffs that were acted on, or whose last answer clock ran out.",
        cohort=Cohort.OFFER,
        open="A handoff on which nobody acted is open while an answer clock runs.",
        better="higher",
        articles=("response.answer", "capacity"),
        tables=("handoffs", "touches", "decisions"),
        mechanisms=("M28", "M29"),
        rows=obligations.worked,
        parts=(*_OWNERSHIP, "answers", "clocks", "sales_touches", "signs"),
        needs=(_OWNED, _ANSWERED),
        columns=_HANDOFF,
        left_out=(obligations.UNOWNED, obligations.ABOVE_CAPACITY, obligations.NO_CLOCK),
    ),
    Metric(
        name="qualified_rate",
        sentence="The share of accepted handoffs that sales qualified in conversation.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.BOTH,
        numerator="Accepted handoffs whose first outcome is qualified.",
        denominator="Accepted handoffs with an outcome, or whose outcome clock ran out.",
        cohort=Cohort.OFFER,
        open="An accepted handoff without an outcome is open while its outcome clock runs.",
        better="higher",
        articles=("response.outcome",),
        tables=("handoffs", "decisions"),
        mechanisms=("M30", "M44"),
        rows=obligations.qualified,
        parts=(*_OWNERSHIP, "answers", "endings", "clocks"),
        needs=(_OFFERED, _QUALIFIED),
        columns=_HANDOFF,
        left_out=(obligations.NO_CLOCK,),
    ),
    Metric(
        name="recycled_rate",
        sentence="The share of handoffs with an outcome that went back to marketing for nurture.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.BOTH,
        numerator="Handoffs whose first outcome is recycled.",
        denominator="Handoffs with an outcome: qualified, rejected or recycled.",
        cohort=Cohort.OFFER,
        open="A handoff without an outcome is open while its outcome clock runs, and left out after.",
        better="lower",
        articles=("answers.recycle",),
        tables=("handoffs", "decisions"),
        mechanisms=("M26",),
        rows=obligations.recycled,
        parts=(*_OWNERSHIP, "endings", "clocks"),
        needs=(_OFFERED, _QUALIFIED),
        columns=_HANDOFF,
        left_out=(obligations.NO_CLOCK, "without an outcome"),
    ),
    Metric(
        name="rejections_with_reason",
        sentence="The share of rejections that carry a reason.",
        form=Form.SHARE,
        unit=Unit.SHARE,
        side=Side.SALES,
        numerator="Rejections with the code of a reason.",
        denominator="Rejections.",
        cohort=Cohort.EVENT,
        open="Nothing is open: a rejection has its reason or not.",
        better="higher",
        articles=("answers.reject",),
        tables=("handoffs",),
        mechanisms=("M27",),
        rows=obligations.with_reason,
        parts=("events", "offers", "rejections"),
        needs=(_REJECTED,),
        columns=_HANDOFF,
    ),
    Metric(
        name="unowned_handoffs",
        sentence="How many handoffs were offered without an owner.",
        form=Form.COUNT,
        unit=Unit.COUNT,
        side=Side.BOTH,
        numerator="Handoffs whose first offer names no owner.",
        denominator="None, it is a count.",
        cohort=Cohort.OFFER,
        open="Nothing is open: the offer had an owner or not.",
        better="lower",
        articles=("routing", "teams"),
        tables=("handoffs", "decisions"),
        mechanisms=("M31",),
        rows=obligations.unowned,
        parts=("events", "offers"),
        needs=(_OWNED,),
        columns=_HANDOFF,
    ),
    Metric(
        name="time_without_owner",
        sentence="How long a handoff that was offered without an owner waited for one: system time, nobody's miss.",
        form=Form.MEDIAN,
        unit=Unit.HOURS,
        side=Side.BOTH,
        numerator="The middle of the business hours of the company's calendar from the offer to the first owner.",
        denominator="Handoffs offered without an owner that have one by now.",
        cohort=Cohort.OFFER,
        open="A handoff that still has no owner is open.",
        better="lower",
        articles=("routing", "teams", "calendar"),
        tables=("handoffs", "decisions"),
        mechanisms=("M31",),
        rows=obligations.unowned_time,
        parts=_OWNERSHIP,
        needs=(_OWNED,),
        prepared="unowned_hours",
        columns=_HANDOFF,
    ),
    Metric(
        name="first_touch_time",
        sentence="How long a lead waited for the first touch by sales.",
        form=Form.MEDIAN,
        unit=Unit.HOURS,
        side=Side.SALES,
        numerator="The middle of the business hours of the owning team's calendar from the offer to the first touch.",
        denominator="Ownerships in which sales was in touch.",
        cohort=Cohort.OFFER,
        open="An ownership without a touch is open; the middle is that of those touched so far, so it can still grow.",
        better="lower",
        articles=("response.first_touch", "teams", "calendar"),
        tables=("handoffs", "touches", "decisions"),
        mechanisms=("M34", "M54"),
        rows=obligations.first_touch_time,
        parts=(*_OWNERSHIP, "endings", "sales_touches", "signs"),
        needs=(_OWNED, _TOUCHED),
        prepared="touch_hours",
        columns=_HANDOFF,
        left_out=(
            obligations.UNOWNED,
            obligations.ABOVE_CAPACITY,
            "touched before it was passed on",
            "passed on before a touch",
            "rejected or recycled before a touch",
        ),
    ),
    Metric(
        name="opt_ins",
        sentence="How many times people allowed marketing to write to them.",
        form=Form.COUNT,
        unit=Unit.COUNT,
        side=Side.MARKETING,
        numerator="Consents granted for marketing.email.",
        denominator="None, it is a count.",
        cohort=Cohort.EVENT,
        open="Nothing is open: consent was granted or not.",
        better="higher",
        articles=("contact.consent",),
        tables=("consent",),
        mechanisms=("M48",),
        rows=obligations.opt_ins,
        parts=(),
        needs=(_CONSENTED,),
    ),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _EVERY}
