"""A leader's instruction, the unit's answer, and what the leader makes of it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.services.instructing import ANSWER_LIMIT, INSTRUCTION_LIMIT


class InstructForm(forms.Form):
    text = forms.CharField(
        label=_("批示"), widget=forms.Textarea({"rows": 3}), max_length=INSTRUCTION_LIMIT
    )
    due_at = forms.DateTimeField(
        label=_("答复期限"),
        required=False,
        help_text=_("不填的按督办答复时限；一级、二级工单按小时。"),
    )


class _Named(forms.Form):
    instruction = forms.IntegerField(
        label=_("哪一件批示"),
        required=False,
        min_value=1,
        help_text=_("只有一件时可不填。"),
    )


class AnswerInstructionForm(_Named):
    answer = forms.CharField(
        label=_("对批示的答复"), widget=forms.Textarea({"rows": 5}), max_length=ANSWER_LIMIT
    )


class AcceptInstructionForm(_Named):
    """Reading needs no words."""


class SendBackInstructionForm(_Named, InstructForm):
    text = forms.CharField(
        label=_("还要怎样做"), widget=forms.Textarea({"rows": 3}), max_length=INSTRUCTION_LIMIT
    )
