"""The rules of a scheme in words: what each is called, what it means, how its value reads.

One table for the page that shows a scheme, the form that drafts one and the comparison of two, so
that a definition always stands beside its number and is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.models import CallbackChannel
from evaluation.rule_names import RULE_NAMES
from evaluation.rules import OutOfScope, Rules
from hotline.core.models import AssessmentGroup
from intake.rendering import register_events
from knowledge.models import category_by_code, category_path

register_events({"scheme_consulted": gettext_lazy("考评方案征求意见")})

# The choices of the rules that are one of a few.
CHOICES: dict[str, dict[str, str | Promise]] = {
    "answer": {
        "first": gettext_lazy("第一次有效回答"),
        "last": gettext_lazy("最后一次有效回答"),
    },
    "attribution": {
        "created": gettext_lazy("受理之日"),
        "due": gettext_lazy("办理期限届满之日"),
        "called_back": gettext_lazy("第一次有效回访之日"),
    },
    "repeats": {
        "once": gettext_lazy("一个月只计一件"),
        "all": gettext_lazy("每件都计"),
    },
    "ties": {
        "shared": gettext_lazy("名次并列"),
        "volume": gettext_lazy("承办量大的在前"),
    },
}


@dataclass(frozen=True)
class RuleText:
    """One rule: its name in code, what it means in a sentence, and its value in words."""

    name: str
    meaning: str | Promise
    value: Callable[[Rules], str]

    @property
    def label(self) -> str | Promise:
        return RULE_NAMES[self.name]


@dataclass(frozen=True)
class Section:
    title: str | Promise
    rules: tuple[RuleText, ...]


def percent(share: Decimal) -> str:
    """0.30 as 30%."""
    return f"{plain(share * 100)}%"


def plain(number: Decimal) -> str:
    """A decimal as people write it, without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _listed(parts: list[str]) -> str:
    return _("、").join(parts)


def _choice(name: str) -> Callable[[Rules], str]:
    return lambda rules: str(CHOICES[name][getattr(rules, name)])


def _days(name: str) -> Callable[[Rules], str]:
    return lambda rules: _("%(n)s 天") % {"n": getattr(rules, name)}


def _weights(rules: Rules) -> str:
    weights = rules.weights
    return _("响应率 %(response)s，解决率 %(resolution)s，满意率 %(satisfaction)s") % {
        "response": weights.response,
        "resolution": weights.resolution,
        "satisfaction": weights.satisfaction,
    }


def _groups(rules: Rules) -> str:
    return _listed([str(AssessmentGroup(group).label) for group in rules.groups])


def _bands(rules: Rules) -> str:
    edges = rules.volume_bands
    if not edges:
        return _("不分档")
    words = [_("%(n)s 件及以下") % {"n": edges[0]}]
    words += [f"{low + 1}–{high}" for low, high in pairwise(edges)]
    return _listed([*words, _("%(n)s 件以上") % {"n": edges[-1]}])


def _sample(rules: Rules) -> str:
    return _("%(n)s 件") % {"n": rules.min_sample}


def scope_words(scope: OutOfScope) -> str:
    """One matter that is not assessed, and between which days."""
    category = category_by_code(scope.category)
    name = f"{scope.category} {category_path(category.pk)}" if category else scope.category
    if scope.begins and scope.ends:
        return _("%(matter)s（%(begins)s 起，%(ends)s 前受理）") % {
            "matter": name, "begins": scope.begins, "ends": scope.ends,
        }  # fmt: skip
    if scope.begins:
        return _("%(matter)s（%(begins)s 起受理）") % {"matter": name, "begins": scope.begins}
    if scope.ends:
        return _("%(matter)s（%(ends)s 前受理）") % {"matter": name, "ends": scope.ends}
    return name


def _scopes(rules: Rules) -> str:
    return _("；").join(scope_words(scope) for scope in rules.out_of_scope) or _("无")


def _channels(rules: Rules) -> str:
    if set(rules.channels) == set(CallbackChannel.values):
        return _("全部")
    return _listed([str(CallbackChannel(channel).label) for channel in rules.channels])


