"""派单准确率: how often the first choice of the unit was right (F-15).

All figures speak of the orders given in a period, whenever their objections were ruled: a share
can then not exceed the whole, and a dispatcher's orders of today can be looked at today. An order
taken back by a slip of the hand does not count, nor a supervising copy or an assisting order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from django.db.models import Count, F, Q, QuerySet

from dispatch.models import (
    WRONG_DISPATCH,
    Assignment,
    AssignmentRole,
    EndReason,
    ObjectionOutcome,
)
from hotline.core.models import Unit


@dataclass(frozen=True)
class Figures:
    """Counts of lead orders. `objected`: the unit said that the matter is not its own; `upheld`:
    rightly, so it was returned; `improper`: the objection was rejected; `deemed_accepted`: the
    unit let the window pass without a word."""

    dispatches: int = 0
    objected: int = 0
    upheld: int = 0
    improper: int = 0
    deemed_accepted: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        )  # fmt: skip

    @property
    def accuracy(self) -> Fraction | None:
        """1 − upheld ÷ dispatches, exact; None where nothing was dispatched."""
        returned = self.return_rate
        return None if returned is None else 1 - returned

    @property
    def return_rate(self) -> Fraction | None:
        """退单率: upheld objections ÷ dispatches."""
        return Fraction(self.upheld, self.dispatches) if self.dispatches else None

    @property
    def objection_rate(self) -> Fraction | None:
        """异议率: objections ÷ dispatches, however they were ruled."""
        return Fraction(self.objected, self.dispatches) if self.dispatches else None

    @property
    def improper_rate(self) -> Fraction | None:
        """不当退单率: rejected objections ÷ objections; None where nobody objected."""
        return Fraction(self.improper, self.objected) if self.objected else None


@dataclass(frozen=True)
class Accuracy:
    """The figures of a period: of all orders, by the unit's id, by the dispatcher's reference."""

    total: Figures
    by_unit: Mapping[int, Figures]
    by_dispatcher: Mapping[str, Figures]


def accuracy(
    since: dt.datetime,
    until: dt.datetime,
    *,
    at: dt.datetime,
    units: Iterable[Unit] | None = None,
) -> Accuracy:
    """The figures of the orders given in [since, until), to all units or these, as known at `at`.
    One query, by the index of orders by dispatch."""
    rows = (
        orders_given(since, until, units=units)
        .values("unit_id", "dispatched_by")
        .annotate(
            dispatches=Count("id"),
            objected=Count("objections"),
            upheld=Count("objections", filter=Q(objections__outcome__in=WRONG_DISPATCH)),
            improper=Count("objections", filter=Q(objections__outcome=ObjectionOutcome.REJECTED)),
            deemed_accepted=Count("id", filter=_deemed_accepted(at)),
        )
        .values_list("unit_id", "dispatched_by", *(f.name for f in fields(Figures)))
    )
    by_unit: dict[int, Figures] = {}
    by_dispatcher: dict[str, Figures] = {}
    total = Figures()
    for unit, dispatcher, *counts in rows:
        counted = Figures(*counts)
        by_unit[unit] = by_unit.get(unit, Figures()) + counted
        by_dispatcher[dispatcher] = by_dispatcher.get(dispatcher, Figures()) + counted
        total += counted
    return Accuracy(total, by_unit, by_dispatcher)


def orders_given(
    since: dt.datetime, until: dt.datetime, *, units: Iterable[Unit] | None = None
) -> QuerySet[Assignment]:
    """The lead orders that the figures count: what a number opens."""
    given = Assignment.objects.filter(
        role=AssignmentRole.LEAD, dispatched_at__gte=since, dispatched_at__lt=until
    ).exclude(end_reason=EndReason.UNDONE)
    return given if units is None else given.filter(unit__in=units)


def _deemed_accepted(at: dt.datetime) -> Q:
    """The window is over, the order was still the unit's then, and nobody had objected."""
    was_in_hand = Q(ended_at__isnull=True) | Q(ended_at__gte=F("objection_until"))
    return Q(objection_until__lte=at, objections__isnull=True) & was_in_hand
