"""What the acts on a month have in common: who may, what is still open, who is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from evaluation import months as reading
from evaluation import periods
from evaluation.models import Bonus, MonthClose, Outcome, RulingOutcome, ScoreAppeal
from hotline.core.actors import Actor
from hotline.core.models import AuditEntry, Notice, Role, Unit
from hotline.core.places import districts
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake.services.registration import tidy

REASON_LIMIT = 1000
SHORT_LIMIT = 500


def require(actor: Actor, *roles: str) -> None:
    if actor.kind != "system" and not actor.has(*roles):
        raise NotPermitted


def check_of_district(actor: Actor, unit: Unit) -> None:
    """A district's supervisor speaks for the units of the district only."""
    if actor.kind == "system" or actor.has(Role.CITY_SUPERVISOR):
        return
    path = unit.area.path.split("/") if unit.area else []
    own = {code for code, pk in districts().items() if pk in actor.district_ids}
    if own.isdisjoint(path):
        raise NotPermitted


def check_open(month: str, at: dt.datetime) -> None:
    if MonthClose.objects.filter(month=month).exists():
        raise IllegalMove("month_closed", month=month)
    try:
        periods.month_named(month)
    except ValueError as error:
        raise RuleViolation("month_unknown", field="month", month=month) from error


def decide(
    plea: ScoreAppeal | Bonus,
    outcome: str,
    ruling: str,
    actor: Actor,
    at: dt.datetime,
    limit: int,
) -> None:
    if outcome not in RulingOutcome.values:
        raise RuleViolation("ruling_unknown", field="outcome")
    plea.outcome, plea.ruled_at, plea.ruled_by = outcome, at, actor.reference
    plea.ruling = words(ruling, limit, _("裁定理由"), "ruling")
    plea.save(update_fields=["outcome", "ruled_at", "ruled_by", "ruling"])


def words(text: str, limit: int, name: str, field: str) -> str:
    return tidy(text, limit, name, field, required="reason_required")


def audit(action: str, actor: Actor, at: dt.datetime, **data: Any) -> None:
    AuditEntry.objects.create(at=at, action=action, actor=actor.reference, data=data)


def tell(unit_id: int, type: str, at: dt.datetime, *, month: str) -> None:
    Notice.objects.create(
        unit_id=unit_id, type=type, number="", data={"month": month}, created_at=at
    )


def tell_units(month: str, type: str, at: dt.datetime, *, only: Unit | None = None) -> None:
    """The units that have a line in the month; of an erratum about one, that one."""
    own = [only.pk] if only else list(
        Outcome.objects.filter(month=month).order_by().values_list("unit_id", flat=True).distinct()
    )  # fmt: skip
    scored = {unit.pk for unit in reading.roster(reading.month(month, at=at))}
    Notice.objects.bulk_create(
        Notice(unit_id=unit_id, type=type, number="", data={"month": month}, created_at=at)
        for unit_id in own
        if unit_id in scored
    )
