"""Precedents as the catalogue's page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from dispatch.models import Precedent
from dispatch.services.precedents import RULERS
from hotline.core.actors import Actor
from intake.models import Ticket
from intake.rendering import actor_names
from knowledge.models import category_path


def may_rule(actor: Actor) -> bool:
    """Who ends precedents; everybody of the staff may read them."""
    return actor.has(*RULERS)


def precedents_that(decide: bool) -> QuerySet[Precedent]:
    """Those in force, or those that were ended: a precedent ends on the day somebody ends it."""
    found = Precedent.objects.filter(valid_to__isnull=decide)
    return found.select_related("category", "area", "unit", "objection__assignment")


@dataclass(frozen=True)
class PrecedentLine:
    """One precedent; `number` is the ticket it was ruled on, empty for who may not see it."""

    precedent: Precedent
    path: str
    number: str
    made_by: str


def lines(precedents: Sequence[Precedent], actor: Actor) -> list[PrecedentLine]:
    """The rows with their people and tickets, in a fixed number of queries."""
    ruled_on = {p.objection.assignment.ticket_id for p in precedents if p.objection}
    visible = Ticket.objects.visible_to(actor).filter(pk__in=ruled_on)
    numbers = dict(visible.values_list("pk", "number"))
    names = actor_names(sorted({p.made_by for p in precedents}))
    return [
        PrecedentLine(
            precedent=p,
            path=category_path(p.category_id),
            number=numbers.get(p.objection.assignment.ticket_id, "") if p.objection else "",
            made_by=names[p.made_by],
        )
        for p in precedents
    ]
