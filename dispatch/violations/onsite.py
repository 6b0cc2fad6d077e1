"""Refusals about calling units to a place, and about a street's offices."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "onsite_open": _("已要求单位到现场，请先登记划分结论。"),
    "onsite_units_required": _("请选择要到现场的单位。"),
    "unit_cannot_attend": _("“%(unit)s”是组织方，不能作为到场单位。"),
    "place_required": _("请写明到场地点。"),
    "meet_at_impossible": _("到场时间应晚于现在、在 %(days)s 天以内。"),
    "already_arrived": _("贵单位已经登记到场。"),
    "arrival_too_early": _("还没到可以登记到场的时间（%(earliest)s 起）。"),
    "no_onsite": _("没有等待划分的现场。"),
    "decision_required": _("请写明责任划分结论。"),
    "onsite_lead_required": _("本单还没有主办单位，请先确定主办单位，再定协办。"),
    "offices_of_streets_only": _("“%(unit)s”不是街道（乡镇），没有内设机构模板。"),
}
