"""Asking for time and deciding on it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import time_asked as forms
from dispatch.services.objections import PAUSING_LEVELS
from hotline.core.models import Role
from intake.models import Level, State, Ticket
from intake.verbs import Verb, desk, either, its_district, lead, register

_AUTHORITY = desk(Role.DISPATCHER, Role.CITY_SUPERVISOR)
_SPEAKS_WITH_REQUESTERS = desk(Role.AGENT, Role.DISPATCHER, Role.CALLBACK_AGENT)
_IN_HAND = frozenset({State.HANDLING})


def _is_extendable(ticket: Ticket) -> bool:
    """The first level never (R-063)."""
    return ticket.level != Level.L1


def _is_reachable(ticket: Ticket) -> bool:
    """An anonymous requester cannot be asked (R-019)."""
    return not ticket.is_anonymous


def _may_wait(ticket: Ticket) -> bool:
    """The first two levels cannot be put on the ledger."""
    return ticket.level in PAUSING_LEVELS


_SUPERVISORS = either(desk(Role.CITY_SUPERVISOR), its_district)

register(
    Verb(
        "ask_facts", _("请诉求人补充情况"), services.ask_facts, forms.AskFactsForm,
        _IN_HAND, lead, order=30, fits=_is_reachable,
    ),
    Verb(
        "facts_received", _("登记补充情况"), services.facts_received, forms.FactsForm,
        _IN_HAND, either(_SPEAKS_WITH_REQUESTERS, lead), order=31, fits=_is_reachable,
    ),
    Verb(
        "ask_extension", _("申请延期"), services.ask_extension, forms.ExtensionForm,
        _IN_HAND, lead, order=32, fits=_is_extendable,
    ),
    Verb(
        "grant_extension", _("同意延期"), services.grant_extension, forms.ConsentForm,
        _IN_HAND, _AUTHORITY, order=40, fits=_is_extendable,
    ),
    Verb(
        "refuse_extension", _("不同意延期"), services.refuse_extension, forms.RefusalForm,
        _IN_HAND, _AUTHORITY, order=41, fits=_is_extendable,
    ),
    Verb(
        "hold", _("申请挂账"), services.hold, forms.HoldForm,
        _IN_HAND, lead, order=33, fits=_may_wait,
    ),
    Verb(
        "approve_hold", _("同意挂账"), services.approve_hold, forms.ConsentForm,
        _IN_HAND, _SUPERVISORS, order=42, fits=_may_wait,
    ),
    Verb(
        "refuse_hold", _("不同意挂账"), services.refuse_hold, forms.RefusalForm,
        _IN_HAND, _SUPERVISORS, order=43, fits=_may_wait,
    ),
    Verb(
        "review_hold", _("挂账复核"), services.review_hold, forms.ReviewForm,
        _IN_HAND, _SUPERVISORS, order=44, fits=_may_wait,
    ),
    Verb(
        "clear_hold", _("解除挂账"), services.clear_hold, forms.ClearForm,
        _IN_HAND, either(_SUPERVISORS, lead), order=48, fits=_may_wait,
    ),
)  # fmt: skip
