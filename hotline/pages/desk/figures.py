"""How well the desk has dispatched today (F-15)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from dispatch.accuracy import Figures, accuracy
from evaluation.rates import percent
from hotline.core.actors import Actor
from hotline.core.working_time import BUSINESS_ZONE, business_day


@dataclass(frozen=True)
class Today:
    """The orders given since midnight: by everybody, and by the reader."""

    all: Figures
    own: Figures

    @property
    def accuracy_percent(self) -> Decimal | None:
        """None on a day without a dispatch."""
        return percent(self.all.accuracy)


def today(actor: Actor, at: dt.datetime) -> Today:
    """Of the office's calendar day."""
    since = dt.datetime.combine(business_day(at), dt.time(), BUSINESS_ZONE)
    counted = accuracy(since, since + dt.timedelta(days=1), at=at)
    return Today(counted.total, counted.by_dispatcher.get(actor.reference, Figures()))
