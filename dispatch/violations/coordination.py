"""Refusals about consultations and authorities."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "question_required": _("请写明需要解决的问题。"),
    "members_required": _("请选择参加会商的单位。"),
    "coordination_open": _("已有会商或上级协调正在进行，请待其结束。"),
    "no_consultation": _("没有正在进行的会商。"),
    "opinion_required": _("请填写意见。"),
    "not_an_authority": _("“%(unit)s”不是本单位的上级或主管部门，不能提请其协调。"),
    "no_escalation": _("没有待答复的上级协调。"),
    "hotline_does_not_handle": _("“%(unit)s”不承办诉求，不能提级办理；请指明应由谁办理。"),
}
