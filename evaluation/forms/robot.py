"""What a voice robot sends after a call."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_CALLS = 50
# A call in which every question is said twice is far shorter.
HEARD_LIMIT = 400


class RobotCallForm(forms.Form):
    """What was heard, in its order."""

    party = forms.IntegerField(label=_("给谁打的：名单中的 party"), min_value=1)
    heard = forms.CharField(
        label=_(
            "听到的，先后用逗号分开：按键 0–9、*、#，或 silence、hang_up、no_answer、wrong_number"
        ),
        max_length=HEARD_LIMIT,
    )

    def clean_heard(self) -> list[str]:
        text: str = self.cleaned_data["heard"]
        return [sound.strip() for sound in text.split(",")]


class RobotListForm(forms.Form):
    """How many calls at once."""

    limit = forms.IntegerField(
        label=_("一次最多几个"), required=False, min_value=1, max_value=MOST_CALLS, initial=20
    )

    def clean_limit(self) -> int:
        return self.cleaned_data["limit"] or 20
