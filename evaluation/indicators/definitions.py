"""Every indicator, once. A definition reads like its formula: what it speaks of, what is counted,
against what, and the function that divides.

Nothing here is scored: the scheme knows the three rates only. Observed indicators are not even
ranked (R-099).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from evaluation import formulas
from evaluation.indicators import parts
from evaluation.indicators.facts import ACCEPTED, ANSWERED, HELD, ORDERS, View
from evaluation.indicators.kinds import (
    Against,
    Audience,
    Better,
    Indicator,
    Part,
    Reference,
    Section,
    Shown,
)
from hotline.core.models import AssessmentGroup


def _right_at_first(wrong: int, dispatches: int) -> Fraction | None:
    """F-15: 1 − upheld objections ÷ dispatches."""
    share = formulas.share(wrong, dispatches)
    return None if share is None else 1 - share


ACCEPTED_ALL = Part(_("受理"))
CONSULTATIONS = Part(_("咨询"), parts.CONSULTATION)
VOLUME = Part(_("承办量"))
COUNTED_VOLUME = Part(_("计入总量的承办量"), Q(not_counted=""))
EXCLUDED = Part(_("剔除"), ~Q(excluded=""))
VALID = Part(_("有效回访"))
GIVEN = Part(_("派单"))
OBJECTED = Part(_("提出异议"), parts.objected)
RETURNED = Part(_("异议成立"), parts.returned)


def _so_far(of: View) -> Q:
    """Of a running month the days that its report covers, like of the year it is held against."""
    counted = Q(not_counted="")
    return counted if of.cut is None else counted & Q(attributed_at__lt=of.cut)


def _to_base(against: Against, definition: Promise, words: Promise, **more: Any) -> Indicator:
    """F-11: requests against the base that the city has chosen."""
    return Indicator(
        "to_base", Section.OBSERVED, _("基数诉求比"), definition, words,
        base=HELD,
        numerator=Part(_("计入总量的承办量"), _so_far),
        against=against,
        divide=formulas.requests_to_base,
        **more,
    )  # fmt: skip


TO_BASE = {
    "last_year": _to_base(
        Against.LAST_YEAR,
        _(
            "本月诉求件数与基数之比，基数是上年同月的件数；本月未满时，两边都只算到最近一个日报截止"
            "时刻和上年的同一时刻。"
        ),
        _("计入总量的承办量 ÷ 上年同月计入总量的承办量"),
        denominator=Part(_("上年同月"), _so_far),
    ),
    "population": _to_base(
        Against.RESIDENTS,
        _("本月诉求件数与基数之比，基数是辖区常住人口；只对街道乡镇计算。"),
        _("计入总量的承办量 ÷ 常住人口"),
        is_of_today=True,
        groups=(AssessmentGroup.STREET_TOWN,),
    ),
    "households": _to_base(
        Against.HOUSEHOLDS,
        _("本月诉求件数与基数之比，基数是辖区户数。"),
        _("计入总量的承办量 ÷ 户数"),
    ),
    "enterprises": _to_base(
        Against.ENTERPRISES,
        _("本月诉求件数与基数之比，基数是辖区注册企业数。"),
        _("计入总量的承办量 ÷ 注册企业数"),
    ),
}
# F-11: the city chooses its base (REQUEST_BASE); none of them has been published.
REQUEST_BASE: str = settings.REQUEST_BASE

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
        _(
            "第一次回访未解决，重新办理或重新打开一次后、第二轮回访时才说已解决的，占有效回访的比例；"
            "同一轮里其他诉求人的回答不算下一轮。"
        ),
        _("第二轮办理后才解决 ÷ 有效回访"),
        base=ANSWERED,
        numerator=Part(_("第二轮办理后才解决"), Q(first_resolved=False, solved_round=2)),
        denominator=VALID,
    ),
    Indicator(  # F-16
        "third_resolution", Section.SOLVING, _("三次及以上解决率"),
        _("第一次回访未解决，到第三轮或更晚一轮办理后回访时才说已解决的，占有效回访的比例。"),
        _("第三轮及以后办理才解决 ÷ 有效回访"),
        base=ANSWERED,
        numerator=Part(
            _("第三轮及以后办理才解决"), Q(first_resolved=False, solved_round__gte=3)
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
        numerator=Part(_("90 天内重复提出"), parts.raised_before, is_apart=True),
        denominator=VOLUME,
        divide=formulas.repeat_rate,
        better=Better.LOW,
        is_of_today=True,
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
        _(
            "应反馈的每一次都在延期后的时限内反馈的，占时限已有结果的承办件的比例；有一次未按时即为"
            "不按时，未到期又未反馈的不计。"
        ),
        _("每次都在延期后时限内反馈 ÷ 时限已有结果"),
        base=HELD,
        numerator=Part(_("每次都在延期后时限内反馈"), Q(is_on_time=True)),
        denominator=Part(_("时限已有结果"), Q(is_on_time__isnull=False)),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
    ),
    Indicator(  # F-14
        "on_time_original", Section.ON_TIME, _("按时办理率（原时限）"),
        _(
            "第一次反馈在最初的时限内、以后应反馈的每一次也都按时的，占原时限已有结果的承办件的比例；"
            "第一次反馈的延期不算在内。"
        ),
        _("原时限内反馈且其后每次都按时 ÷ 原时限已有结果"),
        base=HELD,
        numerator=Part(_("原时限内反馈且其后每次都按时"), Q(is_on_time_original=True)),
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
        numerator=RETURNED,
        denominator=GIVEN,
        divide=_right_at_first,
        better=Better.HIGH,
    ),
    Indicator(  # F-15
        "return", Section.DISPATCH, _("退单率"),
        _("主办单位提出派单异议并审核成立、因而退回的单，占派单的比例；与月度排名的退单同义。"),
        _("异议成立 ÷ 派单"),
        base=ORDERS,
        numerator=RETURNED,
        denominator=GIVEN,
        better=Better.LOW,
    ),
    Indicator(
        "objection", Section.DISPATCH, _("异议率"),
        _("主办单位提出派单异议的单，占派单的比例，不论审核是否成立。"),
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
        numerator=Part(_("异议不成立"), parts.objected_wrongly),
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
        numerator=EXCLUDED,
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
        _(
            "每一万常住人口的诉求件数，人口取本辖区考评月当年的数，没有的取此前最近一年；只对街道乡镇"
            "计算，因为部门没有辖区人口，区本级只主办一小部分。"
        ),
        _("计入总量的承办量 ÷（常住人口 ÷ 10000）"),
        base=HELD,
        numerator=COUNTED_VOLUME,
        against=Against.RESIDENTS,
        divide=formulas.requests_per_10k,
        shown=Shown.NUMBER,
        is_of_today=True,
        groups=(AssessmentGroup.STREET_TOWN,),
    ),
    TO_BASE[REQUEST_BASE],
    # --- what the hotline itself took in --------------------------------------------------------
    Indicator(  # F-13
        "direct_answer", Section.CITY, _("直接答复率"),
        format_lazy(
            _(
                "在诉求进来的那次联系中（受理后 {minutes} 分钟内）由热线答复，或依法告知不派单的"
                "原因而办结，并且从未派单的，占受理的比例。"
            ),
            minutes=parts.FIRST_CONTACT_MINUTES,
        ),
        _("当场办结 ÷ 受理"),
        base=ACCEPTED,
        numerator=Part(_("当场办结"), parts.on_the_spot),
        denominator=ACCEPTED_ALL,
        divide=formulas.direct_answer_rate,
        better=Better.HIGH,
        audience=Audience.CITY,
    ),
    Indicator(  # F-13
        "consult_at_once", Section.CITY, _("咨询一次解决率"),
        format_lazy(
            _(
                "咨询在第一次联系中（受理后 {minutes} 分钟内）答复办结，且 7 天内没有重新打开、同一"
                "诉求人也没有再就同一分类提出的，占全部咨询的比例；未满 7 天的先计入，匿名的认不出"
                "是否再来。"
            ),
            minutes=parts.FIRST_CONTACT_MINUTES,
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
        _(
            "对诉求人的每一次承诺都在时限内反馈或办结的，占承诺已有结果的受理件的比例；时限从受理起"
            "算，退单、改派都不重新计算，重新打开另有新的承诺，但已经误期的仍是误期。"
        ),
        _("承诺时限内反馈 ÷ 承诺已有结果"),
        base=ACCEPTED,
        numerator=Part(_("承诺时限内反馈"), parts.promise_kept),
        denominator=Part(_("承诺已有结果"), parts.promise_decided),
        divide=formulas.on_time_rate,
        better=Better.HIGH,
        audience=Audience.CITY,
    ),
)  # fmt: skip
INDICATORS = {indicator.name: indicator for indicator in _ALL}
