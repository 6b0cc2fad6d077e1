"""What is written when one unit asks another for help, and what the other hands in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.models import Solved
from dispatch.services.assisting import LATE_REASON_LIMIT, TASK_LIMIT
from dispatch.services.dispatching import REASON_LIMIT
from dispatch.services.handling import REPLY_LIMIT
from hotline.core.models import Unit
from hotline.core.places import unit_by_code
from intake.fields import UnitField


class AssistingUnitField(UnitField):
    """A unit that holds a part, also one that has been dissolved meanwhile."""

    unknown = _("没有“%(value)s”这个单位。")

    def find(self, code: str) -> Unit | None:
        return unit_by_code(code)


class CooperationForm(forms.Form):
    unit = UnitField(label=_("协办单位"))
    task = forms.CharField(label=_("请其协办的事项"), widget=forms.Textarea, max_length=TASK_LIMIT)
    due_at = forms.DateTimeField(
        label=_("协办时限"),
        required=False,
        help_text=_("早于本单位的时限；不填则按剩余时间的比例。"),
    )


class DelegateForm(forms.Form):
    unit = UnitField(label=_("下级单位"))
    task = forms.CharField(label=_("交办事项"), widget=forms.Textarea, max_length=TASK_LIMIT)
    due_at = forms.DateTimeField(
        label=_("交办时限"),
        required=False,
        help_text=_("早于本单位的时限；不填则按剩余时间的比例。"),
    )


class SignPartForm(forms.Form):
    """Signing needs nothing but the press of the button."""


class HandInForm(forms.Form):
    text = forms.CharField(label=_("协办结果"), widget=forms.Textarea, max_length=REPLY_LIMIT)
    solved = forms.ChoiceField(
        label=_("单位自评"), choices=[("", _("请选择")), *Solved.choices], required=False
    )
    late_reason = forms.CharField(
        label=_("逾期原因"),
        required=False,
        max_length=LATE_REASON_LIMIT,
        help_text=_("已过时限的须填写。"),
    )


class InterimForm(forms.Form):
    text = forms.CharField(label=_("目前进展"), widget=forms.Textarea, max_length=REPLY_LIMIT)
    late_reason = forms.CharField(label=_("不能按时反馈的原因"), max_length=LATE_REASON_LIMIT)
    next_at = forms.DateTimeField(label=_("何时反馈结果"))


class ReleaseForm(forms.Form):
    unit = AssistingUnitField(label=_("解除哪个单位"))
    reason = forms.CharField(label=_("解除原因"), widget=forms.Textarea, max_length=REASON_LIMIT)
