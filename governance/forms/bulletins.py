"""The form that publishes a bulletin."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class PublishForm(forms.Form):
    """Publish what was shown: `expected` is its digest, so that nobody publishes what they have
    not read."""

    expected = forms.CharField(widget=forms.HiddenInput, max_length=64)
    is_checked = forms.BooleanField(
        label=_("已核对，同意发布"),
        help_text=_("发布后不能撤回，也不能改动；有错只能发勘误，再发一版。"),
    )
