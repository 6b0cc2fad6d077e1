"""How far a ruling reaches, and how it will be quoted."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.services.precedents import CLAUSE_LIMIT


class PrecedentForm(forms.Form):
    scope = forms.ChoiceField(
        label=_("适用范围"),
        choices=[
            ("street", _("事发街道（乡镇）")),
            ("district", _("事发区")),
            ("city", _("全市")),
        ],
    )
    clause = forms.CharField(
        label=_("先例要旨"),
        required=False,
        widget=forms.Textarea,
        max_length=CLAUSE_LIMIT,
        help_text=_("不填即引用裁定理由。所有工作人员可见，不要写诉求人的信息；保密工单须另写。"),
    )
