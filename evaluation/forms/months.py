"""What is filled in about a month: objections, points added, and what is said of it afterwards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.models import BonusGround, RulingOutcome
from evaluation.services.months.parts import REASON_LIMIT, SHORT_LIMIT
from hotline.core.places import unit_by_code
from intake.fields import CodeField


class ScoredUnitField(CodeField):
    """Any unit, also one that has ended since: its line stays."""

    unknown = _("没有“%(value)s”这个单位。")

    def find(self, code: str) -> Any:
        return unit_by_code(code)


class CloseForm(forms.Form):
    """Closing needs nothing but the press of the button."""


class ScoreAppealForm(forms.Form):
    """A unit's objection to its own line of a draft month."""

    unit = ScoredUnitField(label=_("单位"), widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("申诉理由"),
        widget=forms.Textarea({"rows": 4}),
        max_length=REASON_LIMIT,
        help_text=_(
            "写明哪个数字、哪件工单不对。单件工单的剔除或回访申诉，请在工单页提出；这里针对本月成绩。"
        ),
    )


class RulingForm(forms.Form):
    """What is decided about an objection, and why."""

    outcome = forms.ChoiceField(
        label=_("裁定"), choices=RulingOutcome.choices, widget=forms.RadioSelect
    )
    ruling = forms.CharField(
        label=_("裁定理由"), widget=forms.Textarea({"rows": 4}), max_length=REASON_LIMIT
    )


class BonusRulingForm(RulingForm):
    """What is decided about proposed points, and why."""

    ruling = forms.CharField(
        label=_("裁定理由"), widget=forms.Textarea({"rows": 4}), max_length=SHORT_LIMIT
    )


class BonusForm(forms.Form):
    """Points proposed for a unit (F-20)."""

    unit = ScoredUnitField(label=_("单位"))
    ground = forms.ChoiceField(label=_("加分事由"), choices=BonusGround.choices)
    points = forms.DecimalField(label=_("分值"), max_digits=4, decimal_places=2)
    evidence = forms.CharField(
        label=_("依据"), widget=forms.Textarea({"rows": 4}), max_length=SHORT_LIMIT
    )


class ErratumForm(forms.Form):
    """勘误 of a closed month."""

    unit = ScoredUnitField(
        label=_("涉及单位"),
        required=False,
        help_text=_("只涉及一个单位时填写；不填则通知全部单位。"),
    )
    wrong = forms.CharField(label=_("原文"), max_length=SHORT_LIMIT)
    right = forms.CharField(label=_("更正为"), max_length=SHORT_LIMIT)
    reason = forms.CharField(
        label=_("原因"), widget=forms.Textarea({"rows": 4}), max_length=SHORT_LIMIT
    )


class TalkForm(forms.Form):
    """约谈 of a unit at the end of a ranking (R-092)."""

    unit = ScoredUnitField(label=_("单位"), widget=forms.HiddenInput)
    held_on = forms.DateField(
        label=_("约谈日期"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    summary = forms.CharField(
        label=_("谈话内容"), widget=forms.Textarea({"rows": 4}), max_length=REASON_LIMIT
    )
    undertaking = forms.CharField(
        label=_("整改承诺"), widget=forms.Textarea({"rows": 4}), max_length=REASON_LIMIT
    )
