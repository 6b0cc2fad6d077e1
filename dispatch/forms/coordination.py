"""What is written when units sit together, or an authority is asked."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.services.coordinating import MEASURE_LIMIT, OPINION_LIMIT, QUESTION_LIMIT
from intake.fields import UnitField, UnitsField


class ConsultForm(forms.Form):
    members = UnitsField(label=_("参加会商的单位"), help_text=_("可填多个，用逗号隔开。"))
    question = forms.CharField(
        label=_("会商的问题"), widget=forms.Textarea, max_length=QUESTION_LIMIT
    )


class ConcludeConsultationForm(forms.Form):
    opinion = forms.CharField(label=_("会商意见"), widget=forms.Textarea, max_length=OPINION_LIMIT)
    decided_unit = UnitField(
        label=_("确定的主办单位"),
        required=False,
        help_text=_("填写后即指定其承办并派单；不填则只结束会商。"),
    )


class EscalateForm(forms.Form):
    authority = UnitField(
        label=_("提请哪一级"), help_text=_("上级单位、所在区、市级对口部门或热线主管部门。")
    )
    question = forms.CharField(
        label=_("需要协调的问题"), widget=forms.Textarea, max_length=QUESTION_LIMIT
    )


class AnswerEscalationForm(forms.Form):
    opinion = forms.CharField(label=_("协调意见"), widget=forms.Textarea, max_length=OPINION_LIMIT)
    measure = forms.CharField(label=_("采取的措施"), required=False, max_length=MEASURE_LIMIT)
    takes_over = forms.BooleanField(
        label=_("提级办理"), required=False, help_text=_("由本级主办，原主办单位改为协办。")
    )
