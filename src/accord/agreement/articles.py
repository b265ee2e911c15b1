"""The one declaration of the agreement's format: every key, its shape, its meaning, and the code that acts on it.

The reader, the JSON Schema, the list of what is not yet enforced and `docs/definitions/agreement.md` follow from it.
"""

from __future__ import annotations

from typing import Any

from accord.agreement.clock import Duration
from accord.agreement.document import (
    OFFER_AGAIN,
    TELL,
    Act,
    Agreement,
    Answers,
    Attempts,
    Brand,
    Breach,
    Capacity,
    Card,
    Contact,
    Explore,
    FitRow,
    Frequency,
    Incentive,
    IntentRow,
    Method,
    Missing,
    Period,
    Persona,
    Preamble,
    Promise,
    Qualification,
    RecycleReason,
    RejectReason,
    Reply,
    Requires,
    Response,
    Review,
    Role,
    RouteRule,
    Routing,
    ScoreLine,
    SecondLook,
    Shield,
    Side,
    Signatories,
    Team,
    Within,
)
from accord.agreement.shape import (
    HANDLE,
    Choice,
    Field,
    ListOf,
    MapOf,
    Moment,
    Number,
    OneOrMore,
    OpeningHours,
    Parsed,
    Record,
    Shape,
    Switch,
    Text,
    Zone,
    month_and_day,
    seconds_after_midnight,
)

