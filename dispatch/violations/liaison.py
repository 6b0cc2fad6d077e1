"""Refusals about the liaison mechanism."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "organisation_required": _("请填写涉及的单位。"),
    "no_liaison_office": _("本市没有设置央地军地联络机构，请联系管理员。"),
    "liaison_needs_passing": _("派给“%(unit)s”请用“转央地军地联动”，写明涉及的单位。"),
    "liaison_not_told": _("请先告诉诉求人由谁转办，并填写告知方式。"),
    "liaison_told_at_impossible": _("告知时间应在来电之后、现在之前。"),
}
