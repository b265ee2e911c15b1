"""Who works at the simulated company, by the handles of its agreement."""

from __future__ import annotations

from typing import NamedTuple

from accord_app.members.roles import Role


class Cast(NamedTuple):
    """One colleague."""

    handle: str
    name: str
    role: Role
    team: str


CAST = (
    Cast("tomas", "Tomás Rivera", Role.REP, "dach-sdr"),
    Cast("sara", "Sara Lindqvist", Role.REP, "dach-sdr"),
    Cast("noor", "Noor Haddad", Role.REP, "dach-sdr"),
    Cast("amy", "Amy Whitfield", Role.REP, "emea-sdr"),
    Cast("raj", "Raj Patel", Role.REP, "emea-sdr"),
    Cast("ada", "Ada Holm", Role.REP, "enterprise"),
    Cast("ines", "Inês Carvalho", Role.REP, "enterprise"),
    Cast("sam", "Sam Okafor", Role.HEAD_OF_SALES, "dach-sdr"),
    Cast("mia", "Mia Keller", Role.HEAD_OF_MARKETING, "demand"),
    Cast("jonas", "Jonas Weber", Role.MARKETER, "demand"),
    Cast("lena", "Lena Brandt", Role.REVOPS, "operations"),
    Cast("eva", "Eva Lindgren", Role.ADMINISTRATOR, "operations"),
)
TEAMS = {
    "dach-sdr": ("Sales, DACH", "sales"),
    "emea-sdr": ("Sales, EMEA", "sales"),
    "enterprise": ("Sales, enterprise", "sales"),
    "demand": ("Demand generation", "marketing"),
    "operations": ("Operations", "both"),
}
SIGN_INS = ("tomas", "jonas", "lena", "sam", "mia", "eva")
"""One for each role, in the order in which they are shown."""
