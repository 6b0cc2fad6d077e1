"""The verbs of evaluation: who may do what to a ticket, and where it must stand."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from evaluation import services
from evaluation.forms import calling as forms
from hotline.core.models import Role
from intake.models import State, Ticket
from intake.verbs import Verb, desk, register

_CALLERS = desk(Role.CALLBACK_AGENT)


def _has_requester(ticket: Ticket) -> bool:
    return not ticket.is_anonymous


register(
    Verb(
        "callback", _("登记回访"), services.record_callback, forms.CallbackForm,
        frozenset({State.DISPATCHED, State.HANDLING, State.CALLBACK}), _CALLERS, order=10,
        fits=_has_requester,
    ),
    Verb(
        "rehandle", _("退回重新办理"), services.rehandle, forms.RehandleForm,
        frozenset({State.CALLBACK}), _CALLERS, order=20,
    ),
    Verb(
        "close", _("办结"), services.close, forms.CloseForm,
        frozenset({State.CALLBACK}), _CALLERS, order=15,
    ),
)  # fmt: skip
