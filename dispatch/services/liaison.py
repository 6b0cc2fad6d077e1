"""央地、军地联动: passing a matter to the liaison office (R-043)."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from dispatch.models import Liaison
from dispatch.services.dispatching import give
from dispatch.services.orders import today
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Unit, UnitKind
from hotline.core.places import units
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act
from intake.models import Ticket
from intake.services.registration import tidy

ORGANISATION_LIMIT = 120
REMARK_LIMIT = 500


def pass_to_liaison(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    organisation_kind: str,
    organisation: str,
    remark: str = "",
    told_by: str = "",
    told_at: dt.datetime | None = None,
) -> Ticket:
    """A matter about a central organ, a central enterprise or the military in the city goes to the
    liaison office, which has it from now on like any lead: with a deadline, a reply and a
    call-back. It counts for no local unit and is kept out of all that is published. The requester
    is told who has it, unless anonymous.

    Raises RuleViolation without the organisation or the telling, or where the city has no liaison
    office; IllegalMove during a consultation.
    """
    with act("pass_to_liaison", number, actor=actor, at=at, version=version) as a:
        if a.ticket.category_id is None:
            raise RuleViolation("category_required", field="organisation_kind")
        if a.running(ClockKind.CONSULTATION):
            raise IllegalMove("consultation_open", number=number)
        organisation = tidy(
            organisation,
            ORGANISATION_LIMIT,
            _("涉及单位"),
            "organisation",
            required="organisation_required",
        )
        remark = tidy(remark, REMARK_LIMIT, _("说明"), "remark")
        when = _told(a, told_by, told_at)
        office = _liaison_office(today(at))
        a.change(is_liaison=True)
        order = give(a, office, is_designated=False)
        Liaison.objects.create(
            ticket=a.ticket,
            assignment=order,
            organisation_kind=organisation_kind,
            organisation=organisation,
            remark=remark,
            told_by=told_by if when else "",
            told_at=when,
            passed_at=at,
            passed_by=actor.reference,
        )
        a.record("passed_to_liaison", unit_id=office.pk, organisation_kind=organisation_kind)
    return a.ticket


def _told(a: Act, told_by: str, told_at: dt.datetime | None) -> dt.datetime | None:
    """When the requester was told; the hotline itself may speak to a confidential one."""
    if a.ticket.is_anonymous:
        return None
    if not told_by:
        raise RuleViolation("liaison_not_told", field="told_by")
    if told_at is not None and not a.ticket.called_at <= told_at <= a.at:
        raise RuleViolation("liaison_told_at_impossible", field="told_at")
    return told_at or a.at


def _liaison_office(on: dt.date) -> Unit:
    """The city's liaison office. Raises RuleViolation where there is none."""
    for unit in units().values():
        is_ended = unit.valid_to is not None and unit.valid_to <= on
        if unit.kind == UnitKind.LIAISON and unit.valid_from <= on and not is_ended:
            return unit
    raise RuleViolation("no_liaison_office", field="organisation_kind")
