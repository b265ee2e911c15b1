"""Facts as database tables, made from their declaration. Append-only: triggers refuse every change but the number that
says in which order a fact went to the lake, and refuse every removal. `Profile` alone may be rewritten, by erasure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pyarrow as pa
from django.db import models
from django.db.models.functions import Lower

from accord.facts import tables
from accord.facts.tables import TIME, Column, Table

LIVE = "live"
"""The batch of facts that came in here, before they are carried to the lake under a batch of their own."""

NOT_KEPT = frozenset({"digest"})
"""What the lake works out by itself when a fact is carried there."""


class FactRow(models.Model):
    """What every kind of fact has in the database: its row, and its number in the sequence that the lake follows."""

    table: ClassVar[Table]
    id = models.BigAutoField(primary_key=True)
    carried = models.BigIntegerField(null=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def facts(cls) -> models.QuerySet[Any, Any]:
        """Every row, also of batches that are not in force."""
        return cls._default_manager.all()


def _field(column: Column) -> models.Field[Any, Any]:
    null = not column.required
    if column.type == TIME:
        return models.DateTimeField(null=null)
    if column.type == pa.int64():
        return models.BigIntegerField(null=null)
    if column.type == pa.float64():
        return models.FloatField(null=null)
    if column.type == pa.bool_():
        return models.BooleanField(null=null)
    return models.TextField(null=null)


def _model(name: str, table: Table, *indexes: tuple[str, ...], by: Sequence[models.Index] = ()) -> type[FactRow]:
    meta = type(
        "Meta",
        (),
        {
            "app_label": "ledger",
            "db_table": f"fact_{table.name}",
            "constraints": [
                models.UniqueConstraint(
                    fields=["source", "source_id", "revision", "batch"], name=f"{table.name}_identity"
                )
            ],
            "indexes": [
                *(models.Index(fields=[*fields, "id"], name=f"{table.name}_{i}") for i, fields in enumerate(indexes)),
                models.Index(fields=["id"], condition=models.Q(carried=None), name=f"{table.name}_new"),
                models.Index(fields=["carried"], condition=models.Q(batch=LIVE), name=f"{table.name}_carried"),
                *by,
            ],
        },
    )
    fields = {column.name: _field(column) for column in table.columns if column.name not in NOT_KEPT}
    body = {"__module__": __name__, "__doc__": table.sentence, "table": table, "Meta": meta, **fields}
    return type(name, (FactRow,), body)


Touch = _model(  # the shield sees in an index alone which of somebody's touches it need not read
    "Touch", tables.TOUCHES, ("person_id", "kind", "known_at", "revision"), ("person_id", "occurred_at"),
)  # fmt: skip
HandoffEvent = _model("HandoffEvent", tables.HANDOFFS, ("handoff_id",), ("person_id",), ("occurred_at",))
Decision = _model("Decision", tables.DECISIONS, ("person_id", "occurred_at"), ("occurred_at",))
DealEvent = _model("DealEvent", tables.DEALS, ("deal_id",), ("account_id",), ("person_id",))
Spend = _model("Spend", tables.SPEND, ("occurred_at",))
ContentUse = _model("ContentUse", tables.CONTENT, ("person_id",), ("asset",))
ConsentWord = _model("ConsentWord", tables.CONSENT, ("person_id",))
Availability = _model("Availability", tables.AVAILABILITY, ("person",))
AgreementEvent = _model("AgreementEvent", tables.AGREEMENTS, ("version",))
Rate = _model("Rate", tables.RATES, ("currency", "base", "occurred_at"))
Review = _model("Review", tables.REVIEWS, ("kind", "period"))
Alias = _model("Alias", tables.IDENTITIES, ("alias_id",), ("person_id",))
Profile = _model(
    "Profile", tables.PROFILES, ("subject_id",), ("account_id",), ("batch",),
    by=[models.Index(Lower("email"), name="profiles_by_address")],
)  # fmt: skip

FACTS: dict[str, type[FactRow]] = {
    model.table.name: model
    for model in (
        Touch, HandoffEvent, Decision, DealEvent, Spend, ContentUse, ConsentWord, Availability, AgreementEvent, Rate,
        Review, Alias, Profile,
    )
}  # fmt: skip


class Batch(models.Model):
    """An import, as the lake knows it: its facts are seen here once they are all copied, and no longer when undone."""

    class State(models.TextChoices):
        COPYING = "copying", "Being copied"
        IN_FORCE = "in_force", "In force"
        RETRACTED = "retracted", "Taken back"

    id = models.CharField(max_length=40, primary_key=True)
    table = models.CharField(max_length=20)
    state = models.CharField(max_length=9, choices=State)
    copied = models.BigIntegerField(default=0)  # rows of the lake's batch that are here
    at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="batch_state")]


class Carried(models.Model):
    """Per kind of fact the last number that was given. Numbers have no gaps and are given after commit."""

    table = models.CharField(max_length=20, primary_key=True)
    last = models.BigIntegerField(default=0)


class Concerned(models.Model):
    """An id that facts which came in are about, written in their transaction: whoever keeps what follows from facts
    notices it, and then works that out anew. No subject: facts came or went that may be about anybody."""

    subject = models.TextField(blank=True)
    kind = models.TextField()  # of a touch that came for the first time; else the kind of fact
    noticed = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(noticed=None), name="concerned_new"),
            models.Index(fields=["noticed", "id"], name="concerned_noticed"),
        ]
