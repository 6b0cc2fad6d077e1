"""Passing a matter of central or military bodies on."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import liaison as forms
from hotline.core.models import Role
from intake.models import State
from intake.verbs import Verb, desk, register

register(
    Verb(
        "pass_to_liaison", _("转央地军地联动"), services.pass_to_liaison, forms.LiaisonForm,
        frozenset({State.ACCEPTED}), desk(Role.DISPATCHER), order=45,
    ),
)  # fmt: skip
