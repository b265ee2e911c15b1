"""Numbers, durations and conditions as a sales director would say them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from accord.agreement.clock import Duration
from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition_rules import FLIPPED
from accord.agreement.condition_terms import (
    Among,
    Between,
    Comparison,
    Constant,
    Holds,
    IsKnown,
    IsTruth,
    Like,
    Named,
    Test,
)
from accord.agreement.condition_tree import And, Not, Or, Part, Tree
from accord.agreement.mistake import listed
from accord.agreement.predicate import understood

UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
SINCE = re.compile(r"(days|hours)_since_(.+)")
BOUNDS = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
MOMENTS = {
    "recycle": "recycling",
    "reject": "rejection",
    "handoff": "last handoff",
    "deal_activity": "last deal activity",
}
EITHER = "(either "
MANY = 100
STATES = {  # column: as it is said, and its opposite
    "unsubscribed": ("the person has unsubscribed", "the person has not unsubscribed"),
    "bounced": ("mail to the person bounces", "no mail to the person bounces"),
    "opted_in": ("the person has opted in", "the person has not opted in"),
    "deleted": ("the source deleted the record", "the source has not deleted the record"),
    "open_handoff": ("a handoff of the person is open", "no handoff of the person is open"),
    "has_email": ("an e-mail address is known", "no e-mail address is known"),
    "has_phone": ("a telephone number is known", "no telephone number is known"),
    "is_duplicate": ("the person is known already", "the person is not known already"),
    "is_competitor": ("the account is a competitor", "the account is not a competitor"),
    "is_customer": ("the account is a customer", "the account is not a customer"),
}
FORMS = {  # by `%` before and after the words; then plain and negated
    (True, True): ("contains", "does not contain"),
    (False, True): ("begins with", "does not begin with"),
    (True, False): ("ends with", "does not end with"),
    (False, False): ("is", "is not"),
}
SPELT = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def marked(text: object) -> str:
    """A quantity that the reader's eye should find; `prose.Article` takes the marks out again."""
    return f"⟦{text}⟧"


def figure(value: float) -> str:
    """`20,800`, `0.5`."""
    return f"{int(value):,}" if value == int(value) else f"{value:,.10g}"


def spelt(value: int) -> str:
    """`seven`, `13`."""
    return SPELT[value] if 0 <= value < len(SPELT) else figure(value)


def plural(value: float, noun: str) -> str:
    """`1 day`, `14 days`."""
    return f"{figure(value)} {noun}" if value == 1 else f"{figure(value)} {noun}s"


def share(value: float) -> str:
    """`90 of 100`; `all` for the whole."""
    return "all" if value == 1 else f"{figure(round(value * 100, 6))} of 100"


def business(duration: Duration) -> str:
    """A duration on a clock: `4 business hours`, `2 working days`."""
    kind = "working" if duration.unit == "d" else "business"
    return plural(duration.amount, f"{kind} {UNITS[duration.unit]}")


def wall(duration: Duration) -> str:
    """A duration outside business time: `14 days`."""
    return plural(duration.amount, UNITS[duration.unit])


def a_period(duration: Duration) -> str:
    """`a week` for seven days, `a day` for one, else `in 10 days`."""
    known = {"1d": "a day", "7d": "a week", "1h": "an hour"}
    return known.get(str(duration), f"in {wall(duration)}")


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    flat = " ".join(text.split()).rstrip(".")
    first = 1 if flat.startswith(("⟦", "“")) else 0
    return f"{flat[:first]}{flat[first : first + 1].upper()}{flat[first + 1 :]}." if flat else ""


def name_of(column: str) -> str:
    """The words of a column: `last form`, `the account's deal stage`."""
    words = column.replace("_", " ")
    return f"the account's {words[8:]}" if column.startswith("account_") else words


def condition(text: str) -> str:
    """A condition in plain words; what has no plain form stands as it was written, in quotes."""
    known = understood(text)
    if known is None:
        return f"“{' '.join(text.split())}”"
    spoken = _said(known.tree)
    return spoken[len(EITHER) : -1] if isinstance(known.tree, Or) else spoken


