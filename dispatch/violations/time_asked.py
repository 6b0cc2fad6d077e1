"""Refusals about extensions, facts wanted and the ledger."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "never_extended": _("一级工单不得延期。"),
    "no_feedback_owed": _("本单已经反馈或正在挂账，没有可以延期的反馈时限。"),
    "extension_too_late": _("反馈时限已过，不能再申请延期；延期须在到期前提出。"),
    "extension_out_of_range": _("一次最多延期 %(most)s %(unit)s，请填写 1 到 %(most)s。"),
    "extensions_used_up": _("本轮办理已申请过 %(times)s 次延期，不能再申请。"),
    "no_extension": _("没有待审核的延期申请。"),
    "own_request": _("这是您本人提出的申请，请由其他人审核。"),
    "question_required": _("请写明要诉求人补充什么情况。"),
    "facts_used_up": _("本轮办理已请诉求人补充过 %(times)s 次情况，请按已有情况办理。"),
    "no_facts_asked": _("没有等待诉求人补充的情况。"),
    "ledger_not_for_level": _("一级、二级工单不能挂账。"),
    "plan_required": _("请写明挂账后的推进计划。"),
    "review_out_of_range": _("复核时间应晚于现在、不晚于 %(until)s。"),
    "review_date_passed": _("申请中的复核时间已过，请不同意本次申请，由单位重新申请。"),
    "finding_required": _("请写明复核情况。"),
    "no_hold_asked": _("没有待审核的挂账申请。"),
    "not_on_ledger": _("本单没有挂账。"),
    "on_ledger": _("本单正在挂账，请先解除挂账。"),
}
