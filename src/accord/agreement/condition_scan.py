"""The first look at a condition, word by word: everything that is not on the list is refused before anything is parsed.

After this the parser sees only declared columns (as quoted identifiers), the functions of the list, the signs and words
of the grammar, and little enough nesting that it cannot run out of stack.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from rapidfuzz import fuzz, process
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from accord.agreement.condition_rules import (
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_PARTS,
    MAX_SIGNS,
    ConditionError,
)
from accord.facts.kinds import Kind


class ColumnLike(Protocol):
    """What a condition needs to know of a column: its declared name and its kind."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...


_SIGNS: Final = {"=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "(", ")", ","}
_WORDS: Final = {"AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE", "ILIKE", "TRUE", "FALSE", "AS"}
_TIMES: Final = {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}
_VALUES: Final = {
    TokenType.IDENTIFIER,
    TokenType.STRING,
    TokenType.NUMBER,
    TokenType.TRUE,
    TokenType.FALSE,
    TokenType.NULL,
}
_ENDS: Final = _VALUES | {TokenType.R_PAREN}
_BEGINS: Final = _VALUES | {
    TokenType.L_PAREN,
    TokenType.VAR,
    TokenType.DATE,
    TokenType.TIMESTAMP,
    TokenType.TIMESTAMPTZ,
}
_WORD: Final = re.compile(r"[^\W\d]\w*")
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")

_REFUSED_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    ";": ("a condition is one predicate, not several statements", "Leave out the semicolon."),
    "::": ("casts are not part of a condition", "Compare values of one kind."),
    "?": ("a condition has no parameters", "Write the value out."),
    "$": ("a condition has no parameters", "Write the value out."),
    "@": ("a condition has no parameters", "Write the value out."),
    ":": ("a condition has no parameters", "Write the value out."),
    "~": ("regular expressions are not part of a condition", "Use LIKE or ILIKE."),
    "||": ("text is not joined in a condition", "Compare each text by itself."),
    "->": ("functions that are written on the spot are not part of a condition", "Use the functions that are listed."),
    ".": ("a column stands by itself, without a table; a number begins with a digit", "Write employees, or 0.5."),
    "==": ("equality is one sign", "Write =."),
    "[": ("lists are not part of a condition", "Use IN (...)."),
    "{": ("structures are not part of a condition", "Compare columns with values."),
    "`": ("names stand in double quotes or in none", 'Write employees or "employees".'),
    "$$": ("text stands in single quotes", "Write 'text'."),
    "'": ("text stands in plain single quotes, without a letter before them", "Write 'text'."),
}
_ARITHMETIC: Final = ("this sign is not part of a condition", "Of arithmetic there are + - * and /.")
_LOOKALIKES: Final[Mapping[str, str]] = {
    "\u2018": "'", "\u2019": "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", "\u00ab": "'", "\u00bb": "'",
    "\u2264": "<=", "\u2265": ">=", "\u2260": "<>", "\u2212": "-", "\u2013": "-", "\u2014": "-",
    "\u00d7": "*", "\u00f7": "/",
    "\u00a0": "an ordinary space", "\u202f": "an ordinary space",
}  # fmt: skip


def _words(words: str) -> list[str]:
    return words.split()


_SUBQUERY: Final = ("subqueries are not part of a condition", "Use the columns of the lead view.")
_STATEMENT: Final = (
    "a condition is a predicate, not a statement",
    "Write something that is true or false of a person.",
)
_WINDOW: Final = (
    "window functions are not part of a condition: it looks at one person",
    "Use the columns of the lead view.",
)
_CASE: Final = ("CASE is not part of a condition", "Say it with AND, OR and NOT.")
_REGULAR: Final = ("regular expressions are not part of a condition", "Use LIKE or ILIKE.")
_REFUSED_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(_words("SELECT WITH FROM EXISTS UNION INTERSECT EXCEPT VALUES TABLE ANY ALL SOME"), _SUBQUERY),
    **dict.fromkeys(
        _words(
            "PRAGMA ATTACH DETACH COPY INSERT UPDATE DELETE DROP CREATE ALTER SET RESET CALL INSTALL LOAD EXPORT "
            "IMPORT EXPLAIN DESCRIBE SHOW USE VACUUM EXECUTE PREPARE BEGIN COMMIT ROLLBACK TRUNCATE MERGE CHECKPOINT"
        ),
        _STATEMENT,
    ),
    **dict.fromkeys(_words("OVER PARTITION FILTER WINDOW QUALIFY"), _WINDOW),
    **dict.fromkeys(_words("CASE WHEN THEN ELSE END IF"), _CASE),
    **dict.fromkeys(_words("SIMILAR REGEXP RLIKE GLOB"), _REGULAR),
    "ESCAPE": ("ESCAPE is not part of a condition", "In a pattern % and _ always stand for other characters."),
    "COLLATE": ("COLLATE is not part of a condition", "Use lower(...) or ILIKE to leave out case."),
    "DISTINCT": ("IS DISTINCT FROM is not part of a condition", "Use = and IS NULL."),
    "INTERVAL": ("intervals are not part of a condition", "Use the columns that count hours or days."),
    "LAMBDA": (
        "functions that are written on the spot are not part of a condition",
        "Use the functions that are listed.",
    ),
    "ISNULL": ("ISNULL is written in two words", "Write IS NULL."),
    "NOTNULL": ("NOTNULL is written in three words", "Write IS NOT NULL."),
    "UNKNOWN": ("UNKNOWN is not part of a condition", "Write IS NULL."),
    "DOUBLE": ("a cast is only CAST(x AS DOUBLE)", "Compare values of one kind."),
}
_AGGREGATES: Final = frozenset(
    _words(
        "sum count avg mean min max median mode stddev variance quantile first last any_value list string_agg "
        "array_agg bool_and bool_or row_number rank dense_rank lag lead ntile first_value last_value"
    )
)


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def nearest_name(word: str, names: Sequence[str]) -> str | None:
    """The name that a misspelt word probably meant, if one is near."""
    small = {name.lower(): name for name in names}
    found = process.extractOne(word[:100].lower(), list(small), scorer=fuzz.ratio, score_cutoff=60)
    return small[found[0]] if found else None


