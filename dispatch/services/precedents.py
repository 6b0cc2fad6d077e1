"""Rulings that decide like cases, and what helps a unit to object well (R-046)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch import catalogue
from dispatch.models import (
    WRONG_DISPATCH,
    Assignment,
    AssignmentRole,
    EndReason,
    Objection,
    ObjectionOutcome,
    Precedent,
)
from dispatch.routing import Clause, is_in_force
from dispatch.services.catalogue import EDITORS
from dispatch.services.duties import Duty, check_duty, duty_of
from hotline.core.actors import Actor
from hotline.core.models import ASSISTING_KINDS, Area, AuditEntry, Role, Unit, UnitKind
from hotline.core.places import area_by_code, units
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake.acts import act
from intake.models import Ticket
from intake.services.registration import tidy

CLAUSE_LIMIT = 500
# Who makes and ends precedents: those who write the catalogue, and the desk, which rules.
RULERS = (*EDITORS, Role.DISPATCHER)
# How far a precedent reaches, as depths of the territory: the whole city names no area.
SCOPES = {"street": 2, "district": 1, "city": 0}
LIKE_RULINGS = 5  # what fits beside a form; the newest of the nearest place
# Orders that came to nothing: the desk took them back, or the unit was not the right one either.
IN_VAIN = (EndReason.UNDONE, EndReason.RECALLED, EndReason.RETURNED)


def let_ruling_decide(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    scope: str,
    clause: str = "",
) -> Ticket:
    """Make a precedent of the ticket's last ruling that may become one; in the ruling's own words
    unless a clause is given. All of the staff read precedents, so that of a confidential matter is
    written anew (R-018).

    Raises IllegalMove without such a ruling, and what `make_precedent` raises.
    """
    with act("make_precedent", number, actor=actor, at=at, version=version) as a:
        objection = ruling_left(a.ticket)
        if objection is None:
            raise IllegalMove("precedent_no_ruling_left", number=number)
        clause = clause if clause.strip() else quoted(objection, a.ticket)
        precedent = make_precedent(
            objection=objection, scope=scope, clause=clause, actor=actor, at=at
        )
        a.record(
            "precedent_made",
            precedent=precedent.pk,
            category=precedent.category.code,
            area=precedent.area.code if precedent.area else None,
            unit=precedent.unit.code,
        )
    return a.ticket


def ruling_left(ticket: Ticket) -> Objection | None:
    """The last ruling that an order was wrong and that is no precedent yet."""
    wrong = Objection.objects.filter(assignment__ticket=ticket, outcome__in=WRONG_DISPATCH)
    return wrong.filter(precedent=None).order_by("-ruled_at", "-pk").first()


def quoted(objection: Objection, ticket: Ticket) -> str:
    """The ruling as a precedent may quote it."""
    return "" if ticket.is_confidential else objection.ruling


@transaction.atomic
def make_precedent(
    *, objection: Objection, scope: str, clause: str, actor: Actor, at: dt.datetime
) -> Precedent:
    """Let a ruling decide like cases from today on: matters of the ticket's class, in its street,
    its district or the whole city, go to the unit that the ruling named, or to which the desk gave
    the matter after it.

    Raises NotPermitted; RuleViolation when the objection was not upheld, class, place or unit are
    not known, the unit may not lead such matters by its duty list, or another precedent decides
    already.
    """
    _require_ruler(actor)
    clause = tidy(clause, CLAUSE_LIMIT, _("先例要旨"), "clause", required="reason_required")
    if objection.outcome not in WRONG_DISPATCH:
        raise RuleViolation("precedent_needs_ruling")
    ticket, today = objection.assignment.ticket, timezone.localdate(at)
    if ticket.category_id is None:
        raise RuleViolation("precedent_needs_class")
    unit = decided_unit(objection)
    if unit is None:
        raise RuleViolation("precedent_needs_unit")
    if not is_in_force(unit, today) or unit.kind in (*ASSISTING_KINDS, UnitKind.HOTLINE):
        raise RuleViolation("precedent_cannot_lead", unit=unit.name)
    check_duty(unit, ticket.category_id, AssignmentRole.LEAD, today, "unit")
    try:
        with transaction.atomic():  # another one was first: only this row is given up
            precedent = Precedent.objects.create(
                category_id=ticket.category_id,
                area=_scope_area(ticket, scope),
                unit=unit,
                objection=objection,
                clause=clause,
                made_at=at,
                made_by=actor.reference,
                valid_from=today,
            )
    except IntegrityError as error:
        raise RuleViolation("precedent_exists") from error
    _audit("precedent_made", precedent, actor, at)
    return precedent


@transaction.atomic
def end_precedent(*, precedent: Precedent, actor: Actor, at: dt.datetime) -> Precedent:
    """The ruling decides no more from today on. Raises NotPermitted or RuleViolation
    `precedent_ended`."""
    _require_ruler(actor)
    precedent = Precedent.objects.select_for_update().get(pk=precedent.pk)
    if precedent.valid_to is not None:
        raise RuleViolation("precedent_ended")
    precedent.valid_to = timezone.localdate(at)
    precedent.save(update_fields=["valid_to"])
    _audit("precedent_ended", precedent, actor, at)
    return precedent


def _require_ruler(actor: Actor) -> None:
    if actor.kind != "system" and not actor.has(*RULERS):
        raise NotPermitted


def decided_unit(objection: Objection) -> Unit | None:
    """Whom the ruling named; where it sent the matter back to the desk, to whom the desk gave it
    after that, if it has."""
    if objection.designated_unit is not None:
        return objection.designated_unit
    later = Assignment.objects.filter(
        ticket_id=objection.assignment.ticket_id,
        role=AssignmentRole.LEAD,
        pk__gt=objection.assignment_id,
    )
    order = later.exclude(end_reason__in=IN_VAIN).order_by("-pk").first()
    return units()[order.unit_id] if order else None


def _scope_area(ticket: Ticket, scope: str) -> Area | None:
    depth = SCOPES[scope]
    if depth == 0:
        return None
    code = ticket.area.code_at(depth) if ticket.area else None
    area = area_by_code(code) if code else None
    if area is None:
        raise RuleViolation("precedent_needs_place", field="scope")
    return area


def _audit(action: str, precedent: Precedent, actor: Actor, at: dt.datetime) -> None:
    AuditEntry.objects.create(
        at=at,
        action=action,
        actor=actor.reference,
        number=precedent.objection.assignment.ticket.number if precedent.objection else "",
        data={"precedent": precedent.pk, "unit": precedent.unit_id},
    )


# --- like cases -----------------------------------------------------------------------------


@dataclass(frozen=True)
class LikeRuling:
    """How an objection about the same class was ruled. It names no ticket: the reader may not be
    allowed to see it."""

    outcome: ObjectionOutcome
    unit: str  # who objected
    decided: str  # who was named; empty where nobody was
    area: str
    ground: str
    ruling: str
    ruled_at: dt.datetime


@dataclass(frozen=True)
class ObjectionHelp:
    """What a unit that thinks of objecting should read first: the clause by which the order came,
    its own duty list's item on such matters, and how like objections were ruled."""

    clause: Clause | None
    duty: Duty | None
    rulings: list[LikeRuling]


