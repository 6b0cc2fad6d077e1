"""What the call-back agent fills in, and what the requester does without one; the API's schemas
are made from these same forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.models import CallOutcome, PressureKind, Satisfaction
from evaluation.services import OPINION_LIMIT
from evaluation.services.pressure import WORDS_LIMIT
from intake.models import CloseCode

YES_NO = [("", "—"), ("yes", _("是")), ("no", _("否"))]
# Asked, and nobody did.
NO_PRESSURE = "none"
PRESSURE = [("", "—"), (NO_PRESSURE, _("没有")), *PressureKind.choices]


class YesNoField(forms.TypedChoiceField):
    """是 or 否, or no answer."""

    def __init__(self, *, required: bool = False, **options: object) -> None:
        super().__init__(
            choices=YES_NO,
            coerce=lambda value: {"yes": True, "no": False}[value],
            empty_value=None,
            required=required,
            **options,  # type: ignore[arg-type]
        )


class PressureField(forms.ChoiceField):
    """The fourth question, asked of some: a clue that no unit sees, never a score."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("是否有人要求您改变评价、撤回诉求或者不要再说？"))
        super().__init__(choices=PRESSURE, required=False, **options)

    def clean(self, value: Any) -> str:
        kind: str = super().clean(value)
        return "" if kind == NO_PRESSURE else kind


class PressureWordsField(forms.CharField):
    """Who, when and how, as far as the requester says."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("具体情况"))
        super().__init__(required=False, max_length=WORDS_LIMIT, **options)


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
    is_withheld = forms.BooleanField(label=_("诉求人要求不向承办单位显示评价"), required=False)
    pressure = PressureField()
    pressure_words = PressureWordsField()


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
                CloseCode.NOT_SAMPLED,
                CloseCode.DECLINED,
                CloseCode.UNREACHABLE,
            )
        ],
    )
