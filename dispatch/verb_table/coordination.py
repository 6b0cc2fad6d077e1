"""Consultation before dispatch, and the authority above."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import coordination as forms
from dispatch.models import CoordinationKind
from dispatch.services.coordinating import may_answer
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.places import units
from intake.models import State, Ticket
from intake.verbs import Verb, desk, lead, register

_DISPATCHERS = desk(Role.DISPATCHER)


def _asked_authority(ticket: Ticket, actor: Actor) -> bool:
    """Who speaks for the authority that was asked last. The lead, and who acts for no unit, is
    told without asking the database."""
    is_supervisor = actor.kind == "system" or actor.has(Role.CITY_SUPERVISOR)
    if not is_supervisor and (not actor.unit_ids or lead(ticket, actor)):
        return False
    asked = ticket.coordinations.filter(kind=CoordinationKind.UPWARD).order_by("id").last()
    if asked is None or asked.authority_id is None:
        return False
    return may_answer(actor, units()[asked.authority_id])


register(
    Verb(
        "answer_escalation", _("答复上级协调"), services.answer_escalation,
        forms.AnswerEscalationForm, frozenset({State.HANDLING}), _asked_authority, order=14,
    ),
    Verb(
        "consult", _("派单前会商"), services.consult, forms.ConsultForm,
        frozenset({State.ACCEPTED}), _DISPATCHERS, order=41,
    ),
    Verb(
        "conclude_consultation", _("会商结论"), services.conclude_consultation,
        forms.ConcludeConsultationForm, frozenset({State.ACCEPTED}), _DISPATCHERS, order=42,
    ),
    Verb(
        "escalate", _("提请上级协调"), services.escalate, forms.EscalateForm,
        frozenset({State.HANDLING}), lead, order=52,
    ),
)  # fmt: skip
