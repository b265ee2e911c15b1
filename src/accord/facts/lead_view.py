"""The lead view: what is known about each person at a moment, from facts alone.

`lines_sql` makes one SQL text that reads the revisions of facts and a relation `moments(person_id, moment)`, and
answers one row per moment. A row sees what could be known at its moment and nothing later: touches, the person's and
the account's profile, the account's deals, consent. Live it runs over the facts of a few people, in replay over the
lake.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from accord.facts.kinds import Kind

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
SHORTEST_RUNNING_HALF_LIFE_US = DAY_US
RUNNING_HALF_LIVES = 1_400


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
    since: str  # SQL: person_id, a time in microseconds and when that was known, per fact that starts the count anew


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


def _touched(which: str) -> str:
    return (
        "SELECT person_id, epoch_us(least(occurred_at, known_at)) AS us, epoch_us(known_at) AS known"
        f" FROM touches_revisions WHERE {which}"
    )


def _count(name: str, sentence: str, which: str) -> Column:
    sql = f"coalesce(sum(CASE WHEN {which} THEN sign END) OVER w, 0)::DOUBLE"
    return _touch(name, Kind.NUMBER, "count", sentence, sql)


def _recent(name: str, sentence: str, which: str, days: int) -> Column:
    sql = f"coalesce(sum(CASE WHEN {which} THEN in_{days} END) OVER w, 0)::DOUBLE"
    return _touch(name, Kind.NUMBER, "count", sentence, sql, Elapsed(days * DAY_US, _touched(which)))


def _ago(name: str, unit: str, sentence: str, which: str, *, first: bool = False) -> Column:
    unit_us = HOUR_US if unit == "hours" else DAY_US
    pick = "min" if first else "max"
    sql = f"(epoch_us(k) - {pick}(CASE WHEN {which} AND sign > 0 THEN epoch_us(o) END) OVER w)::DOUBLE / {unit_us}"
    return _touch(name, Kind.NUMBER, unit, sentence, sql, Elapsed(unit_us, _touched(which)))


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
    _said("title", Kind.TEXT, "name", "What it says on the business card.", "p_title"),
    _said("has_email", Kind.TRUTH, "yes or no", "Whether an e-mail address is known.", "coalesce(p_email, '') <> ''"),
    _said("has_phone", Kind.TRUTH, "yes or no", "Whether a telephone number is known.", "coalesce(p_phone, '') <> ''"),
    _said("language", Kind.TEXT, "ISO 639-1", "Preferred language.", "p_language"),
    _said("origin", Kind.TEXT, "name", "Where the lead came from, as its source says.", "p_origin"),
    _said("campaign", Kind.TEXT, "name", "The campaign that brought the lead.", "p_campaign"),
    _said("landing_page", Kind.TEXT, "name", "The page on which the lead arrived.", "p_landing_page"),
    _said("lifecycle", Kind.TEXT, "name", "The stage that the source system names.", "p_lifecycle"),
    _said(
        "is_duplicate", Kind.TRUTH, "yes or no", "Whether the person is known under another id.",
        "coalesce(p_is_duplicate, FALSE)",
    ),
    _said("deleted", Kind.TRUTH, "yes or no", "Whether the source deleted the record.", "coalesce(p_deleted, FALSE)"),
)  # fmt: skip
ACCOUNT_COLUMNS = (
    _account("company", Kind.TEXT, "name", "The account's name.", "coalesce(a_name, p_company)"),
    _account("country", Kind.TEXT, "ISO 3166-1 alpha-2", "Country of the person, else of the account.",
             "coalesce(p_country, a_country)"),
    _account("city", Kind.TEXT, "name", "City of the person, else of the account.", "coalesce(p_city, a_city)"),
    _account("industry", Kind.TEXT, "name", "What the account makes or does.", "coalesce(a_industry, p_industry)"),
    _account("employees", Kind.NUMBER, "people", "How many people the account employs.",
             "coalesce(a_employees, p_employees)"),
    _account("revenue", Kind.NUMBER, "original currency a year", "The account's yearly revenue.",
             "coalesce(a_revenue, p_revenue)"),
    _account("segment", Kind.TEXT, "name", "The segment of the account.", "coalesce(a_segment, p_segment)"),
    _account("domain", Kind.TEXT, "domain", "The account's internet domain.", "coalesce(a_domain, p_domain)"),
    _account("account_owner", Kind.TEXT, "handle", "The colleague who owns the account, else the person.",
             "coalesce(nullif(a_owner, ''), nullif(p_owner, ''))"),
    _account("is_competitor", Kind.TRUTH, "yes or no", "Whether the account competes with us.",
             "coalesce(a_is_competitor, p_is_competitor, FALSE)"),
)  # fmt: skip
_DEAL_ACTIVITY = """SELECT p.person_id, epoch_us(least(d.occurred_at, d.known_at)) AS us,
        epoch_us(greatest(p.known_at, d.known_at)) AS known
    FROM deals_revisions d JOIN deal_people p USING (deal_id)"""  # people: see DEAL_PEOPLE
DEAL_COLUMNS = (
    Column("account_open_deals", Kind.NUMBER, "count", "Deals with the account that are open.", Origin.DEAL,
           "coalesce(d.now_open, 0)::DOUBLE"),
    Column("account_won_deals", Kind.NUMBER, "count", "Deals with the account that were won.", Origin.DEAL,
           "coalesce(d.now_won, 0)::DOUBLE"),
    Column("is_customer", Kind.TRUTH, "yes or no", "Whether the account has bought.", Origin.DEAL,
           "coalesce(d.now_won, 0) > 0"),
    Column("account_deal_stage", Kind.TEXT, "word",
           "The stage of the account's open deal that moved last; `none` without an open deal.", Origin.DEAL,
           "CASE WHEN coalesce(d.now_open, 0) = 0 THEN 'none' ELSE d.stage END"),
    Column("days_since_deal_activity", Kind.NUMBER, "days",
           "Wall time since anything happened to a deal of the account.", Origin.DEAL,
           f"(epoch_us(k) - d.active_us)::DOUBLE / {DAY_US}", Elapsed(DAY_US, _DEAL_ACTIVITY)),
)  # fmt: skip
CONSENT_COLUMNS = (
    Column("unsubscribed", Kind.TRUTH, "yes or no", "Whether the person said no to marketing mail or to everything.",
           Origin.CONSENT, "coalesce(c_marketing IN ('withdrawn', 'complained'), FALSE) "
           "OR coalesce(c_everything IN ('withdrawn', 'complained'), FALSE)"),
    Column("bounced", Kind.TRUTH, "yes or no", "Whether the last mail to the address came back for good.",
           Origin.CONSENT, "coalesce(c_address = 'bounced', FALSE)"),
    Column("opted_in", Kind.TRUTH, "yes or no",
           "Whether the person said yes to marketing mail, and no word forbids it.", Origin.CONSENT,
           "coalesce(c_marketing = 'granted', FALSE) "
           "AND NOT coalesce(c_everything IN ('withdrawn', 'complained'), FALSE)"),
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

BY_ADDRESS = "accord domains"
"""The source of what an address tells about the account of a person, and of what members say about that."""
NOBODY = "-"
"""The account of a person who, as a member says, works for none to which the address leads."""
STATED = f"CASE WHEN source <> '{BY_ADDRESS}' THEN account_id END"
LED_TO = f"CASE WHEN source = '{BY_ADDRESS}' THEN account_id END"


def employer_sql(last: str) -> str:
    """SQL for the account that a person works for: `last`, an expression that picks the last of `{}`, over the columns
    `stated` and `led_to`. What a source states wins, whenever it comes."""
    return f"coalesce({last.format('stated')}, nullif({last.format('led_to')}, '{NOBODY}'))"


_PROFILE_FIELDS = (
    "title", "email", "phone", "language", "origin", "campaign", "landing_page", "lifecycle", "is_duplicate", "deleted",
    "company", "country", "city", "industry", "employees", "revenue", "segment", "domain", "owner", "is_competitor",
    "name",
)  # fmt: skip


def lines_sql(
    names: Collection[str], decays: Collection[Decay] = (), *, carry: Collection[str] = (), moments: str = "moments"
) -> str:
    """SQL that answers `person_id, moment, account_id`, the named base columns and a column per decay, row per moment.

    Reads `moments(person_id, moment)`, or a relation of another name, and the revisions of touches, profiles, deals and
    consent; `carry` names further columns of `moments` to hand through. Every id is a person of its own: whoever knows
    people under several ids asks `view_sql`. Raises KeyError for a column that does not come from facts.

    Everything about a person is laid on one time line together with the moments, and one pass over it carries forward
    what was known; a second pass does the same per account. The carrying needs no join on inequality. The text
    is DuckDB's own: Spark breaks ties of arg_max otherwise and has no aggregate that keeps an order.
    """
    columns = [COLUMNS[name] for name in dict.fromkeys(names)]
    if asked := [c.name for c in columns if c.origin in (Origin.STANDING, Origin.CARD)]:
        raise KeyError(f"not from facts alone: {', '.join(asked)}")
    plan = _Plan(columns, tuple(decays), tuple(carry), moments)
    ctes = [f"people AS (SELECT DISTINCT person_id FROM {moments})", *plan.person_ctes()]
    last = "person_view"
    if plan.needs_accounts:
        ctes += plan.account_ctes()
        last = "account_view"
    halving = [d for d in plan.decays if d.half_life_us is not None]
    ctes += [_summed_decay(f"summed_{i}", d, moments) for i, d in enumerate(halving)]
    joins = "".join(f" LEFT JOIN summed_{i} USING (person_id, moment)" for i, _ in enumerate(halving))
    chosen = ["person_id", "k AS moment", "account_id", *(f'"{name}"' for name in carry)]
    chosen += [f'"{c.name}"' if c.origin is Origin.TOUCH else f'{c.sql} AS "{c.name}"' for c in columns]
    sums = {d.name: f'"{d.name}"' for d in plan.decays}
    sums |= {d.name: _halved(d, f"summed_{i}.total") for i, d in enumerate(halving)}
    chosen += [f'coalesce({sql}, 0) AS "{name}"' for name, sql in sums.items()]
    if halving:
        last = f"(SELECT *, k AS moment FROM {last})"
    return f"WITH {', '.join(ctes)} SELECT {', '.join(chosen)} FROM {last}{joins}"


_OF_PEOPLE = "IN (SELECT person_id FROM people)"
_TIE = "revision, source_id"
_OCCURRED = "least(occurred_at, known_at)"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which facts have to be laid on the time lines for the asked columns, and what is carried forward along them."""

    columns: Collection[Column]
    decays: tuple[Decay, ...]
    carry: tuple[str, ...]
    moments: str

    @property
    def running(self) -> list[Decay]:
        return [d for d in self.decays if not _is_short(d)]

    @property
    def touches(self) -> list[Column]:
        return [c for c in self.columns if c.origin is Origin.TOUCH]

    @property
    def windows(self) -> list[int]:
        """The lengths in days of the windows that the asked columns count within."""
        return [days for days in (7, 30) if any(f"in_{days} " in c.sql for c in self.touches)]

    @property
    def needs_accounts(self) -> bool:
        return any(c.origin in (Origin.ACCOUNT, Origin.DEAL) for c in self.columns)

    def said(self, prefix: str) -> list[str]:
        """The profile fields that the asked columns read, of the person (`p_`) or of the account (`a_`)."""
        return profile_fields(self.columns, prefix)

    def person_ctes(self) -> list[str]:
        """What is known of the people after each of their facts, and which of that holds at each moment.

        Only the places of facts are carried along the time line: all that is known would be far more.
        """
        kinds = [each for each in (self._said(), self._touched(), self._consented()) if each.sources]
        shown = [
            "person_id",
            "k",
            *_quote(self.carry),
            *(f"{sql} AS {name}" for kind in kinds for name, sql in kind.shown),
        ]
        joined = "".join(
            f" LEFT JOIN (SELECT * EXCLUDE (k) FROM {k.name}_states) USING (person_id, {k.place})" for k in kinds
        )
        view = f"SELECT {', '.join(shown)} FROM person_places CROSS JOIN newest{joined}"
        return [
            f"newest AS (SELECT max(epoch_us(moment)) AS us FROM {self.moments})",
            *(cte for kind in kinds for cte in kind.ctes()),
            f"person_places AS ({_places(kinds, self.carry, self.moments)})",
            *self._mended(view),
        ]

    def _said(self) -> _Kind:
        said = {f"p_{f}": f for f in self.said("p_")}
        fields = {"stated": STATED, "led_to": LED_TO, **said}
        source = ("profiles_revisions", "known_at", fields, f"subject = 'person' AND subject_id {_OF_PEOPLE}")
        kept = {name: f"last_value({name} IGNORE NULLS) OVER w" for name in said}
        return _Kind("said", [source], {"account_id": employer_sql("last_value({} IGNORE NULLS) OVER w"), **kept})

    def _touched(self) -> _Kind:
        if not (self.touches or self.running):
            return _Kind("touched", [], {})
        touched = {"o": _OCCURRED, "kind": "kind", "side": "side", "channel": "channel", "campaign": "campaign"}
        only = f"person_id {_OF_PEOPLE} AND ({relevant(self.touches, self.running)})"
        entered = {f"in_{days}": f"CASE WHEN {_enters(days)} THEN 1 END" for days in self.windows}
        taken = {f"in_{days}": f"CASE WHEN superseded_at < {_leaves(days)} THEN -1 END" for days in self.windows}
        corrected = f"superseded_at IS NOT NULL AND {only}"
        sources = [
            ("touches_revisions", "known_at", {**touched, "sign": "1", **entered}, only),
            ("touches_revisions", "superseded_at", {**touched, "sign": "-1", **taken}, corrected),
        ]
        for days in self.windows:
            left = f"{_enters(days)} AND coalesce(superseded_at >= {_leaves(days)}, TRUE) AND {only}"
            sources.append(("touches_revisions", _leaves(days), {**touched, f"in_{days}": "-1"}, left))
        kept = {f'"{c.name}"': c.sql for c in self.touches}
        return _Kind("touched", sources, kept | {f'"{d.name}"': _running_decay(d) for d in self.running})

    def _consented(self) -> _Kind:
        if not any(c.origin is Origin.CONSENT for c in self.columns):
            return _Kind("consented", [], {})
        said_so = {"purpose": "purpose", "status": "status", "o": _OCCURRED}
        by_mail = {"purpose": "'marketing.email'", "status": MAIL_STATUS, "o": _OCCURRED}
        sources = [
            ("consent_revisions", "known_at", said_so, f"person_id {_OF_PEOPLE}"),
            ("touches_revisions", "known_at", by_mail, f"person_id {_OF_PEOPLE} AND {MAIL_SAYS_NO}"),
        ]
        return _Kind("consented", sources, {name: _last_word(words) for name, words in WORDS_OF_CONSENT.items()})

    def _mended(self, view: str) -> list[str]:
        """The person's view; where touches were corrected, the newest and oldest of them are looked for anew.

        A running maximum cannot take back a touch that a correction replaced.
        """
        best = [c for c in self.touches if "sign > 0" in c.sql]
        if not best:
            return [f"person_view AS ({view})"]
        corrected = f"superseded_at IS NOT NULL AND person_id {_OF_PEOPLE} AND ({relevant(best, ())})"
        anew = [f'{c.sql.replace(") OVER w", f" ORDER BY known_at, {_TIE})")} AS "{c.name}"' for c in best]
        chosen = [f'CASE WHEN m.k IS NULL THEN v."{c.name}" ELSE m."{c.name}" END AS "{c.name}"' for c in best]
        return [
            f"""mended AS (
                SELECT person_id, k, {", ".join(anew)} FROM (
                    SELECT m.person_id, m.moment AS k, t.known_at, least(t.occurred_at, t.known_at) AS o, 1 AS sign,
                        t.kind, t.side, t.channel, t.campaign, t.revision, t.source_id
                    FROM {self.moments} m
                    SEMI JOIN (SELECT person_id FROM touches_revisions WHERE {corrected}) c USING (person_id)
                    LEFT JOIN touches_revisions t ON t.person_id = m.person_id AND t.known_at <= m.moment
                        AND coalesce(t.superseded_at, TIMESTAMP 'infinity') > m.moment
                ) GROUP BY person_id, k)""",
            f"""person_view AS (SELECT v.* REPLACE ({", ".join(chosen)})
                FROM ({view}) v LEFT JOIN mended m ON m.person_id = v.person_id AND m.k = v.k)""",
        ]

    def account_ctes(self) -> list[str]:
        """What is known of the accounts after each of their facts, and which of that holds at each person's moments.

        Only the places of facts are carried along the time line: all that is known of the person would be far more.
        """
        said = self.said("a_")
        with_deals = any(c.origin is Origin.DEAL for c in self.columns)
        there = "IN (SELECT account_key FROM account_asked)"
        head = ["subject_id AS account_key", "known_at AS k", "revision", "source_id"]
        fields = [*head, *said, *(("NULL AS deals",) if with_deals else ())]
        facts = [f"SELECT {', '.join(fields)} FROM profiles_revisions WHERE subject = 'account' AND subject_id {there}"]
        if with_deals:
            fields = ["account_key", "turn", "0", "''", *(f"NULL AS {f}" for f in said), "deals"]
            facts.append(f"SELECT {', '.join(fields)} FROM account_deals WHERE account_key {there}")
        kept = [f"last_value({f} IGNORE NULLS) OVER w AS a_{f}" for f in said]
        kept += ["last_value(deals IGNORE NULLS) OVER w AS d"] if with_deals else []
        return [
            *([_DEALS] if with_deals else []),
            """account_asked AS (
                SELECT DISTINCT coalesce(account_id, person_id) AS account_key, k FROM person_view)""",
            f"account_facts AS ({' UNION ALL '.join(facts)})",
            f"""account_states AS (
                SELECT {", ".join(["account_key", "k", "count(*) OVER w AS place", *kept])} FROM account_facts
                WINDOW w AS (PARTITION BY account_key ORDER BY k, {_TIE} ROWS UNBOUNDED PRECEDING))""",
            """account_places AS (
                SELECT * FROM (
                    SELECT account_key, k, asked, count(place) OVER w AS place FROM (
                        SELECT account_key, k, TRUE AS asked, NULL AS place FROM account_asked
                        UNION ALL SELECT account_key, k, FALSE, place FROM account_states
                    ) WINDOW w AS (PARTITION BY account_key ORDER BY k, asked ROWS UNBOUNDED PRECEDING)
                ) WHERE asked)""",
            """account_view AS (
                SELECT p.*, s.* EXCLUDE (account_key, k, place) FROM person_view p
                JOIN account_places l ON l.account_key = coalesce(p.account_id, p.person_id) AND l.k = p.k
                LEFT JOIN account_states s ON s.account_key = l.account_key AND s.place = l.place)""",
        ]


