"""Letting a ruling decide like cases."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import precedents as forms
from hotline.core.models import Role
from intake.models import State, Ticket
from intake.verbs import Verb, desk, register


def _was_returned(ticket: Ticket) -> bool:
    """Only an order that was wrong has a ruling for others to follow."""
    return ticket.return_count > 0


register(
    Verb(
        "make_precedent", _("裁定作为先例"), services.let_ruling_decide, forms.PrecedentForm,
        frozenset(State.values), desk(Role.DISPATCHER, Role.CITY_SUPERVISOR), order=57,
        fits=_was_returned,
    ),
)  # fmt: skip
