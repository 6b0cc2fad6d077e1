"""The verbs of intake: who may do what to a ticket, and where it must stand."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.models.clients import Scope
from intake import forms, services
from intake.models import State, Ticket
from intake.verbs import OPEN_STATES, Verb, desk, either, register

_REGISTRARS = desk(Role.AGENT, Role.DISPATCHER, Role.CONTRACTOR)
_DISPATCHERS = desk(Role.DISPATCHER)


def _own_channel(ticket: Ticket, actor: Actor) -> bool:
    """The channel that brought the ticket in, acting for its requester."""
    return (
        actor.kind == "client"
        and Scope.CREATE in actor.scopes
        and not actor.is_of_unit
        and ticket.client_id is not None
        and ticket.client_id == actor.id
    )


def _lead(ticket: Ticket, actor: Actor) -> bool:
    return actor.handles(ticket.lead_unit_id)


register(
    Verb(
        "answer", _("当场答复"), services.answer, forms.AnswerForm,
        frozenset({State.ACCEPTED}), _REGISTRARS, order=20,
    ),
    Verb(
        "inform", _("告知办结"), services.inform, forms.InformForm,
        frozenset({State.ACCEPTED}), _REGISTRARS, order=30,
    ),
    Verb(
        "classify", _("调整分类等级"), services.classify, forms.ClassifyForm,
        frozenset({State.ACCEPTED}), _REGISTRARS, order=40,
    ),
    Verb(
        "merge_into", _("并单"), services.merge_into, forms.MergeForm,
        frozenset({State.ACCEPTED, State.DISPATCHED, State.HANDLING}), _REGISTRARS, order=60,
    ),
    Verb(
        "amend", _("修改内容"), services.amend, forms.AmendForm, OPEN_STATES, _REGISTRARS, order=65,
    ),
    Verb(
        "withdraw", _("诉求人撤回"), services.withdraw, forms.WithdrawForm, OPEN_STATES,
        either(desk(Role.AGENT, Role.DISPATCHER, Role.CALLBACK_AGENT), _own_channel), order=70,
    ),
    Verb(
        "reopen", _("重新受理"), services.reopen, forms.ReopenForm,
        frozenset({State.CLOSED}), _DISPATCHERS, order=80,
    ),
    Verb(
        "note", _("备注"), services.note, forms.NoteForm, frozenset(State.values),
        either(desk(Role.AGENT, Role.DISPATCHER, Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR), _lead),
        order=90,
    ),
)  # fmt: skip
