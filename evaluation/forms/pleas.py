"""What a unit fills in to ask that something does not count for it, and what the reviewer does."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.models import AppealGround, ExclusionGround, ExclusionScope
from evaluation.services.pleas import REASON_LIMIT
from intake.fields import UnitField


class ExclusionForm(forms.Form):
    """剔除, 不计入 and 容错 (R-096, R-102)."""

    unit = UnitField(label=_("以哪个单位申请"), required=False)
    scope = forms.ChoiceField(label=_("申请什么"), choices=ExclusionScope.choices)
    ground = forms.ChoiceField(
        label=_("事由"),
        choices=ExclusionGround.choices,
        help_text=_("容错针对尽职而未成的办理，须先办理并答复，只剔除三率、仍计入诉求总量。"),
    )
    reason = forms.CharField(
        label=_("理由"),
        widget=forms.Textarea({"rows": 4}),
        max_length=REASON_LIMIT,
        help_text=_("申请容错的，请写明依法依规做了哪些事、为何没有办成、还采取了什么补救。"),
    )
    evidence = forms.CharField(
        label=_("证据"),
        widget=forms.Textarea({"rows": 4}),
        max_length=REASON_LIMIT,
        help_text=_("能证明以上理由的材料，和在哪里可以查到。"),
    )


class AppealForm(forms.Form):
    """申诉 against one answer of a requester (R-097)."""

    unit = UnitField(label=_("以哪个单位申诉"), required=False)
    result = forms.IntegerField(label=_("对哪次回访"), min_value=1)
    ground = forms.ChoiceField(label=_("申诉事由"), choices=AppealGround.choices)
    reason = forms.CharField(
        label=_("理由"), widget=forms.Textarea({"rows": 4}), max_length=REASON_LIMIT
    )
    evidence = forms.CharField(
        label=_("证据"),
        widget=forms.Textarea({"rows": 4}),
        max_length=REASON_LIMIT,
        help_text=_("能证明以上理由的材料，和在哪里可以查到，例如联系记录、现场照片。"),
    )


class _ConsentForm(forms.Form):
    ruling = forms.CharField(
        label=_("审核意见"),
        widget=forms.Textarea({"rows": 4}),
        required=False,
        max_length=REASON_LIMIT,
    )


class _RefusalForm(forms.Form):
    ruling = forms.CharField(
        label=_("不同意的理由"), widget=forms.Textarea({"rows": 4}), max_length=REASON_LIMIT
    )


class _ExclusionNamed(forms.Form):
    exclusion = forms.IntegerField(
        label=_("哪一项申请"),
        required=False,
        min_value=1,
        help_text=_("只有一项待审时可不填。"),
    )


class _AppealNamed(forms.Form):
    appeal = forms.IntegerField(
        label=_("哪一项申诉"),
        required=False,
        min_value=1,
        help_text=_("只有一项待审时可不填。"),
    )


class GrantExclusionForm(_ConsentForm, _ExclusionNamed):
    """Agreeing may say something."""


class RefuseExclusionForm(_RefusalForm, _ExclusionNamed):
    """Refusing says why."""


class UpholdAppealForm(_ConsentForm, _AppealNamed):
    """Upholding may say something."""


class RejectAppealForm(_RefusalForm, _AppealNamed):
    """Rejecting says why."""
