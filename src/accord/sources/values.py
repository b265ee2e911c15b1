"""Reads times, numbers and truths as people write them. Each is decided for a whole column, then read in SQL.

A column of dates is one column: if any of its first numbers is above 12, the day comes first in all of them. What the
values themselves cannot tell is taken from the mapping, and said. `{x}` in the expressions stands for the trimmed cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from accord.facts.engine import constant, text
from accord.facts.errors import AccordError

_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_OFFSET = r"(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
_DAYS_TO_EXCEL_ZERO = 25569
EARLIEST, LATEST = 1900, 2200

_ENDS_WITH_OFFSET = f"regexp_matches({{x}}, ':\\d{{2}}(\\.\\d+)? ?{_OFFSET}$')"
NUMERIC_DATE = rf"\d{{1,2}}([./-])\d{{1,2}}\1(\d{{4}}|\d{{2}})(,?[ T]+{_CLOCK}( ?[AaPp]\.?[Mm]\.?)?)?"
SHAPES: dict[str, str] = {
    "iso": rf"\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}([T ]{_CLOCK})?",
    "offset": rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}[T ]{_CLOCK} ?{_OFFSET}",
    "numeric": NUMERIC_DATE,
    "words": r"([A-Za-z]{3,9},? )?(\d{1,2}\.? [A-Za-z]{3,9}\.?,? \d{4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"
    rf"(,?( at)? {_CLOCK}( ?[AaPp][Mm])?)?",
    "epoch": r"\d{9,10}(\.\d+)?",
    "epoch_ms": r"\d{12,13}",
    "epoch_us": r"\d{15,16}",
    "compact": r"(19|20)\d{6}(T?\d{6}Z?)?",
    "excel": r"\d{5}([.,]\d+)?",
}
FORMATS = ("epoch", "epoch_ms", "epoch_us", "excel", "iso", "compact")
_US_ZONES = re.compile(r"^(US/|America/(New_York|Chicago|Denver|Los_Angeles|Phoenix|Anchorage|Detroit|Boise))")

TRUE = ("true", "t", "yes", "y", "1", "1.0", "ja", "wahr", "oui", "vrai", "si", "sí", "sim", "x", "on")
FALSE = ("false", "f", "no", "n", "0", "0.0", "nein", "falsch", "non", "faux", "não", "nao", "off", "-")


@dataclass(frozen=True, slots=True)
class Reading:
    """How one column is read: an expression over `{x}` and what the reader ought to know about it."""

    sql: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """What a whole column of dates like 05/06/2026 shows: the largest first and second number."""

    first: int = 0
    second: int = 0


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_zone(zone: str) -> str:
    """The zone itself. Raises AccordError for a name that is no time zone."""
    if zone != "UTC" and zone not in _zones():  # the list is slow to read
        raise AccordError(f"{zone!r} is no time zone.", remedy="Use a name such as Europe/Berlin or UTC.")
    return zone


# ------------------------------------------------------------------------------------------------------------ times


def shapes_of(values: Iterable[str]) -> dict[str, int]:
    """How many of the values are written in each known shape of a time."""
    found = dict.fromkeys(SHAPES, 0)
    fits = {name: re.compile(pattern).fullmatch for name, pattern in SHAPES.items()}
    for value in map(str.strip, values):
        for name, fit in fits.items():
            if fit(value):
                found[name] += 1
                break
    return {name: count for name, count in found.items() if count}


def time_reading(
    column: str, values: Iterable[str], *, zone: str, day_first: bool | None, span: Callable[[], Span]
) -> Reading:
    """How to read a column of times from a sample of its values; `span` is asked only for dates like 05/06/2026."""
    values = list(values)
    shapes = shapes_of(values)
    notes: tuple[str, ...] = ()
    if "numeric" in shapes and day_first is None:
        dotted = all("." in value for value in values if re.fullmatch(NUMERIC_DATE, value.strip()))
        day_first, notes = _day_first(column, span(), zone, dotted=dotted)
    order: list[str] = [name for name in ("offset", "iso", "numeric", "words") if name in shapes]
    order += [name for name in SHAPES if name in shapes and name not in order]
    order += [name for name in ("offset", "iso", "words") if name not in order]
    if day_first is None and "numeric" in order:
        order.remove("numeric")
    return Reading(_coalesced([_shape_sql(name, zone, bool(day_first)) for name in order], shapes, zone), notes)


def _coalesced(readers: list[str], shapes: dict[str, int], zone: str) -> str:
    plain = set(shapes) <= {"iso", "offset"}
    if plain and zone == "UTC":  # one cast reads both, and is the fastest
        readers = ["TRY_CAST({x} AS TIMESTAMPTZ)", *readers]
    return readers[0] if len(readers) == 1 else f"coalesce({', '.join(readers)})"


def _day_first(column: str, span: Span, zone: str, *, dotted: bool) -> tuple[bool, tuple[str, ...]]:
    if span.first > 12 and span.second > 12:
        note = f"{column}: some dates have the day first and some the month; the ones that do not fit are refused"
        return dotted or not _US_ZONES.match(zone), (note,)
    if span.first > 12 or span.second > 12:
        return span.first > 12, ()
    day_first = dotted or not _US_ZONES.match(zone)
    if dotted:
        return True, ()
    taken = "day" if day_first else "month"
    return day_first, (
        f"{column}: no date tells day from month; the {taken} was taken as first; set `day_first` to say",
    )


def _shape_sql(name: str, zone: str, day_first: bool) -> str:
    if name == "offset":
        full = "regexp_replace({x}, '^(.{8,10}[T ]\\d{1,2}:\\d{2}) ?([Z+-])', '\\1:00\\2')"
        return f"CASE WHEN regexp_full_match({{x}}, {text(SHAPES[name])}) THEN TRY_CAST({full} AS TIMESTAMPTZ) END"
    if name == "iso":
        dashed = "translate(left({x}, 10), '/.', '--') || substr({x}, 11)"
        day = f"CASE WHEN substr({{x}}, 5, 1) = '-' THEN {{x}} ELSE {dashed} END"
        return _local(f"CASE WHEN NOT {_ENDS_WITH_OFFSET} THEN TRY_CAST({day} AS TIMESTAMP) END", zone)
    if name == "numeric":
        return _local(_numeric(day_first), zone)
    if name == "words":
        return _local(_words(), zone)
    return _counted(name, zone)


def _local(sql: str, zone: str) -> str:
    """A naive time as an instant: the wall clock of `zone`."""
    return f"timezone({text(zone)}, {sql})"


def _formats(dates: Iterable[str], clocks: Iterable[str]) -> str:
    return "[" + ", ".join(text(f"{day}{clock}") for day in dates for clock in clocks) + "]"


_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", " %I:%M:%S%p")


def _numeric(day_first: bool) -> str:
    dates = ("%d-%m-%y", "%d-%m-%Y") if day_first else ("%m-%d-%y", "%m-%d-%Y")
    plain = "regexp_replace(translate(left({x}, 10), './', '--') || substr({x}, 11), '(,? +|T)', ' ')"
    plain = f"replace(replace({plain}, 'a.m.', 'AM'), 'p.m.', 'PM')"
    shaped = f"regexp_full_match({{x}}, {text(_without_reference(NUMERIC_DATE))})"
    return f"CASE WHEN {shaped} THEN try_strptime({plain}, {_formats(dates, _CLOCKS)}) END"


def _without_reference(pattern: str) -> str:
    return pattern.replace(r"\1", "[./-]")  # RE2 knows no references


def _words() -> str:
    dates = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
    plain = "regexp_replace(regexp_replace({x}, '^[A-Za-z]{3,9},? (\\d|[A-Z])', '\\1'), '(,|\\.| at)', '', 'g')"
    formats = _formats(dates, _CLOCKS)
    return f"coalesce(try_strptime({plain}, {formats}), try_strptime(replace({{x}}, ',', ''), {formats}))"


def _counted(name: str, zone: str) -> str:
    number = "TRY_CAST(replace({x}, ',', '.') AS DOUBLE)"
    matched = f"regexp_full_match({{x}}, {text(_without_reference(SHAPES[name]))})"
    seconds = {"epoch": "1.0", "epoch_ms": "1e3", "epoch_us": "1e6"}
    if name in seconds:
        return f"CASE WHEN {matched} THEN to_timestamp({number} / {seconds[name]}) END"
    if name == "excel":
        days = f"round(({number} - {_DAYS_TO_EXCEL_ZERO}) * 86400)"
        return f"CASE WHEN {matched} THEN timezone({text(zone)}, epoch_ms(CAST({days} * 1000 AS BIGINT))) END"
    digits = "translate({x}, 'TZ', '')"
    formats = "['%Y%m%d', '%Y%m%d%H%M%S']"
    zoned = f"CASE WHEN {{x}} LIKE '%Z' THEN 'UTC' ELSE {text(zone)} END"
    return f"CASE WHEN {matched} THEN timezone({zoned}, try_strptime({digits}, {formats})) END"


def formatted_time(form: str, zone: str) -> str:
    """The expression for an explicit format: a strptime pattern, or one of FORMATS.

    Raises AccordError for anything else.
    """
    if form in SHAPES and form in FORMATS:
        return (
            _shape_sql(form, zone, False)
            if form != "iso"
            else _coalesced([_shape_sql("offset", zone, False), _shape_sql("iso", zone, False)], {"iso": 1}, zone)
        )
    if "%" not in form:
        allowed = ", ".join(FORMATS)
        raise AccordError(
            f"the time format {form!r} is unknown.", remedy=f"Use {allowed} or a pattern as %d.%m.%Y %H:%M."
        )
    if "%z" in form:
        return f"try_strptime({{x}}, {text(form)})::TIMESTAMPTZ"
    return f"timezone({text(zone)}, try_strptime({{x}}, {text(form)})::TIMESTAMP)"


def precision_sql(form: str = "") -> str:
    """'day' where a cell names no time of day, else 'second'. Epochs name one; an Excel serial does by its fraction."""
    if form in ("epoch", "epoch_ms", "epoch_us") or re.search(r"%[HIMSTXc]", form):
        return constant("second")
    counted = "regexp_full_match({x}, '\\d{5}|(19|20)\\d{6}')"
    worded = "regexp_matches({x}, '[^0-9.,TZ]')"
    dotted = "regexp_full_match({x}, '\\d{1,4}\\.\\d{1,2}\\.\\d{2,4}')"
    second, day = (f"'{word}'::ENUM('second', 'day')" for word in ("second", "day"))
    dated = f"WHEN {counted} OR {worded} OR {dotted} THEN {day}"
    return f"CASE WHEN contains({{x}}, ':') THEN {second} {dated} ELSE {second} END"


def plausible(time: str) -> str:
    """A time, or NULL outside of the years in which people sell."""
    first, last = (f"TIMESTAMPTZ '{year}-01-01 00:00:00+00'" for year in (EARLIEST, LATEST))
    return f"CASE WHEN {time} >= {first} AND {time} < {last} THEN {time} END"


# ---------------------------------------------------------------------------------------------------------- numbers

_POINT_GROUPS = r"-?\d{1,3}(\.\d{3})+"
_COMMA_GROUPS = r"-?\d{1,3}(,\d{3})+"


def plain_number(cell: str) -> str:
    """A cell without currency, blanks and apostrophes; (5) becomes -5. For the decision about the decimal sign."""
    bare = re.sub(r"[\s\u00a0\u202f'’]|[A-Za-z]{1,3}\$?|[€$£¥]", "", cell)
    return "-" + bare[1:-1] if bare.startswith("(") and bare.endswith(")") else bare


def comma_is_decimal(column: str, values: Iterable[str]) -> tuple[bool, tuple[str, ...]]:
    """Whether the comma is the decimal sign of a column, and what could not be told."""
    votes = {"comma": 0, "point": 0, "open": 0, "whole": 0}
    for value in values:
        votes[_vote(plain_number(value))] += 1
    if votes["comma"] and votes["point"]:
        note = f"{column}: both 1.234,56 and 1,234.56 occur; numbers that do not fit are refused; set `decimal_comma`"
        return votes["comma"] > votes["point"], (note,)
    if votes["open"] and not votes["comma"] and not votes["point"]:
        return False, (f"{column}: no number tells the decimal sign; the point was taken; set `decimal_comma` to say",)
    return votes["comma"] > 0, ()


def _vote(number: str) -> str:
    if "," not in number and "." not in number:
        return "whole"
    if "," in number and "." in number:
        return "comma" if number.rindex(",") > number.rindex(".") else "point"
    mark = "," if "," in number else "."
    if number.count(mark) > 1:
        return "point" if mark == "," else "comma"
    if re.fullmatch(_POINT_GROUPS if mark == "." else _COMMA_GROUPS, number) and not number.lstrip("-").startswith("0"):
        return "open"
    return "comma" if mark == "," else "point"


def number_sql(comma: bool) -> str:
    """The expression for a finite number. Currency signs, blanks and groups of three are taken off; (5) is -5."""
    bare = "regexp_replace({x}, '[\\s\\x{00A0}\\x{202F}''’]|[A-Za-z]{1,3}\\$?|[€$£¥]', '', 'g')"
    signed = f"regexp_replace({bare}, '^\\((.*)\\)$', '-\\1')"
    group, mark = ("\\.", ",") if comma else (",", "\\.")
    pattern = f"[+-]?(\\d{{1,3}}({group}\\d{{3}})+|\\d+)?({mark}\\d+)?"
    digits = f"replace(replace({signed}, '.', ''), ',', '.')" if comma else f"replace({signed}, ',', '')"
    shaped = f"CASE WHEN regexp_full_match({signed}, '{pattern}') THEN TRY_CAST({digits} AS DOUBLE) END"
    if comma:
        return shaped
    plain = "CASE WHEN regexp_full_match({x}, '[+-]?[0-9.]+([eE][+-]?\\d+)?') THEN TRY_CAST({x} AS DOUBLE) END"
    return f"coalesce({plain}, {shaped})"


# ------------------------------------------------------------------------------------------------- truths and texts


def truth_sql() -> str:
    """The expression for yes or no, in the words of several languages."""
    yes, no = (", ".join(text(word) for word in words) for words in (TRUE, FALSE))
    return f"CASE WHEN lower({{x}}) IN ({yes}) THEN true WHEN lower({{x}}) IN ({no}) THEN false END"


def looks_like_ip(value: str) -> bool:
    """Whether a text is an IP address; those are never imported."""
    parts = value.strip().split(".")
    if len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts):
        return True
    return bool(re.fullmatch(r"[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){3,7}", value.strip())) and "::" in value + "::"


def without_query(sql: str) -> str:
    """An address without its query and fragment, which often carry personal data."""
    cut = f"nullif(regexp_replace({sql}, '[?#].*$', '', 's'), '')"
    return f"CASE WHEN regexp_matches({sql}, '[?#]') THEN {cut} ELSE {sql} END"


def domain_of(sql: str) -> str:
    """The internet domain of a web address or an e-mail address, in lower case, without www."""
    return f"nullif(regexp_replace(lower({sql}), '^([a-z]+://)?([^/@]*@)?(www\\.)?([^/:?#]*).*$', '\\4', 's'), '')"


COUNTRIES = {
    "AE": "united arab emirates|uae", "AR": "argentina", "AT": "austria|österreich", "AU": "australia",
    "BE": "belgium|belgien|belgique|belgië", "BG": "bulgaria", "BR": "brazil|brasil|brasilien", "CA": "canada|kanada",
    "CH": "switzerland|schweiz|suisse|svizzera", "CL": "chile", "CN": "china|people's republic of china",
    "CO": "colombia", "CY": "cyprus", "CZ": "czech republic|czechia|tschechien", "DE": "germany|deutschland|allemagne",
    "DK": "denmark|dänemark|danmark", "EE": "estonia", "EG": "egypt", "ES": "spain|spanien|españa",
    "FI": "finland|finnland|suomi", "FR": "france|frankreich",
    "GB": "united kingdom|uk|great britain|england|scotland|wales|großbritannien|vereinigtes königreich",
    "GR": "greece|griechenland", "HK": "hong kong", "HR": "croatia|kroatien", "HU": "hungary|ungarn",
    "ID": "indonesia", "IE": "ireland|irland", "IL": "israel", "IN": "india|indien", "IS": "iceland",
    "IT": "italy|italien|italia", "JP": "japan", "KE": "kenya", "KR": "south korea|republic of korea",
    "LI": "liechtenstein", "LT": "lithuania", "LU": "luxembourg|luxemburg", "LV": "latvia", "MA": "morocco",
    "MT": "malta", "MX": "mexico|méxico|mexiko", "MY": "malaysia", "NG": "nigeria",
    "NL": "netherlands|the netherlands|niederlande|nederland|holland", "NO": "norway|norwegen|norge",
    "NZ": "new zealand", "PE": "peru", "PH": "philippines", "PK": "pakistan", "PL": "poland|polen|polska",
    "PT": "portugal", "RO": "romania|rumänien", "RS": "serbia", "RU": "russia|russian federation", "SA": "saudi arabia",
    "SE": "sweden|schweden|sverige", "SG": "singapore", "SI": "slovenia|slowenien", "SK": "slovakia|slowakei",
    "TH": "thailand", "TR": "turkey|türkei|türkiye", "TW": "taiwan", "UA": "ukraine",
    "US": "united states|usa|united states of america|u.s.|u.s.a.|vereinigte staaten", "UY": "uruguay",
    "VN": "vietnam|viet nam", "ZA": "south africa|südafrika",
}  # fmt: skip


def country_sql(sql: str) -> str:
    """Two letters for a country named in full; what is not recognised stays as it stands."""
    names = {name: code for code, spoken in COUNTRIES.items() for name in spoken.split("|")}
    entries = ", ".join(f"{text(name)}: {text(code)}" for name, code in names.items())
    two = f"regexp_full_match({sql}, '[A-Za-z]{{2}}') AND lower({sql}) <> 'uk'"
    return f"CASE WHEN {two} THEN upper({sql}) ELSE coalesce(MAP {{{entries}}}[lower({sql})], {sql}) END"
