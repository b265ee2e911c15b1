"""Countries by code and by name, and the country of a time zone, as the time zone data bring them along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files


def _lines(name: str) -> Iterator[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def _countries() -> Mapping[str, str]:
    return {code: name for code, name, *_ in _lines("iso3166.tab")}


COUNTRIES: Mapping[str, str] = _countries()
"""English name of every country by its code of ISO 3166."""

SPOKEN: Mapping[str, str] = {
    **{name.casefold(): code for code, name in COUNTRIES.items()},
    "uk": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "usa": "US",
    "czechia": "CZ",
    "south korea": "KR",
}
"""Code of every country by its name in small letters, and by what people say."""


@cache
def country_of(time_zone: str) -> str | None:
    """The country that a time zone is named for; None for one that no single country has, such as UTC."""
    return next((code for code, _, zone, *_ in _lines("zone.tab") if zone == time_zone), None)
