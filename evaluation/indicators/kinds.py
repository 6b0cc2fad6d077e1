"""What an indicator is: what it speaks of, what it counts against what, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluation import formulas
from evaluation.indicators.facts import ANSWERED, Base, View
from hotline.core.models import AssessmentGroup


class Section(models.TextChoices):
    """What an indicator tells about, in the order of the page."""

    SOLVING = "solving", _("解决与重复")
    ON_TIME = "on_time", _("按时")
    DISPATCH = "dispatch", _("派单与改类")
    LEFT_OUT = "left_out", _("剔除与不计入")
    OBSERVED = "observed", _("观察指标")
    CITY = "city", _("热线受理")


class Audience(models.TextChoices):
    """Whom an indicator is for. What the hotline took in and no unit ever saw is not told to
    units."""

    CITY = "city", _("市级、区级")
    BOTH = "both", _("市级、区级和承办单位")


class Shown(Enum):
    """How the value is written: 81.3 %, 12.40, 1.05 times the base, or a plain count."""

    PERCENT = auto()
    NUMBER = auto()
    COUNT = auto()


class Better(Enum):
    """Which way is good; where neither is, a unit may have more without being worse."""

    HIGH = auto()
    LOW = auto()
    NEITHER = auto()


class Against(Enum):
    """What the denominator is: facts, residents of the unit's area, the same indicator's numerator
    of the same month last year; households or enterprises, of which no figures are kept."""

    FACTS = auto()
    RESIDENTS = auto()
    LAST_YEAR = auto()
    HOUSEHOLDS = auto()
    ENTERPRISES = auto()
    NOTHING = auto()


EVERYTHING = Q()
_BASES: dict[Against, Promise] = {
    Against.RESIDENTS: _("常住人口"),
    Against.HOUSEHOLDS: _("户数"),
    Against.ENTERPRISES: _("注册企业数"),
}


@dataclass(frozen=True, eq=False)
class Part:
    """What a numerator or denominator counts among the facts: a condition, or one that depends on
    the month and the instant. `amount` is a column that is summed instead, for what can happen
    more than once to a ticket. What looks for other rows is counted by a statement of its own
    (`is_apart`), in which the database joins once instead of searching for every row: over a
    million rows ten times faster."""

    label: Promise
    condition: Q | Callable[[View], Q] = EVERYTHING
    amount: str = ""
    is_apart: bool = False

    def chosen(self, of: View) -> Q:
        return self.condition if isinstance(self.condition, Q) else self.condition(of)


@dataclass(frozen=True)
class Reference:
    """A published figure to look at beside ours."""

    value: Fraction
    source: Promise


@dataclass(frozen=True, eq=False)
class Indicator:
    """One indicator: what it means in a sentence, its formula in words and in code."""

    name: str
    section: Section
    label: Promise
    definition: Promise
    words: Promise
    base: Base
    numerator: Part
    denominator: Part | None = None
    divide: Callable[[int, int], Fraction | None] = formulas.share
    against: Against = Against.FACTS
    shown: Shown = Shown.PERCENT
    better: Better = Better.NEITHER
    audience: Audience = Audience.BOTH
    # Part of it is read as of today, also in a month that is closed: what it rests on is kept
    # without the time it was written down.
    is_of_today: bool = False
    # The groups of units it can be told of; empty: all.
    groups: tuple[AssessmentGroup, ...] = ()
    reference: Reference | None = None

    @property
    def is_observed(self) -> bool:
        """Looked at, never ranked; it has no weight because no scheme can name it."""
        return self.section == Section.OBSERVED

    @property
    def is_of_units(self) -> bool:
        return bool(self.base.unit_field)

    @property
    def is_per_resident(self) -> bool:
        return self.against == Against.RESIDENTS

    @property
    def is_rate_of_answers(self) -> bool:
        """What was excluded is not in it and is told beside it (F-21)."""
        return self.base is ANSWERED

    @property
    def base_label(self) -> Promise | None:
        """What it is divided by; None where nothing is."""
        return self.denominator.label if self.denominator else _BASES.get(self.against)

    @property
    def has_no_figures(self) -> bool:
        """Nobody keeps the figures of its base: there is no value, and none is invented."""
        return self.against in (Against.HOUSEHOLDS, Against.ENTERPRISES)

    def is_told_of(self, group: str) -> bool:
        return self.is_of_units and (not self.groups or group in self.groups)
