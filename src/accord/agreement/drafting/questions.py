"""What is asked before a first agreement can be written: each question with its reason, its default and its limits.

Sections stand in the order in which people answer them. What differs between templates is the section of the teams.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accord.agreement.drafting.kinds import (
    YES_NO,
    Choice,
    Column,
    Country,
    Currency,
    Day,
    Handle,
    Holidays,
    Hours,
    Kind,
    ListOf,
    Matching,
    MonthDay,
    Option,
    Rows,
    Several,
    Text,
    Time,
    Whole,
    Words,
    Zone,
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its key in a file of answers, what is asked, why it matters in one sentence, what may be answered.

    An optional question may be left open. Any other takes its default where a file says nothing, and has to be answered
    where it has none. `follows` says what a default is taken from that is not the same for everybody.
    """

    key: str
    ask: str
    why: str
    kind: Kind
    default: Any = None
    optional: bool = False
    follows: str = ""

    def __post_init__(self) -> None:
        if not self.why.endswith("."):
            raise ValueError(f"question {self.key} needs a sentence that says why")

    @property
    def is_required(self) -> bool:
        """Whether a file of answers must hold it."""
        return not self.optional and self.default is None and not self.follows

    def as_json(self) -> dict[str, object]:
        """Plain values, for `--json`."""
        said = {"key": self.key, "ask": self.ask, "why": self.why, "required": self.is_required}
        return {**said, "default": self.default, "follows": self.follows, **self.kind.as_json()}


@dataclass(frozen=True, slots=True)
class Section:
    """Questions about one thing, under a heading."""

    title: str
    sentence: str
    questions: tuple[Question, ...]


HANDLES = ListOf(Handle(), "handles of people, such as tomas, sara")
COUNTRIES = ListOf(Country(), "countries by their codes, such as DE, AT, CH", most=249)
TEAM = Matching("a short name such as dach-sdr: small letters, digits and hyphens", r"[a-z0-9][a-z0-9-]{0,63}", True)
TOUCH = Matching("a touch as thing.act, such as form.demo-request", r"[a-z0-9][\w-]{0,39}\.[a-z0-9][\w.-]{0,59}", True)
FORMS = ListOf(
    Matching("the name of a form, such as demo-request", r"[a-z0-9][\w.-]{0,59}", True),
    "names of forms, such as demo-request",
    most=10,
)
PERCENT = Whole(1, 100, "%")
POINTS = Whole(1, 1_000, "points")
MONEY = Whole(1, 10**12)
DAYS = Choice(
    (
        Option("mon-fri", "Monday to Friday"),
        Option("mon-thu", "Monday to Thursday"),
        Option("mon-sat", "Monday to Saturday"),
        Option("sun-thu", "Sunday to Thursday"),
        Option("mon-sun", "Every day"),
    )
)
REASONS = Several(
    (
        Option("too_small", "Company too small"),
        Option("wrong_country", "We do not sell there"),
        Option("wrong_role", "Not a decision maker"),
        Option("competitor", "Competitor"),
        Option("duplicate", "Already known"),
        Option("wrong_data", "Wrong contact data"),
        Option("unreachable", "Cannot be reached"),
        Option("no_interest", "Not interested"),
    )
)

