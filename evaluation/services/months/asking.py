"""What units ask of a draft month, and the points that are added to it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation import month_lock
from evaluation import months as reading
from evaluation.models import Bonus, RulingOutcome, ScoreAppeal
from evaluation.months import Month, MonthState
from evaluation.services.months.parts import (
    REASON_LIMIT,
    SHORT_LIMIT,
    check_of_district,
    check_open,
    decide,
    require,
    tell,
    words,
)
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Role, Unit
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation


def may_appeal_for(actor: Actor, unit_id: int) -> bool:
    """Whether this person objects to results of the unit: who manages this very unit."""
    return actor.handles(unit_id) and (Role.MANAGER.value, unit_id) in actor.grants


@transaction.atomic
def appeal_score(
    *, month: str, unit: Unit, reason: str, actor: Actor, at: dt.datetime
) -> ScoreAppeal:
    """A unit objects to its line in a draft month, with a reason; one at a time. It is ruled
    within a limit, and the month is not closed before."""
    if not may_appeal_for(actor, unit.pk):
        raise NotPermitted
    month_lock.while_deciding()
    stands = reading.month(month, at=at)
    if not stands.takes_appeals(at) or stands.draft is None:
        raise IllegalMove("month_takes_no_appeals", month=month, state=stands.state_label)
    try:
        with transaction.atomic():
            return ScoreAppeal.objects.create(
                draft=stands.draft,
                unit=unit,
                reason=words(reason, REASON_LIMIT, _("理由"), "reason"),
                raised_at=at,
                raised_by=actor.reference,
                due_at=limits.due_for(ClockKind.SCORE_APPEAL, level="", start=at).at,
            )
    except IntegrityError as error:
        raise IllegalMove("score_appeal_pending", unit=unit.name) from error


@transaction.atomic
def rule_score_appeal(
    *, appeal: ScoreAppeal, outcome: str, ruling: str, actor: Actor, at: dt.datetime
) -> ScoreAppeal:
    """Decide what somebody else has raised, with reasons. No score is ever written by hand: upheld,
    the unit may plead for tickets of the month until its close is requested."""
    require(actor, Role.CITY_SUPERVISOR)
    month_lock.while_deciding()
    appeal = ScoreAppeal.objects.select_for_update().get(pk=appeal.pk)
    check_open(appeal.draft.month, at)
    if appeal.outcome:
        raise IllegalMove("already_decided")
    if appeal.raised_by == actor.reference:
        raise IllegalMove("own_plea")
    decide(appeal, outcome, ruling, actor, at, REASON_LIMIT)
    tell(appeal.unit_id, "score_appeal_ruled", at, month=appeal.draft.month)
    return appeal


def may_still_plead(unit_id: int, month: str, at: dt.datetime) -> bool:
    """Whether a unit may ask for exclusions and appeal against answers of a month after the time
    for it: its objection to its line was upheld, and the close has not been requested."""
    upheld = ScoreAppeal.objects.filter(
        unit=unit_id, draft__month=month, outcome=RulingOutcome.UPHELD, ruled_at__lte=at
    )
    return upheld.filter(draft__close_request=None, draft__close=None).exists()


def takes_bonuses(stands: Month, at: dt.datetime) -> bool:
    """Points are proposed while the units can still object to them in the draft."""
    return stands.draft is None or stands.takes_appeals(at)


@transaction.atomic
def propose_bonus(
    *,
    month: str,
    unit: Unit,
    ground: str,
    points: Decimal,
    evidence: str,
    actor: Actor,
    at: dt.datetime,
) -> Bonus:
    """Propose points for solving what was hard or for acting before the complaint (F-20, R-095),
    until the units' time to object is over; the scheme caps their sum."""
    require(actor, Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR)
    check_of_district(actor, unit)
    month_lock.while_deciding()
    check_open(month, at)
    stands = reading.month(month, at=at)
    if unit not in reading.scored_units(stands.rules):
        raise RuleViolation("unit_not_scored", field="unit", unit=unit.name)
    if not takes_bonuses(stands, at):
        until = timezone.localtime(stands.appeals_until)
        raise IllegalMove("bonus_time_over", month=month, until=f"{until:%Y-%m-%d %H:%M}")
    if points <= 0 or points >= 100:
        raise RuleViolation("bonus_not_positive", field="points")
    return Bonus.objects.create(
        month=month,
        unit=unit,
        ground=ground,
        points=points,
        evidence=words(evidence, SHORT_LIMIT, _("依据"), "evidence"),
        proposed_at=at,
        proposed_by=actor.reference,
    )


@transaction.atomic
def rule_bonus(*, bonus: Bonus, outcome: str, ruling: str, actor: Actor, at: dt.datetime) -> Bonus:
    """Approve or refuse points that somebody else has proposed. Once the close is requested none
    are approved; one that was left over is refused, so that it does not hold up the close."""
    require(actor, Role.CITY_SUPERVISOR)
    month_lock.while_deciding()
    bonus = Bonus.objects.select_for_update().get(pk=bonus.pk)
    check_open(bonus.month, at)
    if bonus.outcome:
        raise IllegalMove("already_decided")
    if bonus.proposed_by == actor.reference:
        raise IllegalMove("own_proposal")
    state = reading.month(bonus.month, at=at).state
    if state == MonthState.CLOSING and outcome != RulingOutcome.REJECTED:
        raise IllegalMove("month_closing", month=bonus.month)
    decide(bonus, outcome, ruling, actor, at, SHORT_LIMIT)
    return bonus