def _period(rules: Rules) -> str:
    if rules.period_start_day == 1:
        return _("每月 1 日至月末")
    return _("上月 %(first)s 日至本月 %(last)s 日") % {
        "first": rules.period_start_day,
        "last": rules.period_start_day - 1,
    }


def _shares(rules: Rules) -> str:
    shares = rules.shares
    if shares is None:
        return _("不分担，只由主办单位承担")
    return _(
        "主办 %(lead)s，协办合计 %(cooperating)s；"
        "未解决的，协办超时按 %(late)s 倍扣，按时按 %(on_time)s 倍扣"
    ) % {
        "lead": shares.lead,
        "cooperating": shares.cooperating,
        "late": shares.late_factor,
        "on_time": shares.on_time_factor,
    }


def _whistle(rules: Rules) -> str:
    return _(
        "报到方：到场 %(arrival)s、解决 %(solved)s、街道评价 %(street_rating)s；"
        "吹哨方：必要性 %(necessity)s、组织 %(organisation)s、解决 %(whistle_solved)s"
    ) % {name: getattr(rules.whistle, name) for name in rules.whistle.__dataclass_fields__}


def _classes(rules: Rules) -> str:
    classes = rules.classes
    return _(
        "先进类：前 %(advanced)s；进步类：比上月上升 %(places)s 名以上；"
        "整改类：后 %(last)s；治理类：连续 %(months)s 个月末位"
    ) % {
        "advanced": percent(classes.advanced_share),
        "places": classes.progress_places,
        "last": percent(classes.rectification_share),
        "months": classes.governance_months,
    }


