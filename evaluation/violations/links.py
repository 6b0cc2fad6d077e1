"""Refusals of evaluations by the requester alone: read by the public, so said in plain words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "sms_not_configured": _("没有接通短信网关，不能发短信评价链接；请电话回访。"),
    "nobody_to_write_to": _("没有还需回访且留有手机号的诉求人，请电话回访。"),
    "link_on_its_way": _("短信评价链接已经发过，还在有效期内。"),
    "rating_not_dispatched": _("诉求正在受理，还没有办理结果可以评价。"),
    "rating_not_open": _("诉求正在办理，单位答复后或时限届满后可以评价。"),
    "rating_withdrawn": _("诉求已经撤回，不再评价。"),
    "rating_without_unit": _("这件诉求由热线直接答复，没有承办单位的办理结果可以评价。"),
    "rating_over": _("这件诉求的评价已经结束。"),
    "rating_used": _("您已经评价过了，一个链接只能评价一次。"),
    "rating_expired": _("这个链接已经过期，或者已有新的链接代替它。"),
    "rating_of_earlier_round": _("单位正在重新办理，这个链接不再有效；答复后会再请您评价。"),
    "rating_given": _("您对这次办理已经评价过了。"),
    "rated_already": _("诉求人对这次办理已经评价过，一次办理评价一次。"),
    "rating_anonymous": _("匿名诉求没有留下诉求人，不能评价。"),
    "robot_heard_nonsense": _("机器人听到的按键记录不成一次通话，请核对 heard。"),
    "robot_not_finished": _("这次通话还没有结束：请按对话脚本走完，或以 hang_up 结尾。"),
    "staff_do_not_rate": _("工作人员不能代诉求人评价。"),
}
