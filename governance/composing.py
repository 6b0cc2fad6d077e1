"""What a month's bulletin says, composed from the closed month.

Everybody's bulletin is the same one: it is read with the eyes of the city, and of the groups that
are published (R-091). Second receivers are scored and never published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.utils import translation

from evaluation import indicators, monthly, rates
from evaluation.indicators import INDICATORS, Indicator, Reading, Section, Shown, View
from evaluation.models import Erratum, UnitScore
from evaluation.monthly import Line, Table
from evaluation.months import Month
from evaluation.rules import PUBLISHED_GROUPS
from evaluation.scoring import Average
from governance import wording
from governance.content import (
    AverageContent,
    BulletinContent,
    ErratumContent,
    GroupContent,
    IndicatorContent,
    LineContent,
    WeightsContent,
)
from hotline.core.actors import SYSTEM
from hotline.core.deployment import deployment
from hotline.core.models import AssessmentGroup
from hotline.core.places import units

_SCORED = (
    "rank", "previous_rank", "rank_band", "band", "mark", "volume", "due", "valid", "contacted",
    "resolved", "satisfied", "basically", "excluded", "not_counted", "set_aside", "on_ledger",
    "repeats", "response", "resolution", "satisfaction", "coverage", "base_score", "bonus", "score",
    "unit_class", "is_tail",
)  # fmt: skip


def compose(month: Month, *, at: dt.datetime) -> BulletinContent:
    """The content of a closed month's bulletin as it would be published now; raises ValueError for
    a month that is not closed. Only errata and the issuer can change it from one day to another."""
    if month.close is None or month.scheme is None:
        raise ValueError(f"{month.label} is not closed")
    rules = month.rules
    groups = [group for group in PUBLISHED_GROUPS if group in rules.groups]
    here = deployment()
    with translation.override(wording.LANGUAGE):
        return BulletinContent(
            month=month.label,
            period_start=month.period.start,
            period_end=month.period.end,
            facts_until=month.facts_until,
            closed_at=month.close.closed_at,
            scheme_version=month.scheme.version,
            scheme_name=month.scheme.name,
            weights=WeightsContent(
                rules.weights.response, rules.weights.resolution, rules.weights.satisfaction
            ),
            basic_credit=rules.basic_credit,
            volume_bands=tuple(rules.volume_bands),
            min_sample=rules.min_sample,
            coverage_floor=rules.coverage_floor,
            digest=month.close.digest,
            is_simulated=here.is_simulated,
            is_specimen=not settings.BULLETIN_ISSUER,
            issuer=settings.BULLETIN_ISSUER or wording.NO_ISSUER,
            title=wording.title_of(here.city_name, month.label),
            groups=tuple(_group(monthly.table(month, group, SYSTEM)) for group in groups),
            indicators=tuple(_indicators(View(month, SYSTEM, at), groups)),
            errata=tuple(_erratum(erratum) for erratum in errata_of(month.label)),
        )


def errata_of(month: str) -> list[Erratum]:
    """The errata that a bulletin tells: not those about a unit that is not published."""
    published = set(
        UnitScore.objects.filter(month=month, is_published=True).values_list("unit_id", flat=True)
    )
    found = Erratum.objects.filter(month=month).order_by("number")
    return [one for one in found if one.unit_id is None or one.unit_id in published]


def _group(table: Table) -> GroupContent:
    return GroupContent(
        group=str(table.group),
        label=str(AssessmentGroup(table.group).label),
        lines=tuple(_line(line) for line in table.lines),
        idle=tuple(unit.name for unit in table.idle),
        macro=_average(table.macro),
        micro=_average(table.micro),
    )


def _line(line: Line) -> LineContent:
    score = line.score
    return LineContent(
        unit_code=score.code,
        unit_name=line.unit.name,
        **{name: getattr(score, name) for name in _SCORED},
        overdue=line.counts["overdue"],
        returned=line.counts["returned"],
        improper=line.counts["improper"],
    )


def _average(mean: Average) -> AverageContent:
    return AverageContent(
        response=rates.percent(mean.response, 2),
        resolution=rates.percent(mean.resolution, 2),
        satisfaction=rates.percent(mean.satisfaction, 2),
        base_score=rates.rounded(mean.base, 2),
    )


def _erratum(erratum: Erratum) -> ErratumContent:
    return ErratumContent(
        number=erratum.number,
        unit_name=units()[erratum.unit_id].name if erratum.unit_id else "",
        wrong=erratum.wrong,
        right=erratum.right,
        reason=erratum.reason,
        published_at=erratum.published_at,
    )


# --- observed, never scored ---------------------------------------------------------------------


def _indicators(of: View, groups: Iterable[str]) -> Iterable[IndicatorContent]:
    """What is observed of every group, then what the hotline itself took in. Nothing that rests on
    an estimated population leaves the house, nor what has no figures to rest on."""
    observed = [i for i in INDICATORS.values() if i.is_observed and i.shown != Shown.COUNT]
    of_the_city = [i for i in INDICATORS.values() if i.section == Section.CITY]
    for group in groups:
        told = [i for i in observed if i.is_told_of(group) and not i.has_no_figures]
        label = str(AssessmentGroup(group).label)
        for reading in indicators.overall(told, of, group).values():
            if not reading.is_estimate:
                yield _indicator(reading, label)
    for reading in indicators.overall(of_the_city, of, "").values():
        yield _indicator(reading, "")


def _indicator(reading: Reading, group_label: str) -> IndicatorContent:
    indicator = reading.indicator
    return IndicatorContent(
        code=indicator.name,
        name=str(indicator.label),
        group_label=group_label,
        value=None if reading.is_small else _value(indicator, reading),
        suffix="%" if indicator.shown == Shown.PERCENT else "",
    )


def _value(indicator: Indicator, reading: Reading) -> Decimal | None:
    if indicator.shown == Shown.PERCENT:
        return rates.percent(reading.value, 2)
    return rates.rounded(reading.value, 2)
