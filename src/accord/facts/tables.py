"""What a fact is: every table and column of the ledger, declared once.

Arrow schemas, database columns and the page `docs/definitions/facts` come from here. Every fact carries three times
(when it happened, when it could be known, when we recorded it), where it came from and how well it is evidenced.
All times are UTC. No table but `profiles` holds personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")


class Evidence(StrEnum):
    """How well a fact is evidenced."""

    EVIDENCED = "evidenced"  # a system saw it happen
    CLAIMED = "claimed"  # somebody says so
    INFERRED = "inferred"  # we concluded it from other facts


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, the unit it is counted in, and a sentence that says what it means."""

    name: str
    type: pa.DataType
    unit: str
    sentence: str
    required: bool = False
    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.unit or not self.sentence.endswith("."):
            raise ValueError(f"column {self.name} needs a unit and a sentence")


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of fact. `order` says by which time its rows replace each other."""

    name: str
    sentence: str
    columns: tuple[Column, ...]

    @property
    def own(self) -> tuple[Column, ...]:
        """The columns that carry the content, without the ones that every fact has."""
        return tuple(column for column in self.columns if column not in COMMON)

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    def column(self, name: str) -> Column:
        """Raises KeyError for a column that the table does not have."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


def _text(
    name: str, sentence: str, *, unit: str = "name", required: bool = False, allowed: tuple[str, ...] = ()
) -> Column:
    return Column(name, pa.string(), unit, sentence, required, allowed)


def _id(name: str, sentence: str, *, required: bool = False) -> Column:
    return Column(name, pa.string(), "id", sentence, required)


def _number(name: str, unit: str, sentence: str) -> Column:
    return Column(name, pa.float64(), unit, sentence)


def _whole(name: str, unit: str, sentence: str, *, required: bool = False) -> Column:
    return Column(name, pa.int64(), unit, sentence, required)


def _truth(name: str, sentence: str, *, required: bool = False) -> Column:
    return Column(name, pa.bool_(), "yes or no", sentence, required)


def _time(name: str, sentence: str, *, required: bool = False) -> Column:
    return Column(name, TIME, "UTC", sentence, required)


COMMON = (
    _text("source", "The system or file family that the fact came from.", required=True),
    _id(
        "source_id",
        "The fact's id at its source, as a keyed hash; with `source` it identifies the fact.",
        required=True,
    ),
    _whole(
        "revision", "count", "1 for the first content under an identity, 2 for the next; all are kept.", required=True
    ),
    _time("occurred_at", "When it happened.", required=True),
    _time("known_at", "When it could be known; decisions and replays read this.", required=True),
    _time("recorded_at", "When we recorded it; set by us, never mapped.", required=True),
    _truth(
        "known_inferred",
        "Whether `known_at` was concluded from `occurred_at` because the source does not say.",
        required=True,
    ),
    _text("precision", "How exact `occurred_at` is.", unit="word", required=True, allowed=("second", "day")),
    _text("evidence", "How well the fact is evidenced.", unit="word", required=True, allowed=tuple(Evidence)),
    _id("batch", "The import or process that recorded it; readers see batches in force.", required=True),
)

SIDES = ("marketing", "sales")
HANDOFF_EVENTS = (
    "mql",  # declared qualified by the source system, without a recorded offer
    "offered",
    "rerouted",
    "accepted",
    "contacted",
    "qualified",
    "rejected",
    "recycled",
    "returned",
    "replied",
    "looked_again",
    "reminded",
    "escalated",
)
OUTCOMES = ("offered", "held", "again", "open", "excluded", "outside", "below", "waiting")
DEAL_EVENTS = ("opened", "stage", "won", "lost", "reopened", "amount", "activity", "deleted")


def _table(name: str, sentence: str, *own: Column) -> Table:
    return Table(name, sentence, own + COMMON)


