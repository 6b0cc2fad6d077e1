"""Refusals about orders, replies and objections."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "category_required": _("派单前请先选定诉求分类。"),
    "unit_cannot_lead": _("“%(unit)s”不能作为主办单位（社区只协助，不主办）。"),
    "unit_cannot_assist": _("“%(unit)s”不能协办：它就是主办单位，或是热线中心。"),
    "outside_duty_list": _("《%(duty_list)s》中没有“%(category)s”，不得派给“%(unit)s”。"),
    "not_its_duty": _("履职清单 %(item)s（%(text)s）：不得派给“%(unit)s”。"),
    "duty_only_assists": _("履职清单 %(item)s（%(text)s）：“%(unit)s”只配合，不主办。"),
    "undo_over": _("只有派单的本人可在 %(seconds)s 秒内、单位签收前撤回；请改用“收回派单”。"),
    "assisting_open": _("还有协办或转交的任务没有反馈，请等待反馈或解除后再答复。"),
    "question_pending": _("有延期、补充情况或挂账的申请正在等待，请待其结束。"),
    "designated_order": _("本单由主管部门指定承办，不能再提异议。"),
    "designated_itself": _("“%(unit)s”正是提出异议的单位，请指定其他单位，或裁定异议不成立。"),
    "own_dispatch": _("这一单是您本人派出的，请由其他人审核异议。"),
    "conflict_of_interest": _("被反映的正是“%(unit)s”，不能派给它自己，请派给上级或监督单位。"),
    "requester_not_told": _("请先把结果告诉诉求人，并填写告知方式；只报热线不算反馈。"),
    "told_at_impossible": _("告知（联系）时间应在派单之后、现在之前。"),
    "identity_withheld": _("保密件不能直接联系诉求人，请选择“经热线转达”。"),
    "report_not_for_level": _("只有一级和四级工单有阶段反馈；其他工单请直接答复。"),
    "next_at_required": _("请填写下一步措施的完成时间：晚于现在，%(days)s天以内。"),
    "nobody_to_contact": _("匿名诉求没有联系人，无须联系。"),
    "reply_required": _("请填写答复内容。"),
    "objection_window_over": _("派单异议期已过（%(until)s），视为接收。"),
    "already_ruled": _("本次派单的异议已有裁定，不能再次提出。"),
    "objection_pending": _("派单异议正在审核，请等待裁定。"),
    "no_objection": _("没有待审核的派单异议。"),
    "basis_required": _("请填写异议的依据（职责或文件条款）。"),
    "same_reply": _("答复内容与上一次相同，请写明重新办理的情况。"),
    "order_unanswered": _("督办单的答复尚未认可，不能办结。"),
    "no_order": _("没有待认可的督办答复。"),
}
