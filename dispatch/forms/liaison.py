"""What is written when a matter goes through the liaison mechanism."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dispatch.models import ContactMethod, OrganisationKind
from dispatch.services.liaison import ORGANISATION_LIMIT, REMARK_LIMIT

_METHODS = [("", _("请选择")), *ContactMethod.choices]


class LiaisonForm(forms.Form):
    organisation_kind = forms.ChoiceField(
        label=_("涉及哪一类单位"), choices=OrganisationKind.choices
    )
    organisation = forms.CharField(label=_("涉及单位"), max_length=ORGANISATION_LIMIT)
    remark = forms.CharField(
        label=_("说明"), widget=forms.Textarea, required=False, max_length=REMARK_LIMIT
    )
    told_by = forms.ChoiceField(
        label=_("告知诉求人的方式"),
        choices=_METHODS,
        required=False,
        help_text=_("请告诉诉求人由联络机构转办；匿名的不填。"),
    )
    told_at = forms.DateTimeField(label=_("告知时间"), required=False)
