"""Asking for help, and doing one's part."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import assisting as forms
from hotline.core.actors import Actor
from hotline.core.models import Role
from intake.models import State, Ticket
from intake.models.access import AccessRole
from intake.verbs import Verb, assisting, desk, either, lead, register

_DISPATCHERS = desk(Role.DISPATCHER)
_IN_HAND = frozenset({State.DISPATCHED, State.HANDLING})


def _handing_down(ticket: Ticket, actor: Actor) -> bool:
    """Who may hand work down, and so may let go of it: the lead, and a unit that was handed work
    itself. One that is asked to co-operate does its part and asks nobody."""
    if lead(ticket, actor):
        return True
    if not assisting(ticket, actor):
        return False
    handed = ticket.accesses.filter(role=AccessRole.DELEGATE, until=None)
    return handed.filter(unit_id__in=list(actor.unit_ids)).exists()


register(
    Verb(
        "sign_part", _("签收协办任务"), services.sign_part, forms.SignPartForm,
        _IN_HAND, assisting, order=11,
    ),
    Verb(
        "hand_in", _("反馈协办结果"), services.hand_in, forms.HandInForm,
        _IN_HAND, assisting, order=12,
    ),
    Verb(
        "interim", _("协办阶段性反馈"), services.interim, forms.InterimForm,
        _IN_HAND, assisting, order=16,
    ),
    Verb(
        "ask_cooperation", _("请求协办"), services.ask_cooperation, forms.CooperationForm,
        _IN_HAND, either(lead, _DISPATCHERS), order=30,
    ),
    Verb(
        "delegate", _("转交下级办理"), services.delegate, forms.DelegateForm,
        frozenset({State.HANDLING}), _handing_down, order=32,
    ),
    Verb(
        "release", _("解除协办"), services.release, forms.ReleaseForm,
        _IN_HAND, either(_DISPATCHERS, _handing_down), order=56,
    ),
)  # fmt: skip
