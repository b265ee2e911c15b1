"""Who and what a fact is about, as keyed hashes: the same raw id gives the same id, and nobody can turn it back.

An id is 12 characters of base64url: the first 72 bits of SHA-256 over key, namespace and raw id. 72 bits keep the
chance of one collision among 100 million ids at one in a million; 12 characters are what DuckDB keeps inside a
string's fixed part, so that joins compare without following a pointer. SHA-256 is most of what an import of touches
computes, so the key is short enough that an ordinary address fits into one block of it: 16 bytes, 22 signs.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

_UNIT = "\x1f"
_BLANKS = " \t\r\n\v\f\u00a0"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def new_key() -> bytes:
    """A fresh secret of 16 random bytes. Whoever has it can test guesses of raw ids, so keep it."""
    return secrets.token_bytes(16)


def hashed(key: bytes, namespace: str, raw: str) -> str:
    """The id of `raw` in `namespace`: 12 characters of base64url. Raises ValueError for a blank raw id."""
    clean = raw.strip(_BLANKS)
    if not clean:
        raise ValueError("a blank id identifies nobody")
    text = _UNIT.join((_written(key), namespace, clean))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:9]).decode()


def hashed_sql(key: bytes, namespace_sql: str, raw_sql: str) -> str:
    """`hashed` as a DuckDB expression over two text expressions. NULL and blank raw ids give NULL."""
    return _hashed_sql(key, namespace_sql, _tidy_sql(raw_sql, lower=False))


def person_id(key: bytes, source: str, raw: str) -> str:
    """A person's id. An e-mail address means the same person in every source, letter case aside; any other id does not.

    Only A to Z are lowered: that is what servers agree on, and what Python and the database do alike.
    """
    if "@" in raw:
        return hashed(key, "email", _lowered(raw))
    return hashed(key, f"{source}:person", raw)


def person_id_sql(key: bytes, source_sql: str, raw_sql: str) -> str:
    """`person_id` as a DuckDB expression; NULL and blank raw ids give NULL."""
    address = f"contains({raw_sql}, '@')"
    namespace = f"CASE WHEN {address} THEN 'email' ELSE ({source_sql}) || ':person' END"
    lowered, plain = _tidy_sql(raw_sql, lower=True), _tidy_sql(raw_sql, lower=False)
    return _hashed_sql(key, namespace, f"CASE WHEN {address} THEN {lowered} ELSE {plain} END")


def account_id(key: bytes, source: str, raw: str) -> str:
    """An account's id; ids of different sources are different accounts until somebody says otherwise."""
    return hashed(key, f"{source}:account", raw)


def account_id_sql(key: bytes, source_sql: str, raw_sql: str) -> str:
    """`account_id` as a DuckDB expression; NULL and blank raw ids give NULL."""
    return hashed_sql(key, f"({source_sql}) || ':account'", raw_sql)


def deal_id(key: bytes, source: str, raw: str) -> str:
    """A deal's id."""
    return hashed(key, f"{source}:deal", raw)


def deal_id_sql(key: bytes, source_sql: str, raw_sql: str) -> str:
    """`deal_id` as a DuckDB expression; NULL and blank raw ids give NULL."""
    return hashed_sql(key, f"({source_sql}) || ':deal'", raw_sql)


def fact_id(key: bytes, source: str, table: str, raw: str) -> str:
    """The `source_id` of a fact: what the source calls the row, within one of our tables."""
    return hashed(key, f"{source}:{table}", raw)


def fact_id_sql(key: bytes, source_sql: str, table: str, raw_sql: str) -> str:
    """`fact_id` as a DuckDB expression; NULL and blank raw ids give NULL."""
    return hashed_sql(key, f"({source_sql}) || ':{table}'", raw_sql)


def _lowered(raw: str) -> str:
    return raw.translate(str.maketrans(_UPPER, _UPPER.lower()))


def _written(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _hashed_sql(key: bytes, namespace_sql: str, tidy_sql: str) -> str:
    text = f"'{_written(key)}' || chr(31) || ({namespace_sql}) || chr(31) || {tidy_sql}"
    return f"replace(replace(to_base64(unhex(substr(sha256({text}), 1, 18))), '+', '-'), '/', '_')"


def _tidy_sql(raw_sql: str, *, lower: bool) -> str:
    """Trimmed, blank as NULL. Plain ids, nearly all, take a short way: `trim` with signs is fifteen times slower than
    looking for them, `translate` thirty times slower than `lower`, which does more than A to Z beyond ASCII."""
    signs = [f"chr({ord(sign)})" for sign in _BLANKS]
    unusual = [f"contains({raw_sql}, {sign})" for sign in signs] + [f"{raw_sql} = ''"]
    trimmed = f"nullif(trim({raw_sql}, {' || '.join(signs)}), '')"
    if lower:
        unusual.append(f"length({raw_sql}) <> strlen({raw_sql})")
        trimmed = f"translate({trimmed}, '{_UPPER}', '{_UPPER.lower()}')"
    usual = f"lower({raw_sql})" if lower else raw_sql
    return f"(CASE WHEN {' OR '.join(unusual)} THEN {trimmed} ELSE {usual} END)"
