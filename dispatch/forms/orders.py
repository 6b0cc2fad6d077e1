"""What dispatchers and handlers fill in; the API's schemas are made from these same forms."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.models import ContactMethod, ObjectionReason, Solved
from dispatch.services.dispatching import BASIS_LIMIT, REASON_LIMIT
from dispatch.services.handling import REMARK_LIMIT, REPLY_LIMIT
from intake.fields import CategoryField, UnitField, UnitsField

_METHODS = [("", _("请选择")), *ContactMethod.choices]


class DispatchForm(forms.Form):
    lead_unit = UnitField(label=_("主办单位"), error_messages={"required": _("请选择主办单位。")})
    category = CategoryField(label=_("诉求分类"), required=False)
    cooperators = UnitsField(
        label=_("协办单位"), required=False, help_text=_("可填多个，用逗号隔开。")
    )
    basis = forms.CharField(label=_("派单依据"), required=False, max_length=BASIS_LIMIT)


class RecallForm(forms.Form):
    reason = forms.CharField(label=_("收回原因"), widget=forms.Textarea, max_length=REASON_LIMIT)


class UndoForm(forms.Form):
    """Taking back a slip of the hand needs nothing but the press of the button."""


class SignForm(forms.Form):
    """Signing needs nothing but the press of the button."""


class ContactForm(forms.Form):
    method = forms.ChoiceField(label=_("联系方式"), choices=ContactMethod.choices)
    contacted_at = forms.DateTimeField(label=_("联系时间"), required=False)
    remark = forms.CharField(label=_("说明"), required=False, max_length=REMARK_LIMIT)


class ReportForm(forms.Form):
    text = forms.CharField(label=_("反馈内容"), widget=forms.Textarea, max_length=REPLY_LIMIT)
    told_by = forms.ChoiceField(label=_("告知诉求人的方式"), choices=_METHODS, required=False)
    told_at = forms.DateTimeField(label=_("告知时间"), required=False)
    next_at = forms.DateTimeField(label=_("下一步措施完成时间（四级）"), required=False)
    is_done = forms.BooleanField(label=_("最近到期的一项措施已经完成（四级）"), required=False)


class ReplyForm(forms.Form):
    text = forms.CharField(
        label=_("答复内容"),
        widget=forms.Textarea,
        max_length=REPLY_LIMIT,
        help_text=_("写明：诉求是什么、做了什么、查到什么、结果或原因、下一步、依据。"),
    )
    solved = forms.ChoiceField(label=_("单位自评"), choices=Solved.choices)
    told_by = forms.ChoiceField(label=_("告知诉求人的方式"), choices=_METHODS, required=False)
    told_at = forms.DateTimeField(label=_("告知时间"), required=False)


class ObjectionForm(forms.Form):
    ground = forms.ChoiceField(label=_("异议类型"), choices=ObjectionReason.choices)
    reason = forms.CharField(label=_("异议理由"), widget=forms.Textarea, max_length=REASON_LIMIT)
    basis = forms.CharField(label=_("依据（职责或文件条款）"), max_length=BASIS_LIMIT)
    proposed_unit = UnitField(label=_("建议单位"), required=False)


class UpholdForm(forms.Form):
    ruling = forms.CharField(
        label=_("裁定说明"), widget=forms.Textarea, required=False, max_length=REASON_LIMIT
    )


class RejectForm(forms.Form):
    ruling = forms.CharField(label=_("裁定理由"), widget=forms.Textarea, max_length=REASON_LIMIT)


class DesignateForm(forms.Form):
    unit = UnitField(label=_("指定承办单位"))
    ruling = forms.CharField(label=_("裁定理由"), widget=forms.Textarea, max_length=REASON_LIMIT)


class AcceptAnswerForm(forms.Form):
    """Accepting an answer needs nothing but the press of the button."""
