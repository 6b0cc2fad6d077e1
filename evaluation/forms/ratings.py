"""What a requester fills in alone: the three questions, and what they may add."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.forms.calling import PressureField, PressureWordsField, YesNoField
from evaluation.models import Satisfaction
from evaluation.services import OPINION_LIMIT

_UNANSWERED: dict[str, Any] = {"required": _("请回答这个问题。")}


class RatingForm(forms.Form):
    """The three questions in their order (R-082); each must be answered, or it is no answer."""

    contacted = YesNoField(
        label=_("承办单位是否联系过您？"), required=True, error_messages=_UNANSWERED
    )
    resolved = YesNoField(
        label=_("您反映的问题是否解决？"), required=True, error_messages=_UNANSWERED
    )
    satisfaction = forms.ChoiceField(
        label=_("您对办理结果是否满意？"),
        choices=[("", "—"), *Satisfaction.choices],
        error_messages=_UNANSWERED,
    )
    opinion = forms.CharField(
        label=_("还想说的话"), widget=forms.Textarea, required=False, max_length=OPINION_LIMIT
    )
    is_withheld = forms.BooleanField(label=_("不向承办单位显示我的评价"), required=False)
    pressure = PressureField()
    pressure_words = PressureWordsField()


class RatingPageForm(RatingForm):
    """The same on the page behind a link, where everything is pressed with a thumb. The fourth
    question is there only for those who are asked it."""

    def __init__(self, *args: Any, asks_pressure: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not asks_pressure:
            del self.fields["pressure"], self.fields["pressure_words"]
        for name in ("contacted", "resolved", "satisfaction", "pressure"):
            field = self.fields.get(name)
            if isinstance(field, forms.ChoiceField):
                field.widget = forms.RadioSelect(choices=field.choices)  # type: ignore[arg-type]
        self.fields["opinion"].widget.attrs["rows"] = 3
