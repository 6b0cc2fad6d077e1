"""Refusals about exclusions and appeals."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "plea_reason_required": _("请写明理由。"),
    "evidence_required": _("请写明证据：有什么材料、在哪里可以查到。"),
    "plea_ground_unknown": _("没有这一种事由，请重新选择。"),
    "plea_pending": _("同样的申请正在审核，请等待结果。"),
    "already_excluded": _("“%(scope)s”已经同意，不必再申请。"),
    "nothing_to_exclude": _("本件不计入本单位的考评，没有可剔除的。"),
    "unit_not_assessed": _("“%(unit)s”不参加考评，没有可剔除或申诉的成绩。"),
    "not_own_unit": _("“%(unit)s”不是您所在的、承办过本件的单位。"),
    "tolerance_of_rates_only": _("容错只能申请剔除（不计入三率），诉求仍计入总量。"),
    "tolerance_before_reply": _("容错针对尽职而未成的办理：请先办理并答复，再申请。"),
    "plea_month_closed": _("本件计入 %(month)s 考评，该月已经封账，不能再改变。"),
    "plea_time_over": _("%(month)s 的申诉期到 %(until)s 为止，已经过了。"),
    "no_answer_to_appeal": _("本单位在这件工单上没有可以申诉的回访结果。"),
    "answer_not_own": _("请选择本单位在这件工单上的一次有效回访。"),
    "appeal_ruled": _("对这次回访的申诉已有结果，不能再次申诉。"),
    "no_plea": _("没有待审核的这项申请，可能已由别人审核。"),
    "plea_not_named": _("有 %(n)s 项申请待审核，请指明是哪一项。"),
    "own_plea": _("这是您本人提出的申请，请由其他人审核。"),
    "ruling_required": _("不同意的，请写明理由。"),
}
