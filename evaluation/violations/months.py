"""Refusals about months."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "month_unknown": _("“%(month)s”不是考评月份，请写成 2026-01 这样。"),
    "month_without_scheme": _("%(month)s 没有生效的考评方案，不能公示。"),
    "month_facts_incomplete": _("%(month)s 的回访还没有结束，%(when)s 之后才能公示。"),
    "earlier_month_open": _("%(month)s 还没有封账，请先封账。"),
    "month_takes_no_appeals": _("%(month)s 现在是“%(state)s”，不能申诉。"),
    "score_appeal_pending": _("“%(unit)s”对这个月的申诉还在审核，不能重复提出。"),
    "already_decided": _("这一条已有裁定，不能再改。"),
    "own_proposal": _("不能审批自己提出的加分。"),
    "unit_not_scored": _("“%(unit)s”不参加考评，不能加分。"),
    "bonus_time_over": _("%(month)s 的申诉期已到 %(until)s 为止，各单位不能再提意见，不能再加分。"),
    "bonus_not_positive": _("加分应大于 0、小于 100。"),
    "month_not_draft": _("%(month)s 现在是“%(state)s”，不能封账。"),
    "month_appeals_run": _("%(month)s 的申诉期到 %(until)s 为止，之后才能封账。"),
    "month_undecided": _("%(month)s 还有 %(n)s 件剔除、申诉或加分没有裁定，不能封账。"),
    "month_not_closed": _("%(month)s 还没有封账。"),
    "month_closing": _("%(month)s 已提交封账，不能再批准加分，只能裁定为不成立。"),
    "month_busy": _("月度考评正在裁定或封账，请稍等几秒再试。"),
    "month_closed": _("%(month)s 已封账，不能再改；确有错误的请发布勘误。"),
    "ruling_unknown": _("请选择成立或不成立。"),
    "talk_not_due": _("“%(unit)s”不在 %(month)s 应约谈的单位里。"),
    "talk_in_future": _("约谈日期不能晚于今天。"),
    "talk_recorded": _("“%(unit)s”%(month)s 的约谈已经登记。"),
}