TOUCHES = _table(
    "touches",
    "One interaction with a person, by marketing or by sales.",
    _id("person_id", "Who was touched.", required=True),
    _text(
        "kind",
        "What happened, as thing.act: form.demo-request, page.pricing, email.clicked, call.connected.",
        required=True,
    ),
    _text("side", "Whose touch it was.", unit="word", allowed=SIDES),
    _text("channel", "The governed channel name: organic search, paid search, email, referral, event, call."),
    _text("campaign", "The campaign that it belongs to."),
    _text("asset", "The page, mail, form or document that it was about."),
    _text("by", "The handle of the colleague who made it.", unit="handle"),
    _text("outcome", "How it ended: connected, no answer, bounced, complained."),
)
HANDOFFS = _table(
    "handoffs",
    "One event in the life of a handoff: offered, answered, contacted, qualified, moved.",
    _id("handoff_id", "Which handoff.", required=True),
    _id("person_id", "Who was passed from marketing to sales.", required=True),
    _text("event", "What happened to the handoff.", unit="word", required=True, allowed=HANDOFF_EVENTS),
    _text("owner", "The handle of the colleague who owns it after this event; empty means unowned.", unit="handle"),
    _text("team", "The team that owns it after this event."),
    _text("by", "The handle of the colleague who acted; empty when a clause acted by itself.", unit="handle"),
    _text("reason", "The code of a reject or recycle reason; of a re-route, the clause that chose the new owner."),
    _text("rule", "The clause that caused the event, as its path in the agreement.", unit="path"),
    _whole("version", "count", "The version of the agreement under which the handoff began."),
    _text("band", "The band of the score at the offer.", unit="letter"),
    _number("score", "points", "The score at the offer."),
    _truth("in_capacity", "Whether the offer was within the agreed capacity; only those count in response promises."),
    _truth("complete", "Whether every required field was there at the offer."),
    _time("answer_due", "When the answer clock runs out."),
    _time("first_touch_due", "When the first touch clock runs out."),
    _time("attempts_due", "When the attempts clock runs out."),
    _time("outcome_due", "When the outcome clock runs out."),
)
DECISIONS = _table(
    "decisions",
    "What the agreement decided about a lead and why, whenever the answer changed; also: not handed over, because.",
    _id("person_id", "About whom.", required=True),
    _text("outcome", "What was decided.", unit="word", required=True, allowed=OUTCOMES),
    _text("because", "The clause that decided, as its path in the agreement.", unit="path", required=True),
    _whole("version", "count", "The version of the agreement that decided.", required=True),
    _number("score", "points", "The score at that moment."),
    _number("fit", "points", "The part of the score for what somebody is."),
    _number("intent", "points", "The part of the score for what somebody did."),
    _text("band", "The band of the score.", unit="letter"),
    _text("persona", "The first persona that matched."),
    _id("handoff_id", "The handoff that was offered, if any."),
    _text("owner", "To whom; empty for an offer without an owner.", unit="handle"),
    _text("team", "To which team."),
    _text("rule", "The routing rule that chose, as its path in the agreement.", unit="path"),
)
DEALS = _table(
    "deals",
    "One event of a deal: opened, moved, won, lost.",
    _id("deal_id", "Which deal.", required=True),
    _id("account_id", "With which account."),
    _id("person_id", "With which person, where the source says so."),
    _text("event", "What happened to the deal.", unit="word", required=True, allowed=DEAL_EVENTS),
    _text("stage", "The stage after this event.", unit="word"),
    _number("amount", "original currency", "What the deal is worth after this event."),
    _text("currency", "The original currency of the amount.", unit="ISO 4217"),
    _text("owner", "The handle of the colleague who owns the deal.", unit="handle"),
    _text("reason", "Why it was lost."),
    _text("pipeline", "The pipeline that the stage belongs to."),
)
SPEND = _table(
    "spend",
    "Money spent on one channel or campaign over a stretch of time that begins at `occurred_at`.",
    _text("channel", "The governed channel name.", required=True),
    _text("campaign", "The campaign."),
    _text("side", "Whose budget.", unit="word", allowed=SIDES),
    _text("kind", "What was bought: media, tool, event, salary, commission."),
    _number("amount", "original currency", "How much."),
    _text("currency", "The original currency of the amount.", unit="ISO 4217", required=True),
    _time("until", "When the stretch ends; empty for a single day."),
    _whole("impressions", "count", "How often it was shown."),
    _whole("clicks", "count", "How often it was clicked."),
    _whole("engagements", "count", "How often people reacted, shared or replied."),
)
CONTENT = _table(
    "content",
    "One use of an asset with a person.",
    _text("asset", "Which asset.", required=True),
    _id("person_id", "With whom."),
    _id("deal_id", "In which deal."),
    _text("kind", "What was done with it: sent, opened, shown.", unit="word"),
    _text("stage", "The stage at that moment.", unit="word"),
    _text("by", "The handle of the colleague who used it.", unit="handle"),
    _text("side", "Whose use it was.", unit="word", allowed=SIDES),
)
CONSENT = _table(
    "consent",
    "What a person allowed or forbade. The strictest wins; an import never weakens it.",
    _id("person_id", "Who.", required=True),
    _text("purpose", "For what: marketing.email, sales.call, all.", unit="word", required=True),
    _text(
        "status",
        "What they said.",
        unit="word",
        required=True,
        allowed=("granted", "withdrawn", "bounced", "complained"),
    ),
    _text("wording", "The version of the text that they agreed to."),
)
AVAILABILITY = _table(
    "availability",
    "When a colleague is there: joined, left, absent from `occurred_at` until `until`.",
    _text("person", "The colleague's handle.", unit="handle", required=True),
    _text("event", "What began.", unit="word", required=True, allowed=("joined", "left", "absent", "back")),
    _text("team", "The team, for joined and left."),
    _text("deputy", "Who stands in.", unit="handle"),
    _time("until", "When it ends; empty while open."),
)
AGREEMENTS = _table(
    "agreements",
    "One version of the agreement and what happened to it: proposed, signed, in force.",
    _whole("version", "count", "Which version.", required=True),
    _text(
        "event", "What happened.", unit="word", required=True, allowed=("proposed", "signed", "in_force", "withdrawn")
    ),
    _text("side", "For which side it was signed.", unit="word", allowed=(*SIDES, "both", "leadership")),
    _text("by", "The handle of who acted.", unit="handle"),
    _text("hash", "SHA-256 of the text.", unit="hash"),
    _text("text", "The signed text.", unit="YAML"),
)
RATES = _table(
    "rates",
    "How much one unit of `currency` was worth in `base` from `occurred_at` on.",
    _text("currency", "The currency that is exchanged.", unit="ISO 4217", required=True),
    _text("base", "The currency that it is expressed in.", unit="ISO 4217", required=True),
    Column("rate", pa.float64(), "base per unit", "The exchange rate.", True),
)
REVIEWS = _table(
    "reviews",
    "A planned and a held meeting, and when the plan of a quarter was agreed.",
    _text("kind", "What: meeting, retune_score, pulse, plan.", unit="word", required=True),
    _text("event", "What happened.", unit="word", required=True, allowed=("due", "held", "agreed")),
    _text("period", "The period it belongs to, as 2027-Q1 or a date.", unit="period"),
    _text("by", "The handle of who recorded it.", unit="handle"),
)
IDENTITIES = _table(
    "identities",
    "Two ids that mean the same person, such as the id of a contact and the address on a form.",
    _id("alias_id", "The id that is met in facts.", required=True),
    _id("person_id", "The person that it stands for.", required=True),
)
PROFILES = _table(
    "profiles",
    "What was known about a person or an account from a date on. An empty cell says nothing; the only table that "
    "holds personal data and the only one that erasure may rewrite.",
    _text("subject", "What it describes.", unit="word", required=True, allowed=("person", "account")),
    _id("subject_id", "Which person or account.", required=True),
    _id("account_id", "The account that a person works for; of an account the one above it, its parent."),
    _text("name", "The person's or the account's name."),
    _text("email", "E-mail address, in lower case.", unit="address"),
    _text("phone", "Telephone number.", unit="number"),
    _text("title", "What it says on the business card."),
    _text("company", "The account's name as the person gave it."),
    _text("domain", "The account's internet domain.", unit="domain"),
    _text("country", "Country of the person, else of the account.", unit="ISO 3166-1 alpha-2"),
    _text("city", "City."),
    _text("language", "Preferred language.", unit="ISO 639-1"),
    _text("industry", "What the account makes or does."),
    _number("employees", "people", "How many people the account employs."),
    _number("revenue", "original currency a year", "The account's yearly revenue."),
    _text("origin", "Where the lead came from, as its source says; 'unknown' and empty are two values."),
    _text("campaign", "The campaign that brought the lead."),
    _text("landing_page", "The page on which the lead arrived."),
    _text("segment", "The segment of the account."),
    _text("owner", "The handle of the colleague who owns the account or person.", unit="handle"),
    _text("lifecycle", "The stage that the source system names."),
    _truth("is_competitor", "Whether the account competes with us."),
    _truth("is_duplicate", "Whether the person is known under another id."),
    _truth("deleted", "Whether the source deleted the record."),
    _text("more", "Further attributes as a JSON object.", unit="JSON"),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        TOUCHES,
        HANDOFFS,
        DECISIONS,
        DEALS,
        SPEND,
        CONTENT,
        CONSENT,
        AVAILABILITY,
        AGREEMENTS,
        RATES,
        REVIEWS,
        IDENTITIES,
        PROFILES,
    )
}

BATCHES = Table(
    "batches",
    "One import or process that records facts: open, in force, retracted. Its last event says which.",
    (
        _id("batch", "Which batch.", required=True),
        _text("event", "What happened to it.", unit="word", required=True, allowed=("opened", "in_force", "retracted")),
        _time("at", "When.", required=True),
        _text("table", "Which table it feeds."),
        _text("file", "The file's name without its folder."),
        _text("file_hash", "SHA-256 of the file.", unit="hash"),
        _text("mapping", "The mapping that was used.", unit="YAML"),
        _whole("rows", "count", "Rows in the file."),
        _whole("stored", "count", "Rows stored as new facts."),
        _whole("known", "count", "Rows that were already known."),
        _whole("revised", "count", "Rows stored as a next revision."),
        _whole("refused", "count", "Rows refused."),
    ),
)
