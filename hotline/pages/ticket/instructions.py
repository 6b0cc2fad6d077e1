"""领导批示 on the ticket page: what was wanted, by when, what the unit said, how it stands."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from dispatch.models import SupervisionOrder
from hotline.core.places import units
from hotline.pages.templatetags.clocks import moment
from hotline.pages.ticket.facts import Facts
from intake.models import Clock, Ticket
from intake.rendering import actor_names

_NAMED = ("answer_instruction", "accept_instruction", "send_back_instruction")


@dataclass(frozen=True)
class InstructionLine:
    """One instruction: who gave it, to which unit, the clock of its answer."""

    order: SupervisionOrder
    leader: str
    unit: str
    clock: Clock | None


def instruction_lines(facts: Facts) -> list[InstructionLine]:
    """Every instruction on the ticket, the newest first."""
    orders = facts.instructions
    if not orders:
        return []
    names = actor_names(sorted({order.issued_by for order in orders}))
    clocks = {clock.pk: clock for clock in facts.clocks}
    return [
        InstructionLine(
            order,
            names[order.issued_by],
            units()[order.unit_id].name,
            clocks.get(order.clock_id or 0),
        )
        for order in reversed(orders)
    ]


def offer_instructions(form: forms.Form, verb: str, ticket: Ticket) -> None:
    """Let the form name one of several instructions; a single one goes along unseen."""
    if verb not in _NAMED:
        return
    of_ticket = SupervisionOrder.objects.filter(ticket=ticket)
    waiting = of_ticket.to_answer() if verb == "answer_instruction" else of_ticket.to_read()
    found = [(order.pk, _called(order)) for order in waiting.order_by("pk")]
    field = form.fields["instruction"]
    field.help_text = ""
    if len(found) > 1:
        field.required = True
        field.widget = forms.Select(choices=[("", _("请选择")), *found])
        return
    field.widget = forms.HiddenInput()
    if found:
        form.initial["instruction"] = found[0][0]


def _called(order: SupervisionOrder) -> str:
    """What tells one instruction from another."""
    return f"{moment(order.issued_at)} {order.text[:30]}"
