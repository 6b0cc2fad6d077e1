"""Refusals of evaluation, as sentences."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "callback_not_due": _("还没到回访时间（%(opens)s 起）。"),
    "no_callback_waiting": _("这件工单没有待做的回访。"),
    "not_to_be_called": _("诉求人匿名或要求不回访，不能回访。"),
    "outside_calling_hours": _("回访时间为 %(first)s 至 %(last)s。"),
    "answers_incomplete": _("已接通时三个问题都要有回答；没有答完的请按“拒访”登记。"),
    "answers_without_call": _("没有接通，不能填写诉求人的回答。"),
    "callback_missing": _("还没有诉求人的回访结果；确实无须回访的，请选择原因。"),
    "close_code_unfounded": _("“%(reason)s”与这件工单的记录不符，不能以此办结。"),
    "attempts_not_exhausted": _(
        "未接通须在不同半天拨打满 %(n)s 次，并且前后不少于 %(days)s 天，才能以此办结。"
    ),
    "rehandle_unfounded": _("诉求人已表示解决且满意，无须重新办理。"),
    "rehandle_exhausted": _("已重新办理 %(n)s 次，不能再退；请督办后办结。"),
}
