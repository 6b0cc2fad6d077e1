"""Refusals about helping and being helped."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "task_required": _("请写明请对方做什么。"),
    "already_assisting": _("“%(unit)s”已有尚未反馈的协办或转交任务。"),
    "part_due_impossible": _("时限应晚于现在、早于本单位自己的时限（%(until)s）。"),
    "not_below": _("“%(unit)s”不是本单位的下级，不能转交；需要其配合请用“请求协办”。"),
    "no_part": _("贵单位没有待办的协办或转交任务。"),
    "part_unsigned": _("请先签收协办（转交）任务。"),
    "part_already_signed": _("这项协办（转交）任务已经签收。"),
    "part_not_delegated": _("协办任务由本单位完成，不能再转交；需要其他单位请告知主办单位。"),
    "result_required": _("请填写反馈内容。"),
    "late_reason_required": _("不能按时反馈的，请说明原因。"),
    "interim_date_impossible": _("反馈结果的时间应晚于 %(after)s，不晚于 %(until)s。"),
    "not_assisting": _("“%(unit)s”没有尚未反馈的协办或转交任务。"),
    "only_the_asker_releases": _("只有提出请求的单位或派单员可以解除。"),
}
