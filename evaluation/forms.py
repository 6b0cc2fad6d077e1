"""What the call-back agent fills in; the API's schemas are made from these same forms."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.models import CallOutcome, Satisfaction
from evaluation.services import OPINION_LIMIT
from intake.models import CloseCode

YES_NO = [("", "—"), ("yes", _("是")), ("no", _("否"))]


class YesNoField(forms.TypedChoiceField):
    """是 or 否, or no answer."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            choices=YES_NO,
            coerce=lambda value: {"yes": True, "no": False}[value],
            empty_value=None,
            required=False,
            **options,  # type: ignore[arg-type]
        )


class CallbackForm(forms.Form):
    """The three questions, in this order (R-082)."""

    outcome = forms.ChoiceField(
        label=_("通话结果"), choices=CallOutcome.choices, initial=CallOutcome.CONNECTED
    )
    contacted = YesNoField(label=_("承办单位是否联系过您？"))
    resolved = YesNoField(label=_("您反映的问题是否解决？"))
    satisfaction = forms.ChoiceField(
        label=_("您对办理结果是否满意？"),
        choices=[("", "—"), *Satisfaction.choices],
        required=False,
    )
    opinion = forms.CharField(
        label=_("诉求人意见"), widget=forms.Textarea, required=False, max_length=OPINION_LIMIT
    )


class RehandleForm(forms.Form):
    """Sending back needs nothing but the press of the button."""


class CloseForm(forms.Form):
    code = forms.ChoiceField(
        label=_("办结依据"),
        required=False,
        choices=[
            (c.value, c.label)
            for c in (
                CloseCode.CALLED_BACK,
                CloseCode.ANONYMOUS,
                CloseCode.DECLINED,
                CloseCode.UNREACHABLE,
            )
        ],
    )
