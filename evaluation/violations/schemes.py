"""Refusals about assessment schemes: what a rule may not be, and when a scheme may not take
effect."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    # What a rule may not be (evaluation.rules).
    "scheme_rule_unknown": _("考评方案里没有名为“%(name)s”的规则。"),
    "scheme_value_unknown": _("%(field)s不能是“%(value)s”。"),
    "scheme_value_outside": _("%(field)s须在 %(low)s 至 %(high)s 之间。"),
    "scheme_nothing_chosen": _("%(field)s至少选一项。"),
    "scheme_bands_not_rising": _("%(field)s的上限须为正整数，从小到大，不重复。"),
    "scheme_weights_sum": _("%(field)s不能为负，三项之和须正好是 1。"),
    "scheme_shares_sum": _("%(field)s：主办与协办所占之和须正好是 1。"),
    "scheme_whistle_sum": _("%(field)s：报到方三项、吹哨方三项的权重各自之和须正好是 1。"),
    "scheme_scope_dates": _("%(field)s：截止日须晚于起始日。"),
    "scheme_category_unknown": _("不考评的事项：没有“%(category)s”这个分类。"),
    # When a draft may not be written.
    "scheme_month": _("“%(month)s”不是月份，请按 2026-01 的格式填写。"),
    "scheme_month_begun": _(
        "考评月 %(month)s 已经开始，不能再换规则；最早可从 %(earliest)s 起施行。"
    ),
    "scheme_is_adopted": _("第 %(version)s 版方案已经施行或删除，不能再改。"),
    "scheme_changed_meanwhile": _(
        "这份草稿刚被%(who)s改过（%(when)s），您的改动没有保存。请看过最新内容再提交，您填写的内容还在页面上。"
    ),
    "scheme_has_consultations": _("已登记过征求意见，草稿须留作记录，不能删除；可以继续修改。"),
    # When a consultation may not be written down.
    "consultation_days": _("征求意见的截止日不能早于开始日。"),
    "consultation_before_draft": _("开始日不能早于现在这份草稿写成之日（%(day)s）。"),
    "consultation_not_opened": _(
        "没有登记过这几天向%(party)s征求意见：须在截止前先登记起止日期，截止后按同样的日期登记结果。"
    ),
    "consultation_still_open": _("征求意见到 %(day)s 才截止；截止后再登记收到的意见和采纳情况。"),
    "consultation_result_required": _("征求意见已经截止，请填写收到的意见和采纳情况。"),
    # When a draft may not take effect.
    "scheme_not_consulted": _("还没有登记向%(party)s征求意见的结果（条例第三十二条）。"),
    "scheme_consultation_running": _("向%(party)s征求意见还没有结束，或没有登记结果。"),
    "scheme_changed_since_consulted": _(
        "向%(party)s征求意见之后规则又改过，请按现在的规则再征求一次。"
    ),
    "scheme_own_draft": _("起草或改过方案规则的人不能自己决定施行，请另一位市督导决定。"),
    "scheme_month_opened": _("考评月 %(month)s 已经出过成绩，不能再换规则。"),
    "scheme_month_taken": _("第 %(version)s 版方案已定于 %(month)s 起施行，一个月只能有一个方案。"),
    "scheme_period_differs": _(
        "%(field)s须与上一版相同：换了起止日期，会有诉求同时属于两个月，或不属于任何一个月。"
    ),
}
