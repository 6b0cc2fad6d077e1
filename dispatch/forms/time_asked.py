"""What is filled in to ask for time, and to decide on it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.models import ContactMethod, ExtensionReason, HoldKind
from dispatch.services.dispatching import REASON_LIMIT
from dispatch.services.time_asked.facts import ANSWER_LIMIT
from dispatch.services.time_asked.ledger import PLAN_LIMIT

_METHODS = [("", _("请选择")), *ContactMethod.choices]


class ExtensionForm(forms.Form):
    amount = forms.IntegerField(
        label=_("延长多少"),
        min_value=1,
        help_text=_("二级按小时，三级、四级按自然日；不超过一次延期的上限。"),
    )
    ground = forms.ChoiceField(label=_("延期事由"), choices=ExtensionReason.choices)
    reason = forms.CharField(label=_("延期理由"), widget=forms.Textarea, max_length=REASON_LIMIT)
    told_by = forms.ChoiceField(label=_("告知诉求人的方式"), choices=_METHODS, required=False)
    told_at = forms.DateTimeField(label=_("告知时间"), required=False)


class ConsentForm(forms.Form):
    decision = forms.CharField(
        label=_("审核意见"), widget=forms.Textarea, required=False, max_length=REASON_LIMIT
    )


class RefusalForm(forms.Form):
    decision = forms.CharField(
        label=_("不同意的理由"), widget=forms.Textarea, max_length=REASON_LIMIT
    )


class AskFactsForm(forms.Form):
    question = forms.CharField(
        label=_("要诉求人补充的情况"), widget=forms.Textarea, max_length=REASON_LIMIT
    )


class FactsForm(forms.Form):
    answer = forms.CharField(
        label=_("诉求人补充的情况"), widget=forms.Textarea, max_length=ANSWER_LIMIT
    )


class HoldForm(forms.Form):
    kind = forms.ChoiceField(label=_("挂账类型"), choices=HoldKind.choices)
    plan = forms.CharField(label=_("推进计划"), widget=forms.Textarea, max_length=PLAN_LIMIT)
    review_at = forms.DateTimeField(label=_("下次复核时间"))
    told_by = forms.ChoiceField(label=_("告知诉求人的方式"), choices=_METHODS, required=False)
    told_at = forms.DateTimeField(label=_("告知时间"), required=False)


class ReviewForm(forms.Form):
    finding = forms.CharField(label=_("复核情况"), widget=forms.Textarea, max_length=REASON_LIMIT)
    next_at = forms.DateTimeField(label=_("下次复核时间"))


class ClearForm(forms.Form):
    clearance = forms.CharField(label=_("解除原因"), widget=forms.Textarea, max_length=REASON_LIMIT)