SECTIONS = (
    Section(
        gettext_lazy("三率与综合得分"),
        (
            RuleText(
                "weights",
                gettext_lazy(
                    "综合得分＝（响应率×权重＋解决率×权重＋满意率×权重）×100，三个权重之和为 1。"
                ),
                _weights,
            ),
            RuleText(
                "basic_credit",
                gettext_lazy("满意率中“满意”计 1，“基本满意”按这个数计，其余答案计 0。"),
                lambda rules: plain(rules.basic_credit),
            ),
            RuleText(
                "bonus_cap",
                gettext_lazy(
                    "解决疑难、主动治理等加分经核准后加在综合得分上，"
                    "一个月合计不超过这个数（条例第三十二条）。"
                ),
                lambda rules: _("%(n)s 分") % {"n": plain(rules.bonus_cap)},
            ),
        ),
    ),
    Section(
        gettext_lazy("谁和谁比"),
        (
            RuleText(
                "groups",
                gettext_lazy("只在同一组内排名；二次接单单位算分而不公布，社区从不排名。"),
                _groups,
            ),
            RuleText(
                "volume_bands",
                gettext_lazy(
                    "同一组内按当月承办量分档，只与同档单位排名；填每档的上限，不填即不分档。"
                ),
                _bands,
            ),
            RuleText(
                "ties",
                gettext_lazy(
                    "得分相同：名次并列，其后名次空出；或者承办量大的在前，承办量也相同的才并列。"
                ),
                _choice("ties"),
            ),
            RuleText(
                "interval_z",
                gettext_lazy(
                    "得分上下各这么多个标准误是成绩区间，"
                    "分不出高下的单位在月表“档”一列同字母；1.96 约为二十次有十九次。"
                ),
                lambda rules: plain(rules.interval_z),
            ),
            RuleText(
                "is_observation",
                gettext_lazy(
                    "选“是”则照常计算、照常展示，但谁也不排名，用于试行（国办函〔2025〕66号）。"
                ),
                lambda rules: _("是") if rules.is_observation else _("否"),
            ),
        ),
    ),
    Section(
        gettext_lazy("回访与样本"),
        (
            RuleText(
                "min_sample",
                gettext_lazy("有效回访少于这个数的单位算分而不排名，标“样本不足”。"),
                _sample,
            ),
            RuleText(
                "coverage_floor",
                gettext_lazy(
                    "覆盖率＝有效回访÷到期应回访；低于这个数的单位算分而不排名，标“回访覆盖不足”。"
                ),
                lambda rules: percent(rules.coverage_floor),
            ),
            RuleText(
                "sample_percent",
                gettext_lazy("派单时由系统抽这么大的比例回访，谁也不能挑选；100% 即全部回访。"),
                lambda rules: f"{rules.sample_percent}%",
            ),
            RuleText(
                "pressure_percent",
                gettext_lazy(
                    "这么多的回访另问一题："
                    "有没有人要求您改变评价、撤回诉求或不要再说；只作线索，从不计分。"
                ),
                lambda rules: f"{rules.pressure_percent}%",
            ),
            RuleText(
                "channels",
                gettext_lazy("只有经这些方式得到的有效回答计入三率，其余照常记录、照常反馈。"),
                _channels,
            ),
            RuleText(
                "answer",
                gettext_lazy(
                    "一件工单回访过几次的，三率以哪一次的回答为准；两次都保存、都看得到。"
                ),
                _choice("answer"),
            ),
        ),
    ),
    Section(
        gettext_lazy("哪些工单、算在哪个月"),
        (
            RuleText(
                "out_of_scope",
                gettext_lazy(
                    "这些分类（含下级）在这段时间受理的，"
                    "照常办理、照常回访，不参加考评；截止日当天起恢复考评。"
                ),
                _scopes,
            ),
            RuleText(
                "repeats",
                gettext_lazy(
                    "同一诉求人当月就同一地点、同一分类再次反映给同一单位的，"
                    "三率只计第一件，或每件都计；承办量中都计。"
                ),
                _choice("repeats"),
            ),
            RuleText(
                "attribution",
                gettext_lazy(
                    "这一天落在哪个考评月，工单就算在哪个月，"
                    "并且只算在那一个月；没有有效回访的，按应回访之日。"
                ),
                _choice("attribution"),
            ),
            RuleText(
                "period_start_day",
                gettext_lazy(
                    "考评月从上月这一天零点起；各版方案必须相同，否则会有诉求算两次或漏算。"
                ),
                _period,
            ),
            RuleText(
                "day_cut",
                gettext_lazy("日报统计前一日这个时刻至当日这个时刻；各版方案必须相同。"),
                lambda rules: rules.day_cut.strftime("%H:%M"),
            ),
            RuleText(
                "close_lag_days",
                gettext_lazy(
                    "考评月结束后再等这么多天，让办理期限和回访走完；此后发生的事不再改变这个月。"
                ),
                _days("close_lag_days"),
            ),
            RuleText(
                "appeal_days",
                gettext_lazy("月度成绩先给各单位看，这么多天内可以申诉，然后封账。"),
                _days("appeal_days"),
            ),
        ),
    ),
    Section(
        gettext_lazy("主办与协办"),
        (
            RuleText(
                "shares",
                gettext_lazy(
                    "有协办的工单，结果由主办和协办分担，几个协办平分协办的份额（条例第十四条）。"
                ),
                _shares,
            ),
            RuleText(
                "whistle",
                gettext_lazy(
                    "吹哨一方和报到一方都考核，各按这些权重；有吹哨记录后使用，三项之和为 1。"
                ),
                _whistle,
            ),
        ),
    ),
    Section(
        gettext_lazy("末位与分类"),
        (
            RuleText(
                "tail_count",
                gettext_lazy(
                    "每组每档最后这么多个单位列为末位，当月约谈；与末位之外的单位同分的，不列入。"
                ),
                lambda rules: _("%(n)s 个") % {"n": rules.tail_count},
            ),
            RuleText(
                "classes",
                gettext_lazy("每月排名后按这些界限分为四类，先看治理、整改，再看先进、进步。"),
                _classes,
            ),
        ),
    ),
)


def rule_texts() -> Iterator[RuleText]:
    """Every rule, in the order in which it is read."""
    for section in SECTIONS:
        yield from section.rules


def differing(one: Rules, other: Rules) -> list[RuleText]:
    """The rules in which two schemes differ."""
    return [text for text in rule_texts() if getattr(one, text.name) != getattr(other, text.name)]