def profile_fields(columns: Collection[Column], prefix: str) -> list[str]:
    """The profile fields that columns read, of the person (`p_`) or of the account (`a_`)."""
    return [f for f in _PROFILE_FIELDS if any(re.search(rf"\b{prefix}{f}\b", c.sql) for c in columns)]


_OF_EVERY_FACT = ("known_at", "superseded_at", "revision", "source", "source_id")


def fields_read(names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The fields of touches, profiles and consent that the lead view of the named columns reads, its moments too."""
    columns = [COLUMNS[name] for name in names]
    said = dict.fromkeys([*profile_fields(columns, "p_"), *profile_fields(columns, "a_")])
    return {
        "touches": ("person_id", "kind", "side", "channel", "campaign", "occurred_at", *_OF_EVERY_FACT),
        "profiles": ("subject", "subject_id", "account_id", *said, *_OF_EVERY_FACT),
        "consent": ("person_id", "purpose", "status", "occurred_at", *_OF_EVERY_FACT),
    }


def _quote(names: Collection[str]) -> list[str]:
    return [f'"{name}"' for name in names]


_Source = tuple[str, str, dict[str, str], str]
"""Facts that lie on a time line: table, the time at which they do, their fields as SQL, and which rows."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Facts of one kind about people, and by column what is kept of them: SQL over the window `w` of facts so far."""

    name: str
    sources: list[_Source]
    kept: Mapping[str, str]

    @property
    def place(self) -> str:
        """The column that says how many of these facts came before."""
        return f"{self.name}_place"

    @property
    def shown(self) -> Iterator[tuple[str, str]]:
        """What is kept, by column, as SQL over what the windows answered and the moment `k`."""
        return ((name, _parted(name, sql)[0]) for name, sql in self.kept.items())

    def ctes(self) -> Iterator[str]:
        """The facts on one time line, and what the windows answer after each."""
        windows = [
            f"{sql} AS {alias}" for name, kept in self.kept.items() for alias, sql in _parted(name, kept)[1].items()
        ]
        yield f"{self.name}_facts AS ({_time_line(self.sources)})"
        yield (
            f"{self.name}_states AS (SELECT person_id, k, count(*) OVER w AS {self.place}, {', '.join(windows)}"
            f" FROM {self.name}_facts, newest WINDOW w AS"
            f" (PARTITION BY person_id ORDER BY k, {_TIE} ROWS UNBOUNDED PRECEDING))"
        )


def _parted(name: str, sql: str) -> tuple[str, dict[str, str]]:
    """An expression over windows, with a column in place of each window; and the windows by column."""
    windows: dict[str, str] = {}
    while (end := sql.find(" OVER w")) >= 0:
        start, depth = end - 1, 1
        while depth:
            start -= 1
            depth += {")": 1, "(": -1}.get(sql[start], 0)
        while start and (sql[start - 1].isalnum() or sql[start - 1] == "_"):
            start -= 1
        alias = f'"{name.strip(chr(34))}_of_{len(windows)}"'
        windows[alias] = sql[start : end + len(" OVER w")]
        sql = sql[:start] + alias + sql[end + len(" OVER w") :]
    return sql, windows


def _time_line(sources: list[_Source]) -> str:
    """Facts one after the other, in common columns; what a source lacks is empty."""
    names = list(dict.fromkeys(name for _, _, fields, _ in sources for name in fields))
    lines = []
    for table, time, fields, which in sources:
        person = "subject_id" if table == "profiles_revisions" else "person_id"
        values = [f"{fields[n]} AS {n}" if n in fields else f"NULL AS {n}" for n in names]
        head = f"{person} AS person_id, {time} AS k, revision, source_id"
        lines.append(f"SELECT {', '.join([head, *values])} FROM {table} WHERE {which}")
    return " UNION ALL ".join(lines)


def _places(kinds: Collection[_Kind], carry: Collection[str], moments: str) -> str:
    """How many facts of each kind were known at each moment."""
    places, carried = [kind.place for kind in kinds], _quote(carry)
    nothing = [f"NULL AS {name}" for name in carried]
    lines = [", ".join(["SELECT person_id, moment AS k, TRUE AS asked", *carried, *(f"NULL AS {p}" for p in places)])]
    lines[0] += f" FROM {moments}"
    for kind in kinds:
        own = [kind.place if place == kind.place else f"NULL AS {place}" for place in places]
        lines.append(", ".join(["SELECT person_id, k, FALSE AS asked", *nothing, *own]) + f" FROM {kind.name}_states")
    counted = ", ".join(["person_id, k, asked", *carried, *(f"count({p}) OVER w AS {p}" for p in places)])
    window = "w AS (PARTITION BY person_id ORDER BY k, asked ROWS UNBOUNDED PRECEDING)"
    line = f"SELECT {counted} FROM ({' UNION ALL '.join(lines)}) WINDOW {window}"
    return f"SELECT * EXCLUDE (asked) FROM ({line}) WHERE asked"


def _is_short(decay: Decay) -> bool:
    return decay.half_life_us is not None and decay.half_life_us < SHORTEST_RUNNING_HALF_LIFE_US


def _enters(days: int) -> str:
    """Whether a touch still lay within the window of so many days when it became known."""
    return f"known_at < {_leaves(days)}"


def _leaves(days: int) -> str:
    return f"(least(occurred_at, known_at) + INTERVAL {days} DAYS)"


def _last_word(words: str) -> str:
    """The last status by when it was said, not by when we heard of it; at the same moment yes gives way."""
    which = f"CASE WHEN {words} THEN"
    return f"arg_max({which} status END, {which} 2 * epoch_us(o) + (status <> 'granted')::INT END) OVER w"


def _running_decay(decay: Decay) -> str:
    which = f"kind = {quoted(decay.touch)}"
    if decay.half_life_us is None:
        return f"coalesce(sum(CASE WHEN {which} THEN sign END) OVER w, 0)::DOUBLE"
    half = f"{decay.half_life_us}::DOUBLE"
    weight = f"sign * pow(2, (epoch_us(o) - newest.us) / {half} + 500)"
    back = f"pow(2, (newest.us - epoch_us(k)) / {half} - 500)"
    return f"coalesce(sum(CASE WHEN {which} THEN {weight} END) OVER w, 0) * {back}"


def _halved(decay: Decay, summed: str) -> str:
    if _is_short(decay):
        return summed
    return f'CASE WHEN {_far_from_newest(decay, "k")} THEN {summed} ELSE "{decay.name}" END'


def _far_from_newest(decay: Decay, moment: str) -> str:
    """Whether a moment lies so many half-lives before the newest one that its weight leaves the range of a double."""
    return f"epoch_us({moment}) < (SELECT us FROM newest) - {RUNNING_HALF_LIVES * (decay.half_life_us or 1)}"


def _summed_decay(name: str, decay: Decay, moments: str) -> str:
    """Where a running sum would leave the range of a double, the touches of the last 64 half-lives are summed anew."""
    half = decay.half_life_us or 1
    age = "(epoch_us(m.moment) - epoch_us(least(t.occurred_at, t.known_at)))::DOUBLE"
    which = "TRUE" if _is_short(decay) else _far_from_newest(decay, "m.moment")
    return f"""{name} AS (
        SELECT m.person_id, m.moment, sum(pow(2, -{age} / {half})) AS total
        FROM {moments} m JOIN touches_revisions t ON t.person_id = m.person_id AND t.kind = {quoted(decay.touch)}
            AND t.known_at <= m.moment AND coalesce(t.superseded_at, TIMESTAMP 'infinity') > m.moment
            AND epoch_us(least(t.occurred_at, t.known_at)) >= epoch_us(m.moment) - {64 * half}
        WHERE {which} GROUP BY m.person_id, m.moment
    )"""


def relevant(columns: Collection[Column], decays: Collection[Decay]) -> str:
    """Which touches can change the asked columns; the others are not even read."""
    whole = {c.name for c in columns} - {c.name for c in columns if _only(c)}
    if whole:
        return "TRUE"
    parts = {only for c in columns if (only := _only(c))} | {f"kind = {quoted(d.touch)}" for d in decays}
    return " OR ".join(sorted(parts)) or "FALSE"


def _only(column: Column) -> str | None:
    return next((which for which in (FORM, "kind LIKE 'meeting.%'", BY_SALES) if which in column.sql), None)


def relevant_touches(names: Collection[str], decays: Collection[Decay]) -> str:
    """SQL predicate over touches: those that can change one of the named columns or sums."""
    return relevant([COLUMNS[n] for n in names if COLUMNS[n].origin is Origin.TOUCH], decays)


def touches_behind(column: Column) -> tuple[str, bool]:
    """Of a column that comes from touches: as SQL which of them it speaks of, and whether of the first of them."""
    told = re.search(r"CASE WHEN (.+?)(?: AND sign > 0)? THEN", column.sql)
    if told is None:
        raise ValueError(f"{column.name} does not come from touches")
    return told[1], column.sql.startswith("arg_min") or "min(CASE" in column.sql


def quoted(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


SPELLS = f"""spells AS (
    SELECT person_id, since, {employer_sql("last_value({} IGNORE NULLS) OVER w")} AS account_id,
        lead(since) OVER (PARTITION BY person_id ORDER BY since) AS until FROM (
        SELECT subject_id AS person_id, known_at AS since, last(stated ORDER BY revision, source_id) AS stated,
            last(led_to ORDER BY revision, source_id) AS led_to
        FROM (SELECT *, {STATED} AS stated, {LED_TO} AS led_to FROM profiles_revisions)
        WHERE subject = 'person' AND account_id IS NOT NULL GROUP BY subject_id, known_at)
    WINDOW w AS (PARTITION BY person_id ORDER BY since ROWS UNBOUNDED PRECEDING)
)"""
"""Which account a person works for, since when and until when, as it became known; none where somebody said so."""

DEAL_PEOPLE = """deal_parties AS (
    SELECT deal_id, account_id, person_id, min(known_at) AS known_at FROM deals_revisions GROUP BY ALL
),
deal_people AS (
    SELECT deal_id, s.person_id, greatest(p.known_at, s.since) AS known_at
    FROM deal_parties p JOIN spells s ON s.account_id = p.account_id
    UNION ALL SELECT deal_id, s.person_id, greatest(p.known_at, o.since, s.since)
    FROM deal_parties p JOIN spells o ON o.person_id = p.person_id JOIN spells s ON s.account_id = o.account_id
    WHERE p.account_id IS NULL
    UNION ALL SELECT deal_id, person_id, known_at FROM deal_parties WHERE account_id IS NULL AND person_id IS NOT NULL
)"""
"""Whom a deal concerns, and from when on that could be known; after SPELLS."""


_EVENTS_IN_ORDER = "ORDER BY o, step, known_at, revision, source_id"
_DEALS = f"""{SPELLS},
deal_keys AS (SELECT account_id FROM spells SEMI JOIN people USING (person_id) UNION SELECT person_id FROM people),
deal_facts AS (
    SELECT deal_id, account_id, person_id, known_at, superseded_at, revision, source_id,
        least(occurred_at, known_at) AS o,
        CASE WHEN event IN ('won', 'lost') THEN 2 WHEN event IN ('reopened', 'deleted') THEN 3 ELSE 1 END AS step,
        CASE WHEN event IN ('opened', 'reopened', 'stage') THEN 'open'
            WHEN event IN ('won', 'lost', 'deleted') THEN event END AS state,
        CASE WHEN event NOT IN ('won', 'lost', 'deleted') THEN nullif(stage, '') END AS stage
    FROM deals_revisions WHERE deal_id IN (
        SELECT deal_id FROM deals_revisions WHERE account_id IN (FROM deal_keys) OR person_id IN (FROM deal_keys)
            OR person_id IN (SELECT person_id FROM spells WHERE account_id IN (FROM deal_keys)))
),
deal_times AS (
    SELECT deal_id, known_at AS turn FROM deal_facts
    UNION SELECT deal_id, superseded_at FROM deal_facts WHERE superseded_at IS NOT NULL
    UNION SELECT deal_id, since FROM deal_facts f JOIN spells USING (person_id)
        WHERE f.account_id IS NULL AND spells.since >= known_at
),
deal_sums AS (
    SELECT t.deal_id, turn, last(state {_EVENTS_IN_ORDER}) FILTER (state IS NOT NULL) AS state,
        last(stage {_EVENTS_IN_ORDER}) FILTER (stage IS NOT NULL) AS stage, max(o) FILTER (stage IS NOT NULL) AS moved,
        max(o) AS active, last(account_id {_EVENTS_IN_ORDER}) FILTER (account_id IS NOT NULL) AS account_id,
        last(person_id {_EVENTS_IN_ORDER}) FILTER (person_id IS NOT NULL) AS person_id
    FROM deal_times t LEFT JOIN deal_facts f
        ON f.deal_id = t.deal_id AND known_at <= turn AND coalesce(superseded_at, TIMESTAMP 'infinity') > turn
    GROUP BY t.deal_id, turn
),
deal_states AS (
    SELECT d.*, coalesce(d.account_id, s.account_id, d.person_id) AS account_key,
        lead(turn) OVER (PARTITION BY deal_id ORDER BY turn) AS until
    FROM deal_sums d LEFT JOIN spells s
        ON s.person_id = d.person_id AND s.since <= turn AND coalesce(s.until, TIMESTAMP 'infinity') > turn
),
account_times AS (
    SELECT account_key, turn FROM deal_states WHERE account_key IN (FROM deal_keys)
    UNION SELECT account_key, until FROM deal_states WHERE account_key IN (FROM deal_keys) AND until IS NOT NULL
),
account_deals AS (
    SELECT t.account_key, t.turn, {{
        'now_open': count(*) FILTER (state = 'open'), 'now_won': count(*) FILTER (state = 'won'),
        'stage': last(stage ORDER BY moved, deal_id) FILTER (state = 'open' AND stage IS NOT NULL),
        'active_us': max(epoch_us(active))}} AS deals
    FROM account_times t LEFT JOIN deal_states s
        ON s.account_key = t.account_key AND s.turn <= t.turn AND coalesce(s.until, TIMESTAMP 'infinity') > t.turn
    GROUP BY t.account_key, t.turn
)"""
"""How the deals of some accounts stood after each change: how many open and won, the stage, the last activity.

What happened later counts, not what was heard later, so each deal is summed up anew at each of its changes.
"""


MAIL_SAYS_NO = "kind IN ('email.bounced', 'email.complained', 'email.unsubscribed')"
MAIL_STATUS = (
    "CASE kind WHEN 'email.bounced' THEN 'bounced' WHEN 'email.complained' THEN 'complained' ELSE 'withdrawn' END"
)
_NO_OR_YES = "status IN ('granted', 'withdrawn', 'complained')"
WORDS_OF_CONSENT = {
    "c_marketing": f"purpose = 'marketing.email' AND {_NO_OR_YES}",
    "c_everything": f"purpose = 'all' AND {_NO_OR_YES}",
    "c_address": "purpose IN ('marketing.email', 'all') AND status IN ('granted', 'bounced')",
}
