"""How orders, replies and objections read in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import ContactMethod, ReplyKind, Solved
from hotline.core.places import unit_by_code
from intake.rendering import register_events


def _dispatched(data: dict[str, Any]) -> str:
    due = parse_datetime(data["due_at"])
    words = [_("反馈时限 %(due)s") % {"due": f"{localtime(due):%m-%d %H:%M}" if due else ""}]
    copy = unit_by_code(data["copy"]) if data.get("copy") else None
    if copy:
        words.append(_("抄送%(unit)s督办") % {"unit": copy.name})
    helpers = [unit_by_code(code) for code in data.get("cooperators", ())]
    if any(helpers):
        names = _("、").join(unit.name for unit in helpers if unit)
        words.append(_("协办：%(units)s") % {"units": names})
    if data.get("is_designated"):
        words.append(_("指定承办，不得退回"))
    return _("；").join(words)


def _returned(data: dict[str, Any]) -> str:
    unit = unit_by_code(data["to"]) if data.get("to") else None
    return _("指定由%(unit)s承办") % {"unit": unit.name} if unit else ""


def _objected(data: dict[str, Any]) -> str:
    proposed = unit_by_code(data["proposed"]) if data.get("proposed") else None
    return _("建议派至%(unit)s") % {"unit": proposed.name} if proposed else ""


register_events(
    {
        "dispatched": gettext_lazy("派单"),
        "signed": gettext_lazy("签收"),
        "contacted": gettext_lazy("联系诉求人"),
        "reported": gettext_lazy("阶段反馈"),
        "replied": gettext_lazy("答复"),
        "recalled": gettext_lazy("收回派单"),
        "undone": gettext_lazy("撤回刚才的派单"),
        "objected": gettext_lazy("提出派单异议"),
        "returned": gettext_lazy("异议成立，退回"),
        "objection_rejected": gettext_lazy("异议不成立"),
        "answer_accepted": gettext_lazy("认可督办答复"),
    },
    {
        "dispatched": _dispatched,
        "contacted": lambda data: str(ContactMethod(data["method"]).label),
        "reported": lambda data: str(ReplyKind(data["kind"]).label),
        "replied": lambda data: (
            _("单位自评：%(solved)s") % {"solved": Solved(data["solved"]).label}
        ),
        "objected": _objected,
        "returned": _returned,
    },
)
