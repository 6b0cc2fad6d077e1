"""What is written when units are called to a place, and when it is settled there."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.models import OnsiteGround
from dispatch.services.dispatching import REASON_LIMIT
from dispatch.services.onsite import DECISION_LIMIT, PLACE_LIMIT
from intake.fields import UnitField, UnitsField


class OrderOnsiteForm(forms.Form):
    units = UnitsField(label=_("到场单位"), help_text=_("可填多个，用逗号隔开。"))
    place = forms.CharField(label=_("到场地点"), max_length=PLACE_LIMIT)
    meet_at = forms.DateTimeField(label=_("到场时间"))
    ground = forms.ChoiceField(label=_("事项类型"), choices=OnsiteGround.choices)
    reason = forms.CharField(
        label=_("要查明或划分什么"), widget=forms.Textarea, max_length=REASON_LIMIT
    )


class ArriveOnsiteForm(forms.Form):
    """Being there needs nothing but the tap."""


class DecideOnsiteForm(forms.Form):
    decision = forms.CharField(
        label=_("责任划分结论"), widget=forms.Textarea, max_length=DECISION_LIMIT
    )
    lead_unit = UnitField(
        label=_("主办单位"),
        required=False,
        help_text=_("填写后即指定其承办并派单；与现主办单位相同或不填，则不改派。"),
    )
    cooperators = UnitsField(
        label=_("协办单位"), required=False, help_text=_("可填多个，用逗号隔开。")
    )
