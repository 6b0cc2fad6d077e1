"""Orders, replies and objections."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import orders as forms
from hotline.core.models import Role
from intake.models import Level, State, Ticket
from intake.verbs import Verb, desk, either, its_district, lead, register

_DISPATCHERS = desk(Role.DISPATCHER)
_AUTHORITY = desk(Role.DISPATCHER, Role.CITY_SUPERVISOR)
_IN_HAND = frozenset({State.DISPATCHED, State.HANDLING})
_REPORTED = (Level.L1, Level.L4)


def _is_reported(ticket: Ticket) -> bool:
    """Levels whose feedback does not end the work (R-059)."""
    return ticket.level in _REPORTED


def _is_reachable(ticket: Ticket) -> bool:
    """An anonymous requester cannot be contacted (R-019)."""
    return not ticket.is_anonymous


def _may_be_ordered(ticket: Ticket) -> bool:
    """A supervision order can exist after the second re-handling only."""
    return ticket.rehandle_count > 1


register(
    Verb(
        "dispatch", _("派单"), services.dispatch, forms.DispatchForm,
        frozenset({State.ACCEPTED}), desk(Role.AGENT, Role.DISPATCHER, Role.CONTRACTOR), order=10,
    ),
    Verb(
        "sign", _("签收"), services.sign, forms.SignForm,
        frozenset({State.DISPATCHED}), lead, order=10,
    ),
    Verb(
        "reply", _("答复"), services.reply, forms.ReplyForm,
        frozenset({State.HANDLING}), lead, order=10,
    ),
    Verb(
        "report", _("阶段反馈"), services.report, forms.ReportForm,
        frozenset({State.HANDLING}), lead, order=15, fits=_is_reported,
    ),
    Verb(
        "contact", _("登记联系"), services.contact, forms.ContactForm,
        _IN_HAND, lead, order=20, fits=_is_reachable,
    ),
    Verb(
        "object", _("提出派单异议"), services.raise_objection, forms.ObjectionForm,
        _IN_HAND, lead, order=50,
    ),
    Verb(
        "return_to_desk", _("异议成立，退回"), services.return_to_desk, forms.UpholdForm,
        _IN_HAND, _AUTHORITY, order=45,
    ),
    Verb(
        "designate", _("异议成立，指定承办"), services.designate, forms.DesignateForm,
        _IN_HAND, _AUTHORITY, order=47,
    ),
    Verb(
        "reject_objection", _("异议不成立"), services.reject_objection, forms.RejectForm,
        _IN_HAND, _AUTHORITY, order=46,
    ),
    Verb(
        "recall", _("收回派单"), services.recall, forms.RecallForm,
        _IN_HAND, _DISPATCHERS, order=55,
    ),
    Verb(
        "undo_dispatch", _("撤回刚才的派单"), services.undo_dispatch, forms.UndoForm,
        frozenset({State.DISPATCHED}), desk(Role.AGENT, Role.DISPATCHER, Role.CONTRACTOR), order=54,
    ),
    Verb(
        "accept_answer", _("认可督办答复"), services.accept_answer, forms.AcceptAnswerForm,
        frozenset({State.CALLBACK}),
        either(desk(Role.CITY_SUPERVISOR), its_district), order=12, fits=_may_be_ordered,
    ),
)  # fmt: skip