COMPANY = Section(
    "Your company",
    "What stands at the head of the agreement.",
    (
        Question("company", "What is your company called?", "The agreement bears its name.", Text(120)),
        Question(
            "purpose",
            "What is the company there for?",
            "One sentence that both teams would sign reminds them what the numbers are about.",
            Text(300),
            optional=True,
        ),
        Question(
            "currency", "In which currency do you plan?", "Plans and deal sizes are shown in it.", Currency(), "EUR"
        ),
        Question(
            "time_zone",
            "In which time zone do you work?",
            "Every time in the agreement that names no zone is meant in this one.",
            Zone(),
            "Europe/Berlin",
        ),
        Question(
            "fiscal_year_start",
            "On which day does your fiscal year begin?",
            "Quarters and years are counted from it.",
            MonthDay(),
            "01-01",
        ),
    ),
)
SIGNING = Section(
    "Who signs and who mediates",
    "People are named by their handle, so that a change of name or address needs no new version.",
    (
        Question(
            "signs_marketing",
            "Who signs for marketing?",
            "An agreement holds when the heads of both teams have put their names to it.",
            Handle(),
        ),
        Question("signs_sales", "Who signs for sales?", "The other half of the agreement is theirs.", Handle()),
        Question(
            "deputy_marketing",
            "Who signs for marketing when that person is away?",
            "A change should not wait for a holiday to end.",
            Handle(),
            optional=True,
        ),
        Question(
            "deputy_sales",
            "Who signs for sales when that person is away?",
            "A change should not wait for a holiday to end.",
            Handle(),
            optional=True,
        ),
        Question(
            "liaison",
            "Who is the liaison between both teams?",
            "Somebody both sides trust looks after open questions, escalations and the regular meeting.",
            Handle(),
        ),
    ),
)
HOURS = Section(
    "When you work",
    "Clocks run in business time only: what comes in at night is due the next working day.",
    (
        Question("days", "On which days do you work?", "On other days no clock runs.", DAYS, "mon-fri"),
        Question(
            "hours",
            "From when until when?",
            "Four hours to answer are four hours of these; a break at noon can be left out.",
            Hours(),
            "09:00-17:00",
        ),
        Question(
            "holidays",
            "Whose public holidays do you keep?",
            "On a public holiday no clock runs, and nobody has to type the dates.",
            Holidays(),
            optional=True,
            follows="those of the country of the time zone",
        ),
    ),
)
WHOM = Section(
    "Whom you sell to",
    "A lead outside of this is not handed over, whatever it does on your pages.",
    (
        Question(
            "countries",
            "To which countries do you sell?",
            "Leads from elsewhere stay with marketing; left open, every country counts.",
            COUNTRIES,
            optional=True,
        ),
        Question(
            "employees_from",
            "How many employees does a company have at least?",
            "Smaller companies are kept back; a company whose size nobody knows is not.",
            Whole(1, 10_000_000, "employees"),
            10,
            optional=True,
        ),
        Question(
            "employees_to",
            "How many at most?",
            "Larger companies are kept back; left open, none is too large.",
            Whole(1, 10_000_000, "employees"),
            optional=True,
        ),
        Question(
            "titles",
            "Which words in a job title speak of somebody who decides?",
            "People who decide or propose get points for it.",
            ListOf(Words(), "words of job titles, such as head, director", most=30),
            ["chief", "head", "director", "manager", "owner", "founder"],
            optional=True,
        ),
        Question(
            "required",
            "What must be known about a lead before it is handed over?",
            "A rep cannot work with a lead that nobody can reach; what is incomplete waits with marketing.",
            Several(
                (
                    Option("has_email", "E-mail address"),
                    Option("has_phone", "Telephone number"),
                    Option("company", "Company"),
                    Option("country", "Country"),
                    Option("title", "Job title"),
                    Option("employees", "Number of employees"),
                )
            ),
            ["has_email", "company"],
            optional=True,
        ),
    ),
)
INTEREST = Section(
    "What shows interest",
    "Each touch gives points, which halve as it grows old. Names are those that your website and your tools send.",
    (
        Question(
            "signals",
            "Which touches show interest, and how much?",
            "This is the table of points that both teams can read and argue about.",
            Rows(
                (
                    Column("touch", "Touch", TOUCH, hint="As thing.act."),
                    Column("points", "Points", POINTS),
                    Column("half_life", "Halved after days", Whole(1, 366, "days")),
                    Column("at_most", "Together at most", POINTS, hint="However often it happens."),
                ),
                "touch",
                most=20,
            ),
            [
                {"touch": "form.demo-request", "points": 40, "half_life": 30, "at_most": 40},
                {"touch": "form.price-request", "points": 30, "half_life": 14, "at_most": 30},
                {"touch": "webinar.attended", "points": 18, "half_life": 30, "at_most": 36},
                {"touch": "page.pricing", "points": 7, "half_life": 7, "at_most": 21},
                {"touch": "email.clicked", "points": 3, "half_life": 14, "at_most": 9},
            ],
        ),
        Question(
            "at_once",
            "Which forms go to sales at once, whatever the points?",
            "Whoever asks to be called should not have to collect points first.",
            FORMS,
            ["demo-request"],
            optional=True,
        ),
    ),
)
LINE = Section(
    "When a lead is qualified",
    "The size you sell to gives 20 points, your countries 15, a title that decides 15; the rest comes from interest.",
    (
        Question(
            "line",
            "From how many points on is a lead handed over?",
            "The one number both teams will talk about most; start low enough to learn, and raise it together.",
            POINTS,
            50,
        ),
        Question(
            "fit_line",
            "How many of them must be for what the lead is?",
            "Much interest from somebody you cannot sell to is not enough.",
            POINTS,
            20,
            optional=True,
        ),
        Question(
            "a_band",
            "From how many points on is it an A lead?",
            "The strongest leads can be told apart from those that just crossed the line.",
            POINTS,
            80,
        ),
        Question(
            "again_days",
            "For how many days is the same person not handed over again?",
            "Nobody should come back to the queue because of one more click.",
            Whole(1, 730, "days"),
            90,
        ),
    ),
)
ANSWERING = Section(
    "How fast sales answers",
    "Clocks start when a lead is offered to somebody and run on the hours of that team.",
    (
        Question(
            "answer",
            "Within which time does sales accept, reject or recycle a lead?",
            "Interest cools quickly, and marketing learns from every answer.",
            Time(),
            "4h",
        ),
        Question(
            "first_touch",
            "Within which time is the first contact made?",
            "An accepted lead is worth what follows it.",
            Time(),
            "8h",
        ),
        Question(
            "first_touch_at_once",
            "And where somebody asked to be called?",
            "The forms above that go to sales at once get this time instead.",
            Time(),
            "30m",
            optional=True,
        ),
        Question(
            "attempts",
            "How often is a lead tried before it is closed?",
            "One call without an answer says little.",
            Whole(1, 30, "times"),
            5,
        ),
        Question("attempts_within", "Within which time?", "Tries belong close together.", Time(), "10d"),
        Question(
            "outcome",
            "Within which time does a lead have an outcome?",
            "Qualified, rejected or recycled: nothing stays open without an end.",
            Time(),
            "15d",
        ),
        Question(
            "escalate_after",
            "How long after a missed answer is somebody told?",
            "The owner is reminded at once; help comes when a reminder was not enough.",
            Time("business time"),
            "2h",
            optional=True,
        ),
        Question(
            "escalate_to",
            "Who is told?",
            "Somebody who can find out what is in the way; left open, the liaison.",
            Handle(),
            optional=True,
        ),
        Question(
            "reroute_after",
            "How long after a missed answer does the lead go to somebody else?",
            "A lead should not wait for one person; left open, it stays with its owner.",
            Time("business time"),
            "1d",
            optional=True,
        ),
        Question(
            "open_per_person",
            "How many open leads can one person carry?",
            "What comes above it is kept out of the promises to answer, counted and shown.",
            Whole(1, 10_000, "leads"),
            40,
            optional=True,
        ),
    ),
)
NOT_NOW = Section(
    "When sales says no",
    "A reason that both sides understand is how marketing gets better. Fewer than twelve: nobody chooses among more.",
    (
        Question(
            "reject",
            "For which reasons may sales reject a lead?",
            "Where a fact can speak to a reason, such as the number of employees, the two are held side by side.",
            REASONS,
            ["too_small", "wrong_role", "competitor", "duplicate", "wrong_data", "unreachable", "no_interest"],
            optional=True,
        ),
        Question(
            "reject_own",
            "Which reasons of your own?",
            "Reasons in the words that your reps use are the ones that get chosen.",
            ListOf(Text(60), "reasons in your own words, one a line", most=8, by_line=True),
            optional=True,
        ),
        Question(
            "recycle",
            "For which reasons does a lead go back to marketing, and when does it return?",
            "Not now is not never: a recycled lead comes back by itself when its time has come.",
            Rows(
                (
                    Column("label", "Reason", Text(60)),
                    Column("days", "Comes back after days", Whole(1, 1_095, "days")),
                    Column("with_interest", "Only with enough points", YES_NO),
                ),
                "reason",
                most=8,
            ),
            [
                {"label": "Not now", "days": 30, "with_interest": "yes"},
                {"label": "No budget this year", "days": 180, "with_interest": "no"},
            ],
        ),
        Question(
            "reply",
            "Within which time does marketing answer a rejection?",
            "Whoever takes the trouble to give a reason should hear what follows from it.",
            Time(),
            "2d",
        ),
    ),
)
SHIELD = Section(
    "Who must not be written to",
    "These hold before every campaign. Where it is not known whether one of them applies, nobody is written to.",
    (
        Question(
            "never",
            "Who is never written to?",
            "No message is worth writing to somebody who said no.",
            Several(
                (
                    Option("unsubscribed", "Who has unsubscribed"),
                    Option("bounced", "Whose address bounces"),
                    Option("is_competitor", "Who works for a competitor"),
                )
            ),
            ["unsubscribed", "bounced"],
            optional=True,
        ),
        Question(
            "consent",
            "Who gets mail from marketing?",
            "Ask whoever advises you on data protection: in many countries only those who said yes may be written to.",
            Choice((Option("opt_in", "Only who said yes"), Option("opt_out", "Everybody who did not say no"))),
            "opt_in",
        ),
        Question(
            "shield",
            "Whom does marketing leave to sales?",
            "Somebody in negotiation belongs to their rep; a campaign in the middle of it costs trust.",
            Several(
                (
                    Option("negotiation", "Who is negotiating with us"),
                    Option("open_handoff", "Whose lead is open with sales"),
                    Option("open_deal", "Whose company has an open deal"),
                    Option("customer", "Whose company is a customer"),
                )
            ),
            ["negotiation", "open_handoff"],
            optional=True,
        ),
        Question(
            "mails_per_week",
            "How many mails a week does one person get from marketing at most?",
            "Both teams write to the same people, and people count.",
            Whole(1, 50, "mails"),
            2,
            optional=True,
        ),
    ),
)
PROMISES = Section(
    "What each side promises",
    "Measured on the same facts, for both sides alike. Leave open what you do not want to promise yet.",
    (
        Question(
            "promise_handoffs",
            "How many leads does marketing hand over a month, at least?",
            "Sales plans its week by it.",
            Whole(1, 1_000_000, "leads"),
            30,
            optional=True,
        ),
        Question(
            "promise_accepted",
            "Which share of the answered leads does sales accept?",
            "Marketing promises quality as well as number.",
            PERCENT,
            75,
            optional=True,
        ),
        Question(
            "promise_complete",
            "Which share of the leads is handed over complete?",
            "Looking up a missing company is time that nobody spends with a customer.",
            PERCENT,
            95,
            optional=True,
        ),
        Question(
            "promise_replies",
            "Which share of the rejections does marketing answer in time?",
            "An answer keeps reasons honest on both sides.",
            PERCENT,
            90,
            optional=True,
        ),
        Question(
            "promise_answered",
            "Which share of the leads does sales answer in time?",
            "This is the clock that everybody waits for.",
            PERCENT,
            90,
            optional=True,
        ),
        Question(
            "promise_first_touch",
            "Which share of the leads is contacted in time?",
            "An answer in the system is not yet a conversation.",
            PERCENT,
            90,
            optional=True,
        ),
        Question(
            "promise_tried",
            "Which share of the leads is tried as often as agreed?",
            "Marketing's work ends where nobody calls a second time.",
            PERCENT,
            90,
            optional=True,
        ),
        Question(
            "promise_reasons",
            "Which share of the rejections is not contradicted by the facts?",
            "A reason that the facts bear out is one that marketing can act on.",
            PERCENT,
            95,
            optional=True,
        ),
        Question(
            "promise_won",
            "Which share of the closed deals do both teams want to win?",
            "A shared number is what both sides are there for; leave it open until you know yours.",
            PERCENT,
            optional=True,
        ),
    ),
)
STARTING = Section(
    "When it begins and when you meet",
    "Handoffs that have begun finish under the version that they began with.",
    (
        Question(
            "in_force_from",
            "From which day is it in force?",
            "From the first minute of this day on leads are handed over by it.",
            Day(),
            follows="next Monday",
        ),
        Question("version", "Which number has this version?", "Versions are counted, so that nobody reads an old one.",
                 Whole(1, 100_000), 1),
        Question(
            "meeting",
            "How often do both teams meet?",
            "A short regular look at the same numbers is what keeps an agreement alive.",
            Choice((Option("1", "Every week"), Option("2", "Every two weeks"), Option("4", "Every four weeks"))),
            "2",
        ),
        Question(
            "meeting_day",
            "On which day?",
            "A fixed day needs no planning; the first meeting is on the first such day.",
            Choice(
                (
                    Option("MO", "Monday"),
                    Option("TU", "Tuesday"),
                    Option("WE", "Wednesday"),
                    Option("TH", "Thursday"),
                    Option("FR", "Friday"),
                )
            ),
            "TU",
        ),
    ),
)  # fmt: skip
PLAN = Section(
    "The plan of the first quarter",
    "Optional. The shared numbers along the funnel; leave all of them open when there is no plan yet.",
    (
        Question(
            "plan_quarter",
            "For which quarter?",
            "Quarters follow your fiscal year; left open, it is the first one that begins under the agreement.",
            Matching("a quarter such as 2027-Q1", r"20[0-9]{2}-Q[1-4]"),
            optional=True,
        ),
        Question(
            "plan_handoffs",
            "How many leads are handed over?",
            "The first number of the plan, and the one that marketing sets.",
            Whole(1, 10_000_000, "leads"),
            optional=True,
        ),
        Question(
            "plan_win_rate",
            "Which share of the closed deals is won?",
            "A plan that says where it expects to win can be split when it falls short.",
            PERCENT,
            optional=True,
        ),
        Question(
            "plan_deal_size", "What is a won deal worth on average?", "Fewer, larger deals are another plan.", MONEY,
            optional=True,
        ),
        Question(
            "plan_new_revenue",
            "How much new revenue follows?",
            "The number that both teams share in the end.",
            MONEY,
            optional=True,
        ),
    ),
)  # fmt: skip