def rulings_in_like_cases(ticket: Ticket) -> list[LikeRuling]:
    """The last rulings on matters of the ticket's class: its street's first, then its district's,
    then the city's. Rulings on confidential matters are left out."""
    if ticket.category_id is None:
        return []
    ruled = [*WRONG_DISPATCH, ObjectionOutcome.REJECTED]
    found = (
        Objection.objects.filter(
            assignment__ticket__category_id=ticket.category_id,
            assignment__ticket__is_confidential=False,
            assignment__ticket__is_liaison=False,
            outcome__in=ruled,
        )
        .exclude(assignment__unit__kind=UnitKind.LIAISON)
        .select_related("assignment__ticket__area")
    )
    return [_like(objection) for objection in _nearest_first(found, ticket)[:LIKE_RULINGS]]


def _nearest_first(found: QuerySet[Objection], ticket: Ticket) -> QuerySet[Objection]:
    path = ticket.area.path if ticket.area else ""
    depths = path.rstrip("/").split("/")
    nearer = [
        When(
            assignment__ticket__area__path__startswith="/".join(depths[: depth + 1]) + "/",
            then=Value(-depth),
        )
        for depth in (2, 1)
        if depth < len(depths)
    ]
    if not nearer:
        return found.order_by("-ruled_at")
    nearness = Case(*nearer, default=Value(0), output_field=IntegerField())
    return found.order_by(nearness, "-ruled_at")


def _like(objection: Objection) -> LikeRuling:
    area, known = objection.assignment.ticket.area, units()
    decided = known.get(objection.designated_unit_id or 0)
    assert objection.ruled_at is not None
    return LikeRuling(
        outcome=ObjectionOutcome(objection.outcome),
        unit=known[objection.assignment.unit_id].name,
        decided=decided.name if decided else "",
        area=area.name if area else "",
        ground=objection.get_ground_display(),
        ruling=objection.ruling,
        ruled_at=objection.ruled_at,
    )


def objection_help(ticket: Ticket, unit: Unit) -> ObjectionHelp:
    """For the form of an objection: the clause, the duty item and the like rulings on the day the
    order was given."""
    order = (
        Assignment.objects.filter(ticket=ticket, unit=unit, role=AssignmentRole.LEAD)
        .select_related("entry__category", "entry__area")
        .order_by("-pk")
        .first()
    )
    clause = catalogue.entry_clause(order.entry) if order and order.entry else None
    day = (
        timezone.localdate(order.dispatched_at) if order else timezone.localdate(ticket.accepted_at)
    )
    return ObjectionHelp(
        clause=clause,
        duty=duty_of(unit, ticket.category_id, day),
        rulings=rulings_in_like_cases(ticket),
    )
