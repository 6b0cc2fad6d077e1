"""Which rules a month is scored by: the adopted schemes, read once and remembered.

An adopted scheme never changes, and one that is adopted later begins with a month that has not
begun. So a process that has not yet heard of it is wrong about no month it can be asked to score.
"""

from __future__ import annotations

import datetime as dt

from evaluation import periods
from evaluation.models import Scheme
from evaluation.periods import Period
from evaluation.rules import DEFAULT_RULES, Rules
from hotline.core.reference import remembered
from hotline.core.working_time import local

# A scheme with its rules as a value.
Adopted = tuple[Scheme, Rules]


def rules_of(scheme: Scheme) -> Rules:
    """The rules of a scheme, drafted or adopted, as a value."""
    return Rules.from_json(scheme.rules)


@remembered(Scheme)
def adopted_schemes() -> tuple[Adopted, ...]:
    """Every adopted scheme, the latest first month first."""
    adopted = Scheme.objects.adopted().order_by("-valid_from")
    return tuple((scheme, rules_of(scheme)) for scheme in adopted)


def scheme_for(month: str) -> tuple[Scheme | None, Rules]:
    """The scheme that a month ("2026-01") is scored by, and its rules; where none has been adopted
    yet, none and the defaults."""
    for scheme, rules in adopted_schemes():
        if scheme.valid_from <= month:
            return scheme, rules
    return None, DEFAULT_RULES


def month_named(label: str) -> Period:
    """The assessment month "2026-01" as its scheme bounds it. Raises ValueError for what is no
    month."""
    return periods.month_named(label, period_start_day=scheme_for(label)[1].period_start_day)


def month_at(at: dt.datetime) -> Period:
    """The assessment month in which an instant falls: the first that has not ended by then.

    Raises ValueError for a naive instant.
    """
    month = month_named(f"{local(at):%Y-%m}")
    return month if at < month.end else month_named(periods.label_after(month.label))


def scheme_before(scheme: Scheme) -> Scheme | None:
    """The adopted scheme that holds until this one begins."""
    earlier = Scheme.objects.adopted().filter(valid_from__lte=scheme.valid_from)
    return earlier.exclude(pk=scheme.pk).order_by("-valid_from").first()
