"""The lead view: what is known about each person at a moment, from facts alone.

`view_sql` makes one SQL text that reads the revisions of facts and a relation `moments(person_id, moment)`, and answers one
row per moment. A row sees what could be known at its moment and nothing later: touches, the person's and the
account's profile, the account's deals, consent. Live it runs over the facts of a few people, in replay over the lake.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from accord.facts.kinds import Kind

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
SHORTEST_RUNNING_HALF_LIFE_US = DAY_US


class Origin(StrEnum):
    """Which facts a column comes from."""

    TOUCH = "touches"
    PERSON = "person's profile"
    ACCOUNT = "account's profile"
    DEAL = "deals"
    CONSENT = "consent"
    STANDING = "handoffs"
    CARD = "agreement"


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A column that grows as time passes: it says how long ago the newest (or oldest) of some facts happened."""

    unit_us: int
    since: str  # SQL: person_id and a time in microseconds, one row per fact that starts the count anew


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the lead view, with the SQL that makes it from the relation of its origin."""

    name: str
    kind: Kind
    unit: str
    sentence: str
    origin: Origin
    sql: str = ""
    elapsed: Elapsed | None = None

    def __post_init__(self) -> None:
        if not self.unit or not self.sentence.endswith("."):
            raise ValueError(f"column {self.name} needs a unit and a sentence")


@dataclass(frozen=True, slots=True)
class Decay:
    """A running sum over touches of one kind, halving with age. `half_life_us` None keeps every touch whole."""

    name: str
    touch: str
    half_life_us: int | None


def _touch(name: str, kind: Kind, unit: str, sentence: str, sql: str, elapsed: Elapsed | None = None) -> Column:
    return Column(name, kind, unit, sentence, Origin.TOUCH, sql, elapsed)


def _count(name: str, sentence: str, which: str, window: str = "w") -> Column:
    sql = f"coalesce(sum(CASE WHEN {which} THEN sign END) OVER {window}, 0)::DOUBLE"
    return _touch(name, Kind.NUMBER, "count", sentence, sql)


def _recent(name: str, sentence: str, which: str, days: int) -> Column:
    since = f"SELECT person_id, epoch_us(known_at) AS us FROM touches_revisions WHERE {which}"
    sql = f"coalesce(sum(CASE WHEN {which} THEN sign END) OVER w{days}, 0)::DOUBLE"
    return _touch(name, Kind.NUMBER, "count", sentence, sql, Elapsed(days * DAY_US, since))


def _ago(name: str, unit: str, sentence: str, which: str, *, first: bool = False) -> Column:
    unit_us = HOUR_US if unit == "hours" else DAY_US
    pick = "min" if first else "max"
    sql = f"(epoch_us(k) - {pick}(CASE WHEN {which} AND sign > 0 THEN epoch_us(o) END) OVER w)::DOUBLE / {unit_us}"
    since = f"SELECT person_id, epoch_us(least(occurred_at, known_at)) AS us FROM touches_revisions WHERE {which}"
    return _touch(name, Kind.NUMBER, unit, sentence, sql, Elapsed(unit_us, since))


def _named(name: str, sentence: str, value: str, which: str, *, first: bool = False) -> Column:
    pick = "arg_min" if first else "arg_max"
    sql = f"{pick}(CASE WHEN {which} AND sign > 0 THEN {value} END, CASE WHEN {which} AND sign > 0 THEN o END) OVER w"
    return _touch(name, Kind.TEXT, "name", sentence, sql)


FORM = "kind LIKE 'form.%'"
BY_MARKETING = "side = 'marketing'"
BY_SALES = "side = 'sales'"
WRITTEN = "kind IN ('email.sent', 'mail.sent', 'message.sent')"
TOUCH_COLUMNS = (
    _named("last_form", "The form that the person sent last.", "substr(kind, 6)", FORM),
    _ago("hours_since_last_form", "hours", "Wall time since the person last sent a form.", FORM),
    _named("last_touch", "What happened last, as thing.act.", "kind", "TRUE"),
    _ago("days_since_last_touch", "days", "Wall time since the last touch of either side.", "TRUE"),
    _ago("days_since_first_touch", "days", "Wall time since the first touch of either side.", "TRUE", first=True),
    _named("first_channel", "The channel of the first touch.", "channel", "channel IS NOT NULL", first=True),
    _named("last_channel", "The channel of the last touch.", "channel", "channel IS NOT NULL"),
    _named("last_campaign", "The campaign of the last touch that names one.", "campaign", "campaign IS NOT NULL"),
    _count("touches", "Touches of either side so far.", "TRUE"),
    _count("marketing_touches", "Touches by marketing so far.", BY_MARKETING),
    _count("sales_touches", "Touches by sales so far.", BY_SALES),
    _count("forms", "Forms sent so far.", FORM),
    _count("meetings", "Meetings held so far.", "kind LIKE 'meeting.%'"),
    _recent("touches_30d", "Touches of either side in the last 30 days.", "TRUE", 30),
    _recent("touches_7d", "Touches of either side in the last 7 days.", "TRUE", 7),
    _recent("marketing_mails_7d", "Mails written by marketing in the last 7 days.", f"{BY_MARKETING} AND {WRITTEN}", 7),
    _recent("mails_7d", "Mails written by either side in the last 7 days.", WRITTEN, 7),
)


def _said(name: str, kind: Kind, unit: str, sentence: str, sql: str, origin: Origin = Origin.PERSON) -> Column:
    return Column(name, kind, unit, sentence, origin, sql)


def _account(name: str, kind: Kind, unit: str, sentence: str, sql: str) -> Column:
    return _said(name, kind, unit, sentence, sql, Origin.ACCOUNT)


PERSON_COLUMNS = (
    _said("title", Kind.TEXT, "name", "What it says on the business card.", "p.title"),
    _said("has_email", Kind.TRUTH, "yes or no", "Whether an e-mail address is known.", "coalesce(p.email, '') <> ''"),
    _said("has_phone", Kind.TRUTH, "yes or no", "Whether a telephone number is known.", "coalesce(p.phone, '') <> ''"),
    _said("language", Kind.TEXT, "ISO 639-1", "Preferred language.", "p.language"),
    _said("origin", Kind.TEXT, "name", "Where the lead came from, as its source says.", "p.origin"),
    _said("campaign", Kind.TEXT, "name", "The campaign that brought the lead.", "p.campaign"),
    _said("landing_page", Kind.TEXT, "name", "The page on which the lead arrived.", "p.landing_page"),
    _said("lifecycle", Kind.TEXT, "name", "The stage that the source system names.", "p.lifecycle"),
    _said(
        "is_duplicate", Kind.TRUTH, "yes or no", "Whether the person is known under another id.",
        "coalesce(p.is_duplicate, FALSE)",
    ),
    _said("deleted", Kind.TRUTH, "yes or no", "Whether the source deleted the record.", "coalesce(p.deleted, FALSE)"),
)  # fmt: skip
ACCOUNT_COLUMNS = (
    _account("company", Kind.TEXT, "name", "The account's name.", "coalesce(a.name, p.company)"),
    _account("country", Kind.TEXT, "ISO 3166-1 alpha-2", "Country of the person, else of the account.",
             "coalesce(p.country, a.country)"),
    _account("city", Kind.TEXT, "name", "City of the person, else of the account.", "coalesce(p.city, a.city)"),
    _account("industry", Kind.TEXT, "name", "What the account makes or does.", "coalesce(a.industry, p.industry)"),
    _account("employees", Kind.NUMBER, "people", "How many people the account employs.",
             "coalesce(a.employees, p.employees)"),
    _account("revenue", Kind.NUMBER, "original currency a year", "The account's yearly revenue.",
             "coalesce(a.revenue, p.revenue)"),
    _account("segment", Kind.TEXT, "name", "The segment of the account.", "coalesce(a.segment, p.segment)"),
    _account("domain", Kind.TEXT, "domain", "The account's internet domain.", "coalesce(a.domain, p.domain)"),
    _account("account_owner", Kind.TEXT, "handle", "The colleague who owns the account, else the person.",
             "coalesce(nullif(a.owner, ''), nullif(p.owner, ''))"),
    _account("is_competitor", Kind.TRUTH, "yes or no", "Whether the account competes with us.",
             "coalesce(a.is_competitor, p.is_competitor, FALSE)"),
)  # fmt: skip
_DEAL_ACTIVITY = """SELECT h.person_id, epoch_us(least(d.occurred_at, d.known_at)) AS us
    FROM deals_revisions d JOIN account_keys h ON h.account_key = coalesce(d.account_id, d.person_id)"""
DEAL_COLUMNS = (
    Column("account_open_deals", Kind.NUMBER, "count", "Deals with the account that are open.", Origin.DEAL,
           "coalesce(d.open_deals, 0)"),
    Column("account_won_deals", Kind.NUMBER, "count", "Deals with the account that were won.", Origin.DEAL,
           "coalesce(d.won_deals, 0)"),
    Column("is_customer", Kind.TRUTH, "yes or no", "Whether the account has bought.", Origin.DEAL,
           "coalesce(d.won_deals, 0) > 0"),
    Column("account_deal_stage", Kind.TEXT, "word",
           "The stage of the account's open deal that moved last; empty without an open deal.", Origin.DEAL,
           "CASE WHEN d.open_deals > 0 THEN d.stage END"),
    Column("days_since_deal_activity", Kind.NUMBER, "days", "Wall time since anything happened to a deal of the account.",
           Origin.DEAL, f"(epoch_us(m.moment) - d.active_us)::DOUBLE / {DAY_US}", Elapsed(DAY_US, _DEAL_ACTIVITY)),
)  # fmt: skip
CONSENT_COLUMNS = (
    Column("unsubscribed", Kind.TRUTH, "yes or no", "Whether the person said no to marketing mail or to everything.",
           Origin.CONSENT, "coalesce(c.marketing IN ('withdrawn', 'complained'), FALSE) "
           "OR coalesce(c.everything IN ('withdrawn', 'complained'), FALSE)"),
    Column("bounced", Kind.TRUTH, "yes or no", "Whether the last mail to the address came back for good.", Origin.CONSENT,
           "coalesce(c.marketing = 'bounced' OR c.everything = 'bounced', FALSE)"),
    Column("opted_in", Kind.TRUTH, "yes or no", "Whether the person said yes to marketing mail, and not no since.",
           Origin.CONSENT, "coalesce(c.marketing = 'granted', FALSE)"),
)  # fmt: skip
STANDING_COLUMNS = (
    Column("open_handoff", Kind.TRUTH, "yes or no", "Whether a handoff of the person is open.", Origin.STANDING),
    Column("handoffs", Kind.NUMBER, "count", "How often the person was handed over.", Origin.STANDING),
    Column("days_since_handoff", Kind.NUMBER, "days", "Wall time since the last offer.", Origin.STANDING),
    Column("days_since_recycle", Kind.NUMBER, "days", "Wall time since sales gave the lead back.", Origin.STANDING),
    Column("days_since_reject", Kind.NUMBER, "days", "Wall time since sales rejected the lead.", Origin.STANDING),
    Column("recycle_reason", Kind.TEXT, "code", "Why sales gave the lead back last.", Origin.STANDING),
    Column("reject_reason", Kind.TEXT, "code", "Why sales rejected the lead last.", Origin.STANDING),
    Column("attempts", Kind.NUMBER, "count", "Touches by sales since the last offer.", Origin.STANDING),
)
COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        *PERSON_COLUMNS,
        *ACCOUNT_COLUMNS,
        *TOUCH_COLUMNS,
        *DEAL_COLUMNS,
        *CONSENT_COLUMNS,
        *STANDING_COLUMNS,
    )
}

_PROFILE_FIELDS = (
    "title", "email", "phone", "language", "origin", "campaign", "landing_page", "lifecycle", "is_duplicate", "deleted",
    "company", "country", "city", "industry", "employees", "revenue", "segment", "domain", "owner", "is_competitor", "name",
)  # fmt: skip


def view_sql(names: Collection[str], decays: Collection[Decay] = (), *, carry: Collection[str] = ()) -> str:
    """SQL that answers `person_id, moment, account_id`, the named base columns and one column per decay, a row per moment.

    Reads `moments(person_id, moment)` and the revisions of touches, profiles, deals and consent. Raises KeyError for a
    column that the lead view does not have or that does not come from facts.
    """
    columns = [COLUMNS[name] for name in dict.fromkeys(names)]
    if asked := [c.name for c in columns if c.origin in (Origin.STANDING, Origin.CARD)]:
        raise KeyError(f"not from facts alone: {', '.join(asked)}")
    ctes = [_HEADS]
    joins = []
    chosen = ["m.person_id", "m.moment", "p.account_id", *(f'm."{name}"' for name in carry)]
    ctes += [_history("person_history", "person", columns), _history("account_history", "account", columns)]
    joins.append("ASOF LEFT JOIN person_history p ON p.subject_id = m.person_id AND m.moment >= p.known_at")
    joins.append("ASOF LEFT JOIN account_history a ON a.subject_id = p.account_id AND m.moment >= a.known_at")
    touches = [c for c in columns if c.origin is Origin.TOUCH]
    running = [d for d in decays if not _is_short(d)]
    if touches or running:
        ctes.append(_touch_view(touches, running))
        joins.append("LEFT JOIN touch_view t ON t.person_id = m.person_id AND t.moment = m.moment")
        chosen += [f't."{c.name}"' for c in touches]
        chosen += [f'coalesce(t."{d.name}", 0) AS "{d.name}"' for d in running]
    for number, decay in enumerate(d for d in decays if _is_short(d)):
        ctes.append(_short_decay(f"short_{number}", decay))
        joins.append(
            f"LEFT JOIN short_{number} ON short_{number}.person_id = m.person_id AND short_{number}.moment = m.moment"
        )
        chosen.append(f'coalesce(short_{number}.total, 0) AS "{decay.name}"')
    if any(c.origin is Origin.DEAL for c in columns):
        ctes.append(_DEALS)
        joins.append(
            "ASOF LEFT JOIN deal_history d"
            " ON d.account_key = coalesce(p.account_id, m.person_id) AND m.moment >= d.known_at"
        )
    if any(c.origin is Origin.CONSENT for c in columns):
        ctes.append(_CONSENT)
        joins.append("ASOF LEFT JOIN consent_history c ON c.person_id = m.person_id AND m.moment >= c.known_at")
    chosen += [f'{c.sql} AS "{c.name}"' for c in columns if c.origin is not Origin.TOUCH]
    return f"WITH {', '.join(ctes)} SELECT {', '.join(chosen)} FROM moments m {' '.join(joins)}"


_HEADS = "people AS (SELECT DISTINCT person_id FROM moments)"


def _is_short(decay: Decay) -> bool:
    return decay.half_life_us is not None and decay.half_life_us < SHORTEST_RUNNING_HALF_LIFE_US


def _history(name: str, subject: str, columns: Collection[Column]) -> str:
    """The last stated value of every field that is asked for, from each profile row on; an empty cell says nothing."""
    alias = "p" if subject == "person" else "a"
    asked = [f for f in _PROFILE_FIELDS if any(f"{alias}.{f}" in c.sql for c in columns)]
    if subject == "person":
        asked.append("account_id")
    window = "OVER (PARTITION BY subject_id ORDER BY known_at, revision, source, source_id ROWS UNBOUNDED PRECEDING)"
    stated = "".join(f", last_value({f} IGNORE NULLS) {window} AS {f}" for f in asked)
    newest = "lead(known_at) OVER (PARTITION BY subject_id ORDER BY known_at, revision, source, source_id)"
    of_people = " AND subject_id IN (SELECT person_id FROM people)" if subject == "person" else ""
    return (
        f"{name} AS (SELECT subject_id, known_at{stated} FROM profiles_revisions"
        f" WHERE subject = '{subject}'{of_people} QUALIFY {newest} IS DISTINCT FROM known_at)"
    )


def _touch_view(columns: Collection[Column], decays: Collection[Decay]) -> str:
    """Running values over a person's touches in the order in which they became known.

    A corrected touch is taken back by a row of sign -1 at the moment its correction became known. The decayed sum is
    a plain running sum of 2^((o - r)/h), scaled back by 2^((r - t)/h) with r fixed a few hundred half-lives before the
    newest moment: powers stay within a double, and what lies 1,000 half-lives back weighs nothing.
    """
    values = ["campaign"] if any("campaign" in c.sql for c in columns) else []
    extra = "".join(f", {v}" for v in values)
    empty = "".join(f", NULL::VARCHAR AS {v}" for v in values)
    only = _relevant(columns, decays)
    mine = f"person_id IN (SELECT person_id FROM people) AND ({only})"
    running = "".join(f', {c.sql} AS "{c.name}"' for c in columns)
    running += "".join(f', {_running_decay(d)} AS "{d.name}"' for d in decays)
    windows = "w AS (PARTITION BY person_id ORDER BY k)" + "".join(
        f", w{days} AS (PARTITION BY person_id ORDER BY k RANGE BETWEEN INTERVAL {days} DAYS PRECEDING AND CURRENT ROW)"
        for days in (7, 30)
        if any(f"OVER w{days}" in c.sql for c in columns)
    )
    return f"""newest AS (SELECT max(epoch_us(moment)) AS us FROM moments),
    stream AS (
        SELECT person_id, known_at AS k, least(occurred_at, known_at) AS o, kind, side, channel{extra}, 1 AS sign
        FROM touches_revisions WHERE {mine}
        UNION ALL
        SELECT person_id, superseded_at, least(occurred_at, known_at), kind, side, channel{extra}, -1
        FROM touches_revisions WHERE superseded_at IS NOT NULL AND {mine}
        UNION ALL
        SELECT person_id, moment, NULL, NULL, NULL, NULL{empty}, 0 FROM moments
    ),
    touch_view AS (
        SELECT * EXCLUDE (asked) FROM (
            SELECT person_id, k AS moment, sign = 0 AS asked{running} FROM stream, newest WINDOW {windows}
        ) WHERE asked
    )"""


def _running_decay(decay: Decay) -> str:
    which = f"kind = {_quoted(decay.touch)}"
    if decay.half_life_us is None:
        return f"coalesce(sum(CASE WHEN {which} THEN sign END) OVER w, 0)::DOUBLE"
    half = f"{decay.half_life_us}::DOUBLE"
    weight = f"sign * pow(2, (epoch_us(o) - newest.us) / {half} + 500)"
    back = f"pow(2, (newest.us - epoch_us(k)) / {half} - 500)"
    return f"coalesce(sum(CASE WHEN {which} THEN {weight} END) OVER w, 0) * {back}"


def _short_decay(name: str, decay: Decay) -> str:
    """Half-lives under a day would leave the range of a double; they sum the touches of their last 64 half-lives."""
    half = decay.half_life_us or 1
    return f"""{name} AS (
        SELECT m.person_id, m.moment, sum(pow(2, -(epoch_us(m.moment) - epoch_us(least(t.occurred_at, t.known_at)))::DOUBLE
            / {half})) AS total
        FROM moments m JOIN touches_revisions t ON t.person_id = m.person_id AND t.kind = {_quoted(decay.touch)}
            AND t.known_at <= m.moment AND (t.superseded_at IS NULL OR t.superseded_at > m.moment)
            AND epoch_us(least(t.occurred_at, t.known_at)) >= epoch_us(m.moment) - {64 * half}
        GROUP BY m.person_id, m.moment
    )"""


def _relevant(columns: Collection[Column], decays: Collection[Decay]) -> str:
    """Which touches can change the asked columns; the others are not even read."""
    whole = {c.name for c in columns} - {c.name for c in columns if _only(c)}
    if whole:
        return "TRUE"
    parts = {only for c in columns if (only := _only(c))} | {f"kind = {_quoted(d.touch)}" for d in decays}
    return " OR ".join(sorted(parts)) or "FALSE"


def _only(column: Column) -> str | None:
    return next((which for which in (FORM, "kind LIKE 'meeting.%'", BY_SALES) if which in column.sql), None)


def relevant_touches(names: Collection[str], decays: Collection[Decay]) -> str:
    """SQL predicate over touches: those that can change one of the named columns or sums."""
    return _relevant([COLUMNS[n] for n in names if COLUMNS[n].origin is Origin.TOUCH], decays)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


ACCOUNT_KEYS = """account_keys AS (
    SELECT subject_id AS person_id, coalesce(arg_max(account_id, known_at), subject_id) AS account_key
    FROM profiles_revisions WHERE subject = 'person' GROUP BY subject_id
)"""
_DEALS = f"""{ACCOUNT_KEYS},
deal_events AS (
    SELECT coalesce(d.account_id, h.account_key, d.person_id) AS account_key, deal_id, known_at,
        least(occurred_at, known_at) AS o,
        nullif(stage, '') AS stage, event = 'won' AS won,
        CASE WHEN event IN ('won', 'lost', 'deleted') THEN 0 WHEN event IN ('opened', 'reopened', 'stage') THEN 1 END
            AS is_open, revision, source_id
    FROM deals_revisions d LEFT JOIN account_keys h USING (person_id)
),
deal_states AS (
    SELECT *, coalesce(last_value(is_open IGNORE NULLS) OVER d, 0) AS now_open
    FROM deal_events
    WINDOW d AS (PARTITION BY deal_id ORDER BY known_at, o, revision, source_id ROWS UNBOUNDED PRECEDING)
),
deal_steps AS (
    SELECT *, now_open - coalesce(lag(now_open) OVER d, 0) AS step
    FROM deal_states WINDOW d AS (PARTITION BY deal_id ORDER BY known_at, o, revision, source_id)
),
deal_history AS (
    SELECT account_key, known_at, sum(step) OVER a AS open_deals, sum(won::INT) OVER a AS won_deals,
        last_value(CASE WHEN now_open = 1 THEN stage END IGNORE NULLS) OVER a AS stage,
        max(epoch_us(o)) OVER a AS active_us
    FROM deal_steps
    WINDOW a AS (PARTITION BY account_key ORDER BY known_at, o, deal_id, revision, source_id ROWS UNBOUNDED PRECEDING)
    QUALIFY lead(known_at) OVER (PARTITION BY account_key ORDER BY known_at, o, deal_id, revision, source_id)
        IS DISTINCT FROM known_at
)"""
_CONSENT = """consent_events AS (
    SELECT person_id, known_at, purpose, status, occurred_at, source_id FROM consent_revisions
    WHERE person_id IN (SELECT person_id FROM people)
    UNION ALL
    SELECT person_id, known_at, 'marketing.email',
        CASE kind WHEN 'email.bounced' THEN 'bounced' WHEN 'email.complained' THEN 'complained' ELSE 'withdrawn' END,
        occurred_at, source_id
    FROM touches_revisions WHERE kind IN ('email.bounced', 'email.complained', 'email.unsubscribed')
        AND person_id IN (SELECT person_id FROM people)
),
consent_history AS (
    SELECT person_id, known_at,
        last_value(CASE WHEN purpose = 'marketing.email' THEN status END IGNORE NULLS) OVER w AS marketing,
        last_value(CASE WHEN purpose = 'all' THEN status END IGNORE NULLS) OVER w AS everything
    FROM consent_events
    WINDOW w AS (PARTITION BY person_id ORDER BY known_at, occurred_at, status, source_id ROWS UNBOUNDED PRECEDING)
    QUALIFY lead(known_at) OVER (PARTITION BY person_id ORDER BY known_at, occurred_at, status, source_id)
        IS DISTINCT FROM known_at
)"""
