"""Refusals about leaders' instructions."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "instruction_required": _("请写明批示的内容。"),
    "instruction_answer_required": _("请写明对批示的答复。"),
    "instruction_due_passed": _("答复期限应晚于现在。"),
    "no_instruction": _("没有待答复的批示。"),
    "no_instruction_answer": _("没有待阅的批示答复。"),
}