FORMAT = 1
CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF
XPF YER ZAR ZMW ZWG
"""
CURRENCIES = tuple(CODES.split())  # ISO 4217, those of countries in use
WRITERS = ("marketing", "sales", "any")

# Which module below `accord` acts on a key; a test holds that it looks at the attribute.
CARD, QUALIFY, ROUTE = ("agreement.card",), ("agreement.qualify",), ("agreement.route",)
RULES, DECIDE, CONTACT = ("agreement.rules",), ("agreement.decide",), ("agreement.contact",)
PROMISE, COUNTING, TEAMS = ("agreement.promise",), ("agreement.counting",), ("agreement.document",)
PACE, REPLIES = ("report.plan",), ("agreement.replies",)
CALENDAR_KEYS, OPENINGS = ("agreement.calendar",), ("agreement.openings",)
NAMES, CHECK, PROSE, READ = (
    ("agreement.names",),
    ("agreement.contradictions",),
    ("agreement.prose",),
    ("agreement.articles",),
)

TEXT = Text()
TEXTS = ListOf(TEXT)
HANDLES = ListOf(Text("a handle such as mia", HANDLE))
HANDLE_ = Text("a handle such as mia", HANDLE)
CONDITION = Text("a condition (an SQL predicate in quotes)")
CODE = Text("a code such as too_small", HANDLE)
TEAM_NAME = Text("the name of a team", HANDLE)
CARD_NAME = Text("the name of a card", HANDLE)
METRIC = Text("the name of a metric that `accord metrics` lists", HANDLE)
DURATION = Parsed(
    "a duration such as 30m, 4h or 2d",
    r"^[0-9]{1,9}[smhd]$",
    Duration.parse,
    lambda: Duration.parse("1d"),
)
SHARE = Number(least=0, most=1)
MONEY = Number(least=0)
COUNT = Number(least=1, whole=True)
RECURRENCE = Text("an RRULE of RFC 5545 such as FREQ=WEEKLY;INTERVAL=2;BYDAY=TU")
SIDE, PERIOD = Choice(Side), Choice(Period)


def _side_keys(value: Shape, sentence: str, by: tuple[str, ...], make: Any, later: str = "") -> Record:
    sides = (Side.MARKETING, Side.SALES)
    fields = tuple(Field(side.value, value, f"{sentence} {side.value}.", by, later=later) for side in sides)
    return Record("both sides", fields, make)


def _by_side(**values: Any) -> dict[Side, Any]:
    return {Side(name): value for name, value in values.items()}


def _card(name: str, values: dict[str, Any]) -> Card:
    bands = tuple((band, float(line)) for band, line in values.get("bands", {}).items())
    return Card(name, values.get("fit", ()), values.get("intent", ()), bands)


def _agreement(**values: Any) -> Agreement:
    values.pop("accord", None)
    return Agreement(**values)


SIGNATORIES = Record(
    "the signatories",
    (
        Field("marketing", HANDLES, "Who signs for marketing.", NAMES, required=True),
        Field("sales", HANDLES, "Who signs for sales.", NAMES, required=True),
        Field(
            "deputies", _side_keys(HANDLES, "Who signs when nobody else can for", NAMES, _by_side), "Deputies.", NAMES
        ),
    ),
    Signatories,
)

PREAMBLE = Record(
    "the preamble",
    (
        Field("purpose", TEXT, "Why the company exists, in a sentence.", PROSE),
        Field("values", TEXTS, "What both teams hold to.", PROSE),
        Field("story", TEXT, "Where the company comes from.", PROSE),
    ),
    Preamble,
)

ROLE = Record(
    "a role",
    (
        Field("role", TEXT, "The name of the role.", PROSE, required=True),
        Field("side", SIDE, "Whose role it is.", PROSE, required=True),
        Field("owner", HANDLE_, "Who holds it.", PROSE, required=True),
        Field("scope", TEXTS, "What the role decides.", PROSE),
        Field("tools", TEXTS, "What it works with.", later="The members list will show it."),
    ),
    Role,
)

CALENDAR = OpeningHours(
    Record(
        "a calendar",
        (
            Field(
                "hours",
                MapOf(Text('windows such as "09:00-12:30, 13:15-17:30"'), "day or span of days", r"^[A-Za-z-]+$"),
                "Open windows per day or span of days; clocks run only inside them.",
                OPENINGS,
                required=True,
            ),
            Field(
                "holidays",
                Text("a country or region such as DE or DE-BE"),
                "Whose public holidays are closed.",
                CALENDAR_KEYS,
            ),
            Field("closed", ListOf(Text("a date such as 2026-12-24")), "Further closed days.", OPENINGS),
            Field("time_zone", Zone(), "The zone of these hours; without it, the company's.", CALENDAR_KEYS),
        ),
        dict,
    )
)

TEAM = Record(
    "a team",
    (
        Field("people", HANDLES, "Who answers the team's handoffs.", ROUTE, required=True),
        Field("deputy", HANDLE_, "Who stands in for all of them.", ROUTE),
        Field("calendar", CALENDAR, "The team's business time; without it, the company's.", TEAMS),
        Field(
            "hours",
            MapOf(CALENDAR, "handle"),
            "Working hours of people who keep others than their team; rules with `in_hours` read them, clocks do not.",
            RULES,
        ),
    ),
    Team,
)

PERSONA = Record(
    "a persona",
    (
        Field("name", TEXT, "What both teams call it.", RULES, required=True),
        Field("where", CONDITION, "Who belongs to it; the first persona that fits counts.", RULES, required=True),
    ),
    Persona,
)

CARDS = MapOf(
    Record(
        "a card",
        (
            Field(
                "fit",
                ListOf(
                    Record(
                        "a fit row",
                        (
                            Field("when", CONDITION, "For whom the points count.", RULES, required=True),
                            Field("points", Number(), "Points; below zero takes away.", CARD, required=True),
                            Field("because", TEXT, "Why, for the reader.", PROSE),
                        ),
                        FitRow,
                    )
                ),
                "Points for what somebody is.",
                CARD,
            ),
            Field(
                "intent",
                ListOf(
                    Record(
                        "an intent row",
                        (
                            Field("touch", TEXT, "Which touch, as channel.kind.", CARD, required=True),
                            Field("points", Number(), "Points for a touch of just now.", CARD, required=True),
                            Field("half_life", DURATION, "Wall time in which the points halve.", CARD),
                            Field("at_most", Number(above=0), "Ceiling for all touches of the row.", CARD),
                        ),
                        IntentRow,
                    )
                ),
                "Points for what somebody did, halving with age.",
                CARD,
            ),
            Field("bands", MapOf(Number(), "band"), "From which score on each band begins, highest first.", CARD),
        ),
        dict,
    ),
    "card",
    make=_card,
)

QUALIFICATION = Record(
    "the qualification",
    (
        Field(
            "score",
            Record(
                "a score line",
                (
                    Field("card", CARD_NAME, "Which card counts.", CARD, required=True),
                    Field("at_least", Number(), "Points from which a lead qualifies.", QUALIFY, required=True),
                    Field("fit_at_least", Number(), "How many of them must be for fit.", QUALIFY),
                ),
                ScoreLine,
            ),
            "The line of points.",
            QUALIFY,
        ),
        Field("where", CONDITION, "What must be true besides; unknown counts as not met.", QUALIFY),
        Field("unless", CONDITION, "What keeps a lead back; unknown does not block.", QUALIFY),
        Field("always", CONDITION, "What skips the score, and only the score; unknown counts as not met.", QUALIFY),
        Field(
            "requires",
            Record(
                "required fields",
                (
                    Field("fields", ListOf(TEXT, least=1), "Columns that must not be empty.", QUALIFY, required=True),
                    Field(
                        "missing",
                        Choice(Missing),
                        "Hold the lead, or hand it over as a defect.",
                        QUALIFY,
                        required=True,
                    ),
                ),
                Requires,
            ),
            "What must be known about a lead before it is handed over.",
            QUALIFY,
        ),
        Field("again", DURATION, "The same person is not handed over twice within this wall time.", DECIDE),
        Field(
            "tick",
            Parsed('a time of day such as "06:00"', r"^\d{2}:\d{2}$", seconds_after_midnight, lambda: 0),
            "When, once a day, conditions that come true as time passes are looked at.",
            RULES,
        ),
    ),
    Qualification,
    one_of=("score", "where", "always"),
)

ROUTING = Record(
    "the routing",
    (
        Field("owner_first", Switch(), "An owner of the account comes before every rule.", ROUTE),
        Field(
            "including_parent",
            Switch(),
            "With `owner_first`: where nobody owns the account, the owner of the account above it.",
            ROUTE,
        ),
        Field(
            "rules",
            ListOf(
                Record(
                    "a rule",
                    (
                        Field("when", CONDITION, "For which leads; a rule without it takes all.", RULES),
                        Field("team", TEAM_NAME, "Which team answers.", ROUTE, required=True),
                        Field("method", Choice(Method), "How the team shares out its handoffs.", ROUTE),
                        Field("weights", MapOf(Number(least=0, whole=True), "handle"), "Shares of the people.", ROUTE),
                        Field(
                            "in_hours",
                            Switch(),
                            "Turns go to people in their working hours while there are any; else hours do not matter.",
                            ROUTE,
                        ),
                    ),
                    RouteRule,
                )
            ),
            "Rules in order; the first that fits chooses.",
            ROUTE,
            required=True,
        ),
    ),
    Routing,
)

CAPACITY = MapOf(
    Record(
        "a capacity",
        (
            Field("open_per_person", COUNT, "Open handoffs a person holds at most.", ROUTE),
            Field("new_per_person_per_day", COUNT, "New handoffs a person gets a day at most.", ROUTE),
        ),
        Capacity,
        one_of=("open_per_person", "new_per_person_per_day"),
    ),
    "team",
)

WITHIN = Record(
    "a limit",
    (
        Field("within", DURATION, "Business time of the owning team's calendar.", DECIDE, required=True),
        Field("when", CONDITION, "For which leads; the first limit that fits counts.", RULES),
    ),
    Within,
)

RESPONSE = Record(
    "the response",
    (
        Field("answer", OneOrMore(WITHIN), "Accept, reject or recycle within.", RULES),
        Field("first_touch", OneOrMore(WITHIN), "First contact by sales within.", RULES),
        Field(
            "attempts",
            Record(
                "attempts",
                (
                    Field(
                        "at_least",
                        COUNT,
                        "How often a lead is tried before it is closed.",
                        ("agreement.counting",),
                        required=True,
                    ),
                    Field("within", DURATION, "In which business time.", DECIDE, required=True),
                ),
                Attempts,
            ),
            "How persistently a lead is tried.",
            DECIDE,
        ),
        Field("outcome", OneOrMore(WITHIN), "Qualified, rejected or recycled within.", RULES),
        Field(
            "on_breach",
            ListOf(
                Record(
                    "a step",
                    (
                        Field(
                            "after", DURATION, "Business time after the answer clock ran out.", DECIDE, required=True
                        ),
                        Field("do", Choice(Act), "What happens then.", DECIDE, required=True),
                        Field("to", HANDLE_, "Who is told.", DECIDE),
                    ),
                    Breach,
                )
            ),
            "What happens when nobody answers.",
            DECIDE,
        ),
    ),
    Response,
)

ANSWERS = Record(
    "the answers",
    (
        Field(
            "reject",
            ListOf(
                Record(
                    "a reason",
                    (
                        Field("code", CODE, "How it is stored.", RULES, required=True),
                        Field("label", TEXT, "How it is read.", PROSE, required=True),
                        Field("check", CONDITION, "The fact that the reason is held against.", RULES),
                    ),
                    RejectReason,
                )
            ),
            "Why a lead may be rejected; fewer than twelve.",
            RULES,
        ),
        Field(
            "recycle",
            ListOf(
                Record(
                    "a reason",
                    (
                        Field("code", CODE, "How it is stored.", RULES, required=True),
                        Field("label", TEXT, "How it is read.", PROSE, required=True),
                        Field("track", CODE, "The nurture track the lead goes to.", PROSE),
                        Field("return", CONDITION, "What brings the lead back.", RULES, reads="returns"),
                    ),
                    RecycleReason,
                )
            ),
            "Why a lead may go back to marketing.",
            RULES,
        ),
        Field(
            "reply",
            Record(
                "a reply",
                (
                    Field("by", SIDE, "Which side replies.", REPLIES, required=True),
                    Field("to", Choice(("reject",)), "To which answers.", REPLIES),
                    Field("within", DURATION, "In which business time.", REPLIES, required=True),
                ),
                Reply,
            ),
            "What marketing answers to a rejection.",
            REPLIES,
        ),
        Field(
            "second_look",
            Record(
                "a second look",
                (
                    Field(
                        "share",
                        SHARE,
                        "Which share of the rejections is looked at again.",
                        REPLIES,
                        required=True,
                    ),
                    Field("by", HANDLE_, "Who looks.", REPLIES, required=True),
                    Field("within", DURATION, "In which business time.", REPLIES, required=True),
                    Field(
                        "when_good",
                        Choice((TELL, OFFER_AGAIN)),
                        "What follows when the lead was good: who rejected and who replied are told, or it is also"
                        " handed over again at once.",
                        REPLIES,
                    ),
                ),
                SecondLook,
            ),
            "A sample of rejections, drawn by the handoff's hash, is examined again.",
            REPLIES,
        ),
    ),
    Answers,
)

EXPLORE = Record(
    "an exploration",
    (
        Field(
            "share",
            SHARE,
            "Which share of the leads just below the line is handed over all the same.",
            QUALIFY,
            required=True,
        ),
        Field("points_below", Number(above=0), "How far below the line.", QUALIFY, required=True),
    ),
    Explore,
)

COMPOSER = "The composer will show and check it at every mail."
CONTACT_ = Record(
    "the contact rules",
    (
        Field("never", CONDITION, "Who is never written to; unknown blocks.", CONTACT),
        Field(
            "consent",
            MapOf(Choice(("opt_in", "opt_out")), "purpose"),
            "Which purpose needs consent given, and which only consent not withdrawn.",
            CONTACT,
        ),
        Field(
            "shield",
            ListOf(
                Record(
                    "a shield",
                    (
                        Field("when", CONDITION, "Who is shielded; unknown blocks.", RULES, required=True),
                        Field("side", Choice(WRITERS), "Who may not write to them.", CONTACT, required=True),
                        Field("except", TEXTS, "Which messages may go all the same.", reads="exempt", later=COMPOSER),
                        Field(
                            "including_family",
                            Switch(),
                            "Deals with an account above or below theirs shield too.",
                            CONTACT,
                        ),
                    ),
                    Shield,
                )
            ),
            "People who belong to their rep for now.",
            CONTACT,
        ),
        Field(
            "frequency",
            ListOf(
                Record(
                    "a frequency",
                    (
                        Field("side", Choice(WRITERS), "Whose messages are counted.", CONTACT, required=True),
                        Field("at_most", COUNT, "Messages at most.", CONTACT, required=True),
                        Field("per", DURATION, "In which wall time.", CONTACT, required=True),
                    ),
                    Frequency,
                )
            ),
            "How often a person is written to at most.",
            CONTACT,
        ),
    ),
    Contact,
)

BRAND = Record(
    "the brand",
    (
        Field("voice", TEXT, "How we sound.", later=COMPOSER),
        Field("must_include", TEXTS, "What no mail may go without.", later=COMPOSER),
        Field("must_not_say", TEXTS, "What we do not say.", later=COMPOSER),
    ),
    Brand,
)

PROMISES = ListOf(
    Record(
        "a promise",
        (
            Field("id", CODE, "Its short name.", PROMISE, required=True),
            Field("side", SIDE, "Whose promise it is.", PROMISE, required=True),
            Field("metric", METRIC, "What is measured; `accord metrics` lists the metrics.", PROMISE, required=True),
            Field("where", CONDITION, "For which leads.", PROMISE),
            Field("at_least", Number(), "The target from below.", PROMISE),
            Field("at_most", Number(), "The target from above.", PROMISE),
            Field("per", PERIOD, "Over which period it is counted.", PROMISE, required=True),
        ),
        Promise,
    )
)

PAID = "The plan page will work out what has been earned."


def _paid(key: str, shape: Shape, sentence: str) -> Field:
    return Field(key, shape, sentence, later=PAID, required=True)


INCENTIVE = Record(
    "the incentive",
    (
        _paid("metric", METRIC, "The shared number that is paid for."),
        _paid("pool", MONEY, "What is shared out, in the agreement's currency."),
        _paid("per", PERIOD, "For each of these."),
        _paid(
            "pays",
            Record(
                "a pay line",
                (
                    Field("from", MONEY, "Share of the target from which anything is paid.", later=PAID),
                    Field("share", MONEY, "Share of the pool that is paid there.", later=PAID),
                    Field("full_at", MONEY, "Share of the target at which the whole pool is paid.", later=PAID),
                    Field("cap", MONEY, "Share of the target above which nothing is added.", later=PAID),
                ),
                dict,
            ),
            "How much is paid at which share of the target.",
        ),
        _paid("split", _side_keys(SHARE, "The part of", (), _by_side, PAID), "How the pool is split."),
    ),
    Incentive,
)

REVIEW = Record(
    "the review",
    (
        Field("starts", Moment(), "The first meeting.", COUNTING),
        Field("meeting", RECURRENCE, "When both teams meet.", COUNTING),
        Field(
            "retune_score",
            RECURRENCE,
            "When the score is tuned again.",
            later="The worker will call for `accord tune` by it.",
        ),
        Field("pulse", RECURRENCE, "When both teams are asked how it goes.", later="The pulse will be sent by it."),
    ),
    Review,
)

AGREEMENT = Record(
    "an agreement",
    (
        Field("accord", Number(only=FORMAT, whole=True), "Version of this format.", READ, required=True),
        Field("version", COUNT, "Number of this version of the agreement.", DECIDE, required=True),
        Field("in_force_from", Moment(), "From when it is in force.", PROMISE, required=True),
        Field("company", TEXT, "Whose agreement it is.", PROSE, required=True),
        Field(
            "currency",
            Choice(CURRENCIES, "an ISO 4217 currency such as EUR"),
            "Currency of all money here.",
            COUNTING,
            required=True,
        ),
        Field("time_zone", Zone(), "Zone of every time that names none.", RULES, required=True),
        Field(
            "fiscal_year_start",
            Parsed("month and day such as 01-01 or 04-01", r"^\d{2}-\d{2}$", month_and_day, lambda: (1, 1)),
            "When the year and its quarters begin.",
            PROMISE,
        ),
        Field("signatories", SIGNATORIES, "Who signs; a version is in force only with both sides.", NAMES),
        Field("preamble", PREAMBLE, "Shown first.", PROSE),
        Field("roles", ListOf(ROLE), "Who looks after what.", PROSE),
        Field("calendar", CALENDAR, "The company's business time.", TEAMS, required=True),
        Field("teams", MapOf(TEAM, "team"), "Who answers handoffs.", ROUTE, required=True),
        Field("personas", ListOf(PERSONA), "Kinds of people we sell to.", RULES),
        Field("cards", CARDS, "Tables of points that both teams can argue about.", CARD),
        Field("qualification", QUALIFICATION, "When a lead becomes an MQL.", QUALIFY),
        Field("routing", ROUTING, "To whom an MQL is offered.", ROUTE),
        Field(
            "capacity", CAPACITY, "What a team can take; offers above it are kept out of the response promises.", ROUTE
        ),
        Field("response", RESPONSE, "Clocks that start at the offer.", RULES),
        Field("answers", ANSWERS, "What sales can answer, and what marketing replies.", RULES),
        Field("explore", EXPLORE, "A random few below the line, so that the line can be judged.", QUALIFY),
        Field("contact", CONTACT_, "Who may be written to, by whom, how often.", CONTACT),
        Field("brand", BRAND, "How we sound.", PROSE),
        Field("promises", PROMISES, "What is measured on both sides.", PROMISE),
        Field(
            "plan",
            MapOf(MapOf(Number(), "metric"), "period", r"^\S"),
            "The shared numbers of each period.",
            PACE,
        ),
        Field("incentive", INCENTIVE, "What is paid, on shared numbers only.", CHECK),
        Field("review", REVIEW, "When both teams meet and what is looked at.", COUNTING),
    ),
    _agreement,
)