COMPANYS = "Left open, the company's."
OWN_CALENDAR = (
    Column("hours", "Own hours", Hours(), optional=True, hint=COMPANYS),
    Column("holidays", "Own holidays", Holidays(), optional=True, hint=COMPANYS),
    Column("time_zone", "Own time zone", Zone(), optional=True, hint=COMPANYS),
)
NAME = Column("name", "Short name", TEAM, hint="As the page Teams has it.")
PEOPLE = Column("people", "People", HANDLES, hint="By handle, parted by commas.")
DEPUTY = Column("deputy", "Deputy", Handle(), optional=True, hint="Left open, nobody stands in.")
SHARING = (
    Question(
        "owner_first",
        "Does an owner of the account come first?",
        "Whoever knows the company already should hear from it first.",
        YES_NO,
        "yes",
    ),
    Question(
        "method",
        "How does a team share out its leads?",
        "In turn is even over weeks; by load helps where leads take very different time.",
        Choice((Option("round_robin", "In turn"), Option("least_loaded", "To whoever has the fewest open"))),
        "round_robin",
    ),
)


def teams(rows: Rows, sentence: str, *more: Question) -> Section:
    """The section of the teams, as one template asks for it."""
    ask = (
        "Which team is it, and who is in it?"
        if rows.labels and len(rows.labels) == 1
        else "Which teams, and who is in them?"
    )
    why = "A lead goes to a person on duty in a team, and its clock runs on that team's hours."
    return Section("Who answers", sentence, (Question("teams", ask, why, rows), *more, *SHARING))
