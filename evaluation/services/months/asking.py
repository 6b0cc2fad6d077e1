"""What units ask of a draft month, and the points that are added to it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from evaluation import month_lock
from evaluation import months as reading
from evaluation.models import Bonus, ScoreAppeal
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


def appeal_score(
    *, month: str, unit: Unit, reason: str, actor: Actor, at: dt.datetime
) -> ScoreAppeal:
    """A unit objects to its line in a draft month, with a reason; one at a time. It is ruled
    within a limit, and the month is not closed before."""
    if not actor.has(Role.MANAGER) or not actor.handles(unit.pk):
        raise NotPermitted
    stands = reading.month(month, at=at)
    if not stands.takes_appeals(at) or stands.draft is None:
        raise IllegalMove("month_takes_no_appeals", month=month, state=stands.state_label)
    with transaction.atomic():
        month_lock.while_deciding()
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
    """Decide it, with reasons. What an upheld appeal changes is done by the act that can change it
    (an exclusion, a bonus): no score is ever written by hand."""
    require(actor, Role.CITY_SUPERVISOR)
    month_lock.while_deciding()
    appeal = ScoreAppeal.objects.select_for_update().get(pk=appeal.pk)
    check_open(appeal.draft.month, at)
    if appeal.outcome:
        raise IllegalMove("already_decided")
    decide(appeal, outcome, ruling, actor, at, REASON_LIMIT)
    tell(appeal.unit_id, "score_appeal_ruled", at, month=appeal.draft.month)
    return appeal


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
    """Propose points for solving what was hard or for acting before the complaint (F-20, R-095);
    the scheme caps their sum."""
    require(actor, Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR)
    if unit not in reading.scored_units(reading.month(month, at=at).rules):
        raise RuleViolation("unit_not_scored", field="unit", unit=unit.name)
    check_of_district(actor, unit)
    check_open(month, at)
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
    """Approve or refuse points that somebody else has proposed."""
    require(actor, Role.CITY_SUPERVISOR)
    month_lock.while_deciding()
    bonus = Bonus.objects.select_for_update().get(pk=bonus.pk)
    check_open(bonus.month, at)
    if bonus.outcome:
        raise IllegalMove("already_decided")
    if bonus.proposed_by == actor.reference:
        raise IllegalMove("own_proposal")
    decide(bonus, outcome, ruling, actor, at, SHORT_LIMIT)
    return bonus
