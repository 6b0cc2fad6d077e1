"""Calling units to a place, being there, settling it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import onsite as forms
from dispatch.services.onsite import called_units
from hotline.core.actors import Actor
from hotline.core.models import Role
from intake.models import State, Ticket
from intake.verbs import Verb, desk, register

_AUTHORITY = desk(Role.DISPATCHER, Role.CITY_SUPERVISOR)
_BEFORE_REPLY = frozenset({State.ACCEPTED, State.DISPATCHED, State.HANDLING})


def _called(ticket: Ticket, actor: Actor) -> bool:
    """A handler of a unit that is called to the place now. Where nobody ever was, and to who acts
    for no unit, the answer costs no query."""
    return ticket.onsite_count > 0 and actor.assists(lambda: called_units(ticket))


register(
    Verb(
        "arrive_onsite", _("已到现场"), services.arrive_onsite, forms.ArriveOnsiteForm,
        _BEFORE_REPLY, _called, order=13,
    ),
    Verb(
        "order_onsite", _("要求到现场"), services.order_onsite, forms.OrderOnsiteForm,
        _BEFORE_REPLY, _AUTHORITY, order=43,
    ),
    Verb(
        "decide_onsite", _("现场责任划分"), services.decide_onsite, forms.DecideOnsiteForm,
        _BEFORE_REPLY, _AUTHORITY, order=44,
    ),
)  # fmt: skip
