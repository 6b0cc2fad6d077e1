"""Refusals about the catalogue and precedents."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "catalogue_published": _("第 %(number)s 版目录已经发布或已被删除，不能再改；请另起草一版。"),
    "catalogue_moved_on": _(
        "起草以后又发布了第 %(number)s 版目录，直接发布会把它的改动抹掉；请在新版上重新起草。"
    ),
    "catalogue_first_day": _("新版目录的施行日期最早是 %(earliest)s。"),
    "catalogue_has_errors": _("目录里有 %(count)s 处错误（第 %(rows)s 行），改正后才能采用。"),
    "catalogue_empty": _("目录里没有一行，不能发布。"),
    "precedent_needs_ruling": _("只有成立的派单异议才能作为先例。"),
    "precedent_no_ruling_left": _("这件工单没有成立的派单异议，或裁定都已经作为先例。"),
    "precedent_needs_class": _("这件工单没有诉求分类，不能作为先例。"),
    "precedent_needs_unit": _("裁定没有指定单位，也还没有重新派单，不知道先例应派给谁。"),
    "precedent_cannot_lead": _("“%(unit)s”已撤并或不能主办，不能作为先例。"),
    "precedent_needs_place": _("这件工单的地点没有细到所选的范围，请选更大的范围。"),
    "precedent_exists": _("这一分类在这一范围已有现行先例，或这一裁定已作为先例；请先废止原先例。"),
    "precedent_ended": _("这一先例已经废止。"),
}