def check_characters(text: str) -> None:
    """Refuse what is too long, empty, or holds characters that do not show.

    Raises:
        ConditionError: with the first such character.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(
            "too long", found=f"{len(text):,} characters", allowed=f"At most {MAX_LENGTH:,} characters."
        )
    if not text.strip():
        raise ConditionError("empty", found="nothing", allowed="Leave the clause out if it has no condition.")
    for offset, letter in enumerate(text):
        if letter not in "\t\n\r" and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            found = f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip()
            raise ConditionError(
                "a character that does not show", found=found, allowed="Remove it.", at=position(text, offset)
            )


def scan(text: str, columns: Mapping[str, ColumnLike]) -> list[Any]:
    """The tokens of a condition, each one known and allowed; columns under their declared names.

    Raises:
        ConditionError: with the first word or sign that is not allowed, or when there is too much of something.
    """
    check_characters(text)
    try:
        tokens = DuckDB().tokenize(text)
    except SqlglotError:
        raise ConditionError(
            "a quote or comment is opened and not closed", found=text.strip(), allowed="A quote inside text is doubled."
        ) from None
    _refuse_gaps(text, tokens)
    admitted = _Admission(text, {column.name.lower(): column.name for column in columns.values()}, tokens).all()
    _Measure(text).all(admitted)
    return admitted


def _refuse_gaps(text: str, tokens: Sequence[Any]) -> None:
    """Whatever the tokenizer skipped and is not blank is a comment."""
    begin = 0
    for end, following in [(token.start, token.end + 1) for token in tokens] + [(len(text), len(text))]:
        if (gap := text[begin:end]).strip():
            offset = begin + len(gap) - len(gap.lstrip())
            raise ConditionError(
                "comments are not part of a condition",
                found=gap.strip(),
                allowed="Say why in the clause's own words.",
                at=position(text, offset),
            )
        begin = following


@dataclass(slots=True)
class _Admission:
    """Lets tokens in one by one."""

    text: str
    names: Mapping[str, str]
    tokens: Sequence[Any]
    done: list[Any] = field(default_factory=list)

    def all(self) -> list[Any]:
        for index, token in enumerate(self.tokens):
            following = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
            admitted = self._admit(token, following.token_type if following else None)
            if self.done and self.done[-1].token_type in _ENDS and admitted.token_type in _BEGINS:
                raise self._error(token, "two values follow one another", "Put AND, OR or a comparison between them.")
            self.done.append(admitted)
        return self.done

    def _source(self, token: Any) -> str:
        return self.text[token.start : token.end + 1]

    def _error(self, token: Any, reason: str, allowed: str, nearest: str | None = None) -> ConditionError:
        at = position(self.text, token.start)
        return ConditionError(reason, found=self._source(token), allowed=allowed, nearest=nearest, at=at)

    def _admit(self, token: Any, following: Any) -> Any:
        source = self._source(token)
        if source in _SIGNS or (token.token_type is TokenType.STRING and source.startswith("'")):
            return token
        if token.token_type is TokenType.IDENTIFIER:
            return self._quoted(token)
        if token.token_type is TokenType.NUMBER and _NUMBER.fullmatch(source):
            return token
        if _WORD.fullmatch(source) and token.token_type is not TokenType.STRING:
            return self._word(token, source, following)
        raise self._refused_sign(token, source)

    def _quoted(self, token: Any) -> Any:
        name = self.names.get(token.text.lower())
        if name is None:
            nearest = nearest_name(token.text, list(self.names.values()))
            raise self._error(token, "unknown column", "Names stand in double quotes, text in single ones.", nearest)
        return self._column(token, name)

    def _column(self, token: Any, name: str) -> Any:
        return Token(TokenType.IDENTIFIER, name, token.line, token.col, token.start, token.end)

    def _word(self, token: Any, source: str, following: Any) -> Any:
        upper, called = source.upper(), following is TokenType.L_PAREN
        if upper in _WORDS or (upper in _TIMES and following is TokenType.STRING):
            return token
        if (upper == "CAST" and called) or (upper == "DOUBLE" and self._after_as()):
            return token
        if source.lower() in self.names and not called:
            return self._column(token, self.names[source.lower()])
        if source.lower() in FUNCTIONS and called:
            return Token(TokenType.VAR, source.lower(), token.line, token.col, token.start, token.end)
        raise self._refused_word(token, source, called)

    def _after_as(self) -> bool:
        return bool(self.done) and self.done[-1].token_type is TokenType.ALIAS

    def _refused_word(self, token: Any, source: str, called: bool) -> ConditionError:
        if self._after_as():
            return self._error(token, *_REFUSED_WORDS["DOUBLE"])
        if source.upper() in _REFUSED_WORDS:
            return self._error(token, *_REFUSED_WORDS[source.upper()])
        if called and source.lower() in _AGGREGATES:
            hint = "Of several values of one person take greatest(...) or least(...)."
            return self._error(token, "a condition looks at one person, not at many", hint)
        if called:
            allowed = f"Functions: {', '.join(FUNCTIONS)}."
            return self._error(token, "unknown function", allowed, nearest_name(source, list(FUNCTIONS)))
        nearest = nearest_name(source, list(self.names.values()))
        return self._error(
            token, "unknown column", "`accord columns` lists the columns; text stands in quotes.", nearest
        )

    def _refused_sign(self, token: Any, source: str) -> ConditionError:
        for letter in source:
            if letter in _LOOKALIKES:
                reason = f"{letter!r} looks like a sign of SQL and is not"
                return self._error(token, reason, f"Type {_LOOKALIKES[letter]}.")
        if source[0] in "0123456789" or token.token_type is TokenType.NUMBER:
            return self._error(token, "not a number", "Write 1000, -2, 1.5 or 2e3.")
        first_word = source.split()[0].upper()
        if first_word in _REFUSED_WORDS:
            return self._error(token, *_REFUSED_WORDS[first_word])
        return self._error(token, *self._why_not(source))

    @staticmethod
    def _why_not(source: str) -> tuple[str, str]:
        if "'" in source:
            return _REFUSED_SIGNS["'"]
        return (
            _REFUSED_SIGNS.get(source) or _REFUSED_SIGNS.get(source[:2]) or _REFUSED_SIGNS.get(source[0], _ARITHMETIC)
        )


@dataclass(slots=True)
class _Measure:
    """Counts what the parser would recurse into, and what a reader could no longer follow."""

    text: str
    open: list[int] = field(default_factory=list)
    before: int = 0
    depth: int = 0
    signs: int = 0
    joined: int = 0

    def all(self, tokens: Sequence[Any]) -> None:
        previous = None
        for token in tokens:
            self._one(token, previous)
            self._check(token)
            previous = token.token_type
        if self.open:
            raise ConditionError("a parenthesis is opened and not closed", found=self.text.strip(), allowed="Close it.")

    def _one(self, token: Any, previous: Any) -> None:
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            self.open.append(self.before + 1)
            self.depth, self.before = self.depth + self.before + 1, 0
        elif kind is TokenType.R_PAREN:
            self._close(token)
        elif kind in (TokenType.DASH, TokenType.PLUS, TokenType.STAR, TokenType.SLASH):
            self._sign(token, previous in _ENDS)
        elif kind is TokenType.NOT:
            self.before += 1
        else:
            self.before = 0
            self.joined += kind in (TokenType.AND, TokenType.OR)

    def _close(self, token: Any) -> None:
        if not self.open:
            raise ConditionError(
                "a parenthesis is closed and was not opened", found=")", allowed="Remove it.", at=self._at(token)
            )
        self.depth, self.before = self.depth - self.open.pop(), 0

    def _sign(self, token: Any, between: bool) -> None:
        if between:
            self.signs, self.before = self.signs + 1, 0
        elif token.token_type is TokenType.STAR:
            raise ConditionError(
                "a star for all columns is not part of a condition",
                found="*",
                allowed="Name the column.",
                at=self._at(token),
            )
        else:
            self.before += 1

    def _at(self, token: Any) -> tuple[int, int]:
        return position(self.text, token.start)

    def _check(self, token: Any) -> None:
        for what, count, most in (
            ("nested too deeply", self.depth + self.before, MAX_DEPTH),
            ("too many signs of arithmetic", self.signs, MAX_SIGNS),
            ("too many parts", self.joined + 1, MAX_PARTS),
        ):
            if count > most:
                raise ConditionError(what, found=f"{count} and more", allowed=f"At most {most}.", at=self._at(token))
