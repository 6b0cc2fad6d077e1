"""Every indicator, once. A definition reads like its formula: what it speaks of, what is counted,
against what, and the function that divides.

Nothing here is scored: the scheme knows the three rates only. Observed indicators are not even
ranked (R-099).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.models import WRONG_DISPATCH, ObjectionOutcome
from evaluation import formulas
from evaluation.indicators import parts
from evaluation.indicators.facts import ACCEPTED, ANSWERED, HELD, ORDERS, Base, View
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
    """What the denominator is: facts, residents of the unit's area, or the same indicator's
    numerator of the same month last year."""

    FACTS = auto()
    RESIDENTS = auto()
    LAST_YEAR = auto()
    NOTHING = auto()


EVERYTHING = Q()


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

    def is_told_of(self, group: str) -> bool:
        return self.is_of_units and (not self.groups or group in self.groups)


def _right_at_first(wrong: int, dispatches: int) -> Fraction | None:
    """F-15: 1 − upheld objections ÷ dispatches."""
    share = formulas.share(wrong, dispatches)
    return None if share is None else 1 - share


ACCEPTED_ALL = Part(_("受理"))
CONSULTATIONS = Part(_("咨询"), parts.CONSULTATION)
VOLUME = Part(_("承办量"))
COUNTED_VOLUME = Part(_("计入总量的承办量"), Q(not_counted=""))
VALID = Part(_("有效回访"))
GIVEN = Part(_("派单"))
OBJECTED = Part(_("提出异议"), Q(objections__isnull=False))

_ALL = (
    # --- solved, and whether it came back ------------------------------------------------------
    Indicator(  # F-16
        "first_resolution", Section.SOLVING, _("一次解决率"),
        _("第一次有效回访时诉求人就说已解决的，占有效回访的比例。"),
        _("第一次回访已解决 ÷ 有效回访"),
        base=ANSWERED,
        numerator=Part(_("第一次回访已解决"), Q(first_resolved=True)),
        denominator=VALID,
        divide=formulas.first_time_resolution,
        better=Better.HIGH,
    ),
    Indicator(  # F-16
        "second_resolution", Section.SOLVING, _("二次解决率"),
        _("第一次回访未解决、第二次有效回访时已解决的，占有效回访的比例。"),
        _("第二次回访才解决 ÷ 有效回访"),
        base=ANSWERED,
        numerator=Part(
            _("第二次回访才解决"), Q(first_resolved=False, answer_count=2, last_resolved=True)
        ),
        denominator=VALID,
    ),
    Indicator(  # F-16
        "third_resolution", Section.SOLVING, _("三次及以上解决率"),
        _("第一次回访未解决、第三次或更晚的有效回访时已解决的，占有效回访的比例。"),
        _("第三次及以后回访才解决 ÷ 有效回访"),
        base=ANSWERED,
        numerator=Part(
            _("第三次及以后回访才解决"),
            Q(first_resolved=False, answer_count__gte=3, last_resolved=True),
        ),
        denominator=VALID,
    ),
    Indicator(  # F-17
        "repeat", Section.SOLVING, _("重复诉求率"),
        _(
            "同一诉求人 90 天内已就同一分类、同一地点提出过的诉求，占承办量的比例；"
            "不论上次由谁承办。"
        ),
        _("90 天内重复提出 ÷ 承办量"),
        base=HELD,
        numerator=Part(_("90 天内重复提出"), parts.raised_before(), is_apart=True),
        denominator=VOLUME,
        divide=formulas.repeat_rate,
        better=Better.LOW,
    ),
    Indicator(  # counted per unit, whoever confirmed it
        "withdrawn", Section.SOLVING, _("撤回率"),
        _("诉求人撤回并经热线确认的诉求，占承办量的比例；承办单位不能撤回。"),
        _("诉求人撤回 ÷ 承办量"),
        base=HELD,
        numerator=Part(_("诉求人撤回"), Q(is_withdrawn=True)),
        denominator=VOLUME,
        better=Better.LOW,
    ),
    # --- on time ------------------------------------------------------------------------------
    Indicator(  # F-14
        "on_time", Section.ON_TIME, _("按时办理率（含延期）"),
        _("承办单位在延期后的时限内首次反馈的，占已有结果的承办件的比例；未到期又未反馈的不计。"),
        _("延期后时限内反馈 ÷ 时限已有结果"),
        base=HELD,
        numerator=Part(_("延期后时限内反馈"), Q(is_on_time=True)),
        denominator=Part(_("时限已有结果"), Q(is_on_time__isnull=False)),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
    ),
    Indicator(  # F-14
        "on_time_original", Section.ON_TIME, _("按时办理率（原时限）"),
        _("承办单位在最初的时限内首次反馈的，占原时限已有结果的承办件的比例；延期不算在内。"),
        _("原时限内反馈 ÷ 原时限已有结果"),
        base=HELD,
        numerator=Part(_("原时限内反馈"), Q(is_on_time_original=True)),
        denominator=Part(_("原时限已有结果"), Q(is_on_time_original__isnull=False)),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
    ),
    Indicator(  # F-14
        "sign", Section.ON_TIME, _("按时签收率"),
        _("在签收时限内签收的，占应签收的承办件的比例。"),
        _("按时签收 ÷ 应签收"),
        base=HELD,
        numerator=Part(_("按时签收"), Q(signed_in_time=True)),
        denominator=Part(_("应签收"), Q(signed_in_time__isnull=False)),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
    ),
    Indicator(  # F-14
        "contact", Section.ON_TIME, _("按时首次联系率"),
        _("在首次联系时限内联系诉求人的，占应联系的承办件的比例。"),
        _("按时首次联系 ÷ 应首次联系"),
        base=HELD,
        numerator=Part(_("按时首次联系"), Q(contacted_in_time=True)),
        denominator=Part(_("应首次联系"), Q(contacted_in_time__isnull=False)),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
    ),
    # --- dispatch -----------------------------------------------------------------------------
    Indicator(  # F-15
        "accuracy", Section.DISPATCH, _("派单准确率"),
        _("派给主办单位的单中，没有因异议成立而改派的比例；派单员即时撤回的单不计。"),
        _("1 − 异议成立 ÷ 派单"),
        base=ORDERS,
        numerator=Part(_("异议成立"), Q(objections__outcome__in=WRONG_DISPATCH)),
        denominator=GIVEN,
        divide=_right_at_first,
        better=Better.HIGH,
    ),
    Indicator(  # F-15
        "return", Section.DISPATCH, _("退单率"),
        _("主办单位提出派单异议的单，占派单的比例。"),
        _("提出异议 ÷ 派单"),
        base=ORDERS,
        numerator=OBJECTED,
        denominator=GIVEN,
        better=Better.LOW,
    ),
    Indicator(  # F-15
        "improper_return", Section.DISPATCH, _("不当退单率"),
        _("审核认为异议不成立的，占提出异议的比例。"),
        _("异议不成立 ÷ 提出异议"),
        base=ORDERS,
        numerator=Part(
            _("异议不成立"), Q(objections__outcome=ObjectionOutcome.REJECTED)
        ),
        denominator=OBJECTED,
        better=Better.LOW,
    ),
    Indicator(  # changes are counted
        "reclassified", Section.DISPATCH, _("件均改类次数"),
        _("派单后诉求分类被更改的次数，平均到每件承办件。"),
        _("改类次数 ÷ 承办量"),
        base=HELD,
        numerator=Part(_("改类次数"), Q(reclassified_count__gt=0), "reclassified_count"),
        denominator=VOLUME,
        divide=formulas.ratio,
        shown=Shown.NUMBER,
        better=Better.LOW,
    ),
    # --- left out of the score ----------------------------------------------------------------
    Indicator(  # F-21
        "excluded", Section.LEFT_OUT, _("剔除率"),
        _("经审核剔除、不计入三率的承办件，占承办量的比例；剔除的诉求照样办理、照样可见。"),
        _("剔除 ÷ 承办量"),
        base=HELD,
        numerator=Part(_("剔除"), ~Q(excluded="")),
        denominator=VOLUME,
    ),
    Indicator(  # F-21
        "not_counted", Section.LEFT_OUT, _("不计入率"),
        _("经审核不计入诉求总量的承办件，占承办量的比例。"),
        _("不计入总量 ÷ 承办量"),
        base=HELD,
        numerator=Part(_("不计入总量"), ~Q(not_counted="")),
        denominator=VOLUME,
    ),
    # --- observed -----------------------------------------------------------------------------
    Indicator(  # F-9
        "volume", Section.OBSERVED, _("承办量"),
        _("本月由单位主办、没有退回的诉求；不含表扬。诉求多不等于办得差。"),
        _("主办的诉求件数"),
        base=HELD,
        numerator=VOLUME,
        against=Against.NOTHING,
        shown=Shown.COUNT,
    ),
    Indicator(  # F-10
        "per_10k", Section.OBSERVED, _("万人诉求比"),
        _("每一万常住人口的诉求件数，人口取本辖区最近一年的数；只对街道乡镇计算，因为部门没有辖区人口，区本级只主办一小部分。"),
        _("计入总量的承办量 ÷（常住人口 ÷ 10000）"),
        base=HELD,
        numerator=COUNTED_VOLUME,
        against=Against.RESIDENTS,
        divide=formulas.requests_per_10k,
        shown=Shown.NUMBER,
        groups=(AssessmentGroup.STREET_TOWN,),
    ),
    Indicator(  # F-11
        "to_base", Section.OBSERVED, _("基数诉求比"),
        _("本月诉求件数与基数之比，基数是上年同月的件数（本月未满时取上年相同日期）；户数、企业数没有数据，不作基数。"),
        _("计入总量的承办量 ÷ 上年同月计入总量的承办量"),
        base=HELD,
        numerator=COUNTED_VOLUME,
        denominator=Part(_("上年同月"), Q(not_counted="")),
        against=Against.LAST_YEAR,
        divide=formulas.requests_to_base,
    ),
    # --- what the hotline itself took in --------------------------------------------------------
    Indicator(  # F-13
        "direct_answer", Section.CITY, _("直接答复率"),
        _("热线当场答复，或当场依法告知不派单的原因而办结的，占受理的比例。"),
        _("当场办结 ÷ 受理"),
        base=ACCEPTED,
        numerator=Part(_("当场办结"), parts.ON_THE_SPOT),
        denominator=ACCEPTED_ALL,
        divide=formulas.direct_answer_rate,
        better=Better.HIGH,
        audience=Audience.CITY,
    ),
    Indicator(  # F-13
        "consult_at_once", Section.CITY, _("咨询一次解决率"),
        _(
            "咨询在第一次联系时答复办结，且 7 天内同一诉求人没有再就同一分类提出的，占全部咨询的"
            "比例；未满 7 天的先计入，匿名的认不出是否再来。"
        ),
        _("一次答复且 7 天内未再来 ÷ 全部咨询"),
        base=ACCEPTED,
        numerator=Part(_("一次答复且未再来"), parts.solved_at_once),
        denominator=CONSULTATIONS,
        divide=formulas.consult_solved_at_once,
        better=Better.HIGH,
        audience=Audience.CITY,
        reference=Reference(Fraction(806, 1000), _("北京市 2021 年公布")),
    ),
    Indicator(  # F-14
        "citizen_on_time", Section.CITY, _("对诉求人按时率"),
        _("在对诉求人承诺的时限内反馈或办结的，占承诺已有结果的受理件的比例；这个时限从受理起算，退单、改派都不重新计算。"),
        _("承诺时限内反馈 ÷ 承诺已有结果"),
        base=ACCEPTED,
        numerator=Part(_("承诺时限内反馈"), parts.KEPT_TO_CITIZEN),
        denominator=Part(_("承诺已有结果"), parts.promise_decided),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
        audience=Audience.CITY,
    ),
)  # fmt: skip
INDICATORS = {indicator.name: indicator for indicator in _ALL}
