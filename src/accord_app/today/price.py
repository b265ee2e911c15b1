"""The price of misalignment beside what waits: as the worker worked it out last, nothing is counted here (M63)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accord_app.measures import reads as measures
from accord_app.measures.diagnosing import QUARTER
from accord_app.members.models import User
from accord_app.members.roles import Right, Role
from accord_app.scoreboard.diagnosis import PriceRow, price_rows

FOR = frozenset({Role.REVOPS, Role.HEAD_OF_SALES, Role.HEAD_OF_MARKETING})
QUARTERLY, PLAIN = "Price of misalignment, this quarter so far", "Price of misalignment"


@dataclass(frozen=True, slots=True)
class Price:
    """The price as a range, and its parts, each opened to its records. Without `age` none was worked out yet."""

    title: str
    span: str = ""
    middle: str = ""
    period: str = ""
    sentence: str = ""
    says: str = ""
    rows: tuple[PriceRow, ...] = ()
    count: str = ""
    url: str = ""
    age: measures.Age | None = None

    @property
    def split(self) -> tuple[PriceRow, ...]:
        """The parts that have a length on the bar of all prices."""
        return tuple(row for row in self.rows if row.width)


def panel(user: User, *, at: datetime) -> Price | None:
    """For whoever leads a side or keeps the agreement running; None for others, who have it on the diagnosis."""
    if Role(user.role) not in FOR or not user.may(Right.SEE_SCOREBOARD):
        return None
    shot = measures.price(at=at)
    if shot is None:
        return Price(PLAIN)
    told = shot.content
    return Price(
        title=QUARTERLY if told["against"] == QUARTER else PLAIN,
        span=told["span"],
        middle=told["middle"],
        period=told["period"],
        sentence=told["title"],
        says=told["says"],
        rows=price_rows([row for row in told["rows"] if row["count"] != "0"], user),
        count=told["count"],
        url=f"{reverse('scoreboard:diagnosis')}?against={told['against']}#price",
        age=shot.age,
    )