def _said(tree: Tree) -> str:
    match tree:
        case And(children=children):
            return listed([_said(child) for child in children], "and", most=MANY)
        case Or(children=children):
            return f"{EITHER}{listed([_said(child) for child in children], 'or', most=MANY)})"
        case Not(child=Part(test=Holds(term=Named(name=name)))):
            return _state(name, negated=True)
        case Not(child=child):
            return f"not ({_said(child)})"
        case Part(test=test):
            return _tested(test) or f"“{test.text()}”"


def _tested(test: Test) -> str | None:
    match test:
        case Comparison():
            return _comparison(test)
        case Holds(term=Named(name=name)):
            return _state(name)
        case IsTruth(term=Named(name=name), truth=truth, negated=negated):
            return _state(name, negated=truth == negated)
        case IsKnown(term=Named(name=name), known=known):
            return f"{name_of(name)} is {'known' if known else 'unknown'}"
        case Like(term=Named(name=name), pattern=pattern, negated=negated):
            return _pattern(name_of(name), pattern, negated)
        case Among(term=Named(name=name), values=values, negated=negated):
            return f"{name_of(name)} {_be(negated)} {listed([_value(each) for each in values], 'or', most=MANY)}"
        case Between(term=Named(name=name), low=Constant() as low, high=Constant() as high, negated=negated):
            return f"{name_of(name)} {_be_of(name)} {'not ' if negated else ''}from {_value(low)} to {_value(high)}"
    return None


def _comparison(test: Comparison) -> str | None:
    match test:
        case Comparison(left=Named(name=name), sign=sign, right=Constant() as value):
            return _compared(name, sign, value)
        case Comparison(left=Constant() as value, sign=sign, right=Named(name=name)):
            return _compared(name, FLIPPED[sign], value)
    return None


def _be_of(column: str) -> str:
    return "are" if LEAD_COLUMNS[column].unit in ("people", "count") else "is"


def _be(negated: bool) -> str:
    return "is not" if negated else "is"


def _state(column: str, *, negated: bool = False) -> str:
    if column in STATES:
        return STATES[column][negated]
    if column.startswith("is_"):
        noun = name_of(column[3:])
        return f"it {_be(negated)} {'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
    return f"{name_of(column.removeprefix('has_'))} is {'not ' if negated else ''}known"


def _pattern(subject: str, pattern: str, negated: bool) -> str | None:
    words = pattern.strip("%")
    if not words or "%" in words or "_" in words:
        return None
    return f"{subject} {FORMS[pattern.startswith('%'), pattern.endswith('%')][negated]} “{words}”"


def _compared(column: str, sign: str, value: Constant) -> str | None:
    since = SINCE.fullmatch(column)
    if since and isinstance(value.value, int | float) and sign != "<>":
        span = f"{BOUNDS.get(sign, 'exactly')} {plural(value.value, since[1][:-1])}"
        return f"the {MOMENTS.get(since[2]) or name_of(since[2])} was {span} ago"
    if sign == ">" and value.value == 0:
        owner, _, rest = column.partition("_")
        return f"the account has {rest.replace('_', ' ')}" if owner == "account" else f"there are {name_of(column)}"
    verb = {"=": "is", "<>": "is not"}.get(sign) or f"{_be_of(column)} {BOUNDS[sign]}"
    return f"{name_of(column)} {verb} {_value(value)}"


def _value(constant: Constant) -> str:
    match constant.value:
        case bool() as truth:
            return str(truth).lower()
        case int() | float() as amount:
            return figure(amount)
        case str() as word if re.fullmatch(r"[\w-]+", word):
            return word
        case str() as words:
            return f"“{words}”"
    return constant.text()


def people(handles: Iterable[str]) -> str:
    """`mia and jonas`."""
    return listed(handles, most=MANY)
