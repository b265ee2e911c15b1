"""Who and what a fact is about, as keyed hashes: the same raw id gives the same id, and nobody can turn it back.

An id is 12 characters of base64url: the first 72 bits of SHA-256 over key, namespace and raw id. 72 bits keep the
chance of one collision among 100 million ids at one in a million; 12 characters are what DuckDB keeps inside a
string's fixed part, so that joins compare without following a pointer. SHA-256 is most of what an import of touches
computes, so the key is short enough that an ordinary address fits into one block of it: 16 bytes, 22 signs.

The ids of facts name a row, not a person, and are as many as the rows. They are the same 72 bits of MD5, the key first,
as 18 hexadecimal digits, which is how the database gives them: a third of the price. Only collisions of MD5 can be made
at will, and whoever does not have the key cannot even try one.
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
    return _signs(hashlib.sha256(_said(key, namespace, raw)).digest())


def hashed_sql(key: bytes, namespace_sql: str, raw_sql: str) -> str:
    """`hashed` as a DuckDB expression over two text expressions. NULL and blank raw ids give NULL."""
    return _signs_sql(f"sha256({_said_sql(key, namespace_sql, _tidy_sql(raw_sql, lower=False))})")


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
    everywhere = _said_sql(key, "'email'", _tidy_sql(raw_sql, lower=True))
    here = _said_sql(key, f"({source_sql}) || ':person'", _tidy_sql(raw_sql, lower=False))
    return _signs_sql(f"sha256(CASE WHEN {address} THEN {everywhere} ELSE {here} END)")


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
    return hashlib.md5(_said(key, f"{source}:{table}", raw), usedforsecurity=False).hexdigest()[:18]


def fact_id_sql(key: bytes, source_sql: str, table: str, raw_sql: str) -> str:
    """`fact_id` as a DuckDB expression; NULL and blank raw ids give NULL."""
    said = _said_sql(key, f"({source_sql}) || ':{table}'", _tidy_sql(raw_sql, lower=False))
    return f"substr(md5({said}), 1, 18)"


def _lowered(raw: str) -> str:
    return raw.translate(str.maketrans(_UPPER, _UPPER.lower()))


def _written(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _said(key: bytes, namespace: str, raw: str) -> bytes:
    clean = raw.strip(_BLANKS)
    if not clean:
        raise ValueError("a blank id identifies nobody")
    return _UNIT.join((_written(key), namespace, clean)).encode()


def _said_sql(key: bytes, namespace_sql: str, tidy_sql: str) -> str:
    """Key and namespace stand in brackets, so that they become one constant for all rows."""
    return f"('{_written(key)}' || chr(31) || ({namespace_sql}) || chr(31)) || {tidy_sql}"


def _signs(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest[:9]).decode()


def _signs_sql(hexadecimal_sql: str) -> str:
    return f"replace(replace(to_base64(unhex(substr({hexadecimal_sql}, 1, 18))), '+', '-'), '/', '_')"


def _tidy_sql(raw_sql: str, *, lower: bool) -> str:
    """Trimmed, blank as NULL. Plain ids, nearly all, take a short way: `trim` with signs is fifteen times slower than
    a look at the first and the last sign, and `translate` thirty times slower than `lower`, which does more than A to Z
    beyond ASCII."""
    signs = " || ".join(f"chr({ord(sign)})" for sign in _BLANKS)
    usual = [f"{end} > '!' AND {end} < chr(127)" for end in (raw_sql, f"substr({raw_sql}, -1)")]
    trimmed = f"nullif(trim({raw_sql}, {signs}), '')"
    if lower:
        usual.append(f"length({raw_sql}) = strlen({raw_sql})")
        trimmed = f"translate({trimmed}, '{_UPPER}', '{_UPPER.lower()}')"
    return f"(CASE WHEN {' AND '.join(usual)} THEN {f'lower({raw_sql})' if lower else raw_sql} ELSE {trimmed} END)"
