"""Refusals of intake, as sentences."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "move_not_allowed": _("工单现在是“%(state)s”，不能“%(verb)s”。"),
    "matter_required": _("请填写诉求内容。"),
    "called_at_required": _("请填写来电（提交）时间。"),
    "called_in_future": _("来电（提交）时间不能晚于现在。"),
    "contact_required": _("请填写联系电话；诉求人不愿留电话的，请勾选“匿名”。"),
    "contact_and_anonymous": _("已勾选“匿名”，请不要同时填写姓名或电话。"),
    "channel_required": _("请选择受理渠道。"),
    "level_not_lowered": _("时限等级只能提高；降低等级须由派单员提出并经第二人同意。"),
    "answer_required": _("请填写答复内容。"),
    "reason_required": _("请填写原因。"),
    "earlier_ticket_required": _("请填写在办或已办结的那件工单编号，并说明没有新情况、新理由。"),
    "earlier_ticket_unknown": _("没有编号为“%(value)s”的工单，或您无权查看。"),
    "merge_into_itself": _("不能并入自己。"),
    "merge_into_closed": _("“%(number)s”已答复或办结，不能并入；请改为告知进展或结果。"),
    "merge_into_anonymous": _(
        "“%(number)s”是匿名件，并入后无法回访本件诉求人；请反过来把它并入本件。"
    ),
    "withdrawal_unconfirmed": _("撤回须由热线向诉求人本人确认。"),
    "reopen_window_over": _("已超过重新受理期限（%(until)s），请作为新诉求登记。"),
    "only_consultations_answered": _("只有咨询可以当场答复办结；其他诉求请派单或告知。"),
    "nothing_changed": _("内容没有变化。"),
}
