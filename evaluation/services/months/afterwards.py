"""What is said about a closed month: errata, and talks with its last units."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation import month_lock
from evaluation.models import Erratum, MonthClose, Talk, UnitScore
from evaluation.services.months.parts import (
    REASON_LIMIT,
    SHORT_LIMIT,
    audit,
    check_of_district,
    require,
    tell,
    tell_units,
    words,
)
from hotline.core.actors import Actor
from hotline.core.models import Role, Unit
from hotline.core.violations import IllegalMove, RuleViolation


@transaction.atomic
def publish_erratum(
    *,
    month: str,
    wrong: str,
    right: str,
    reason: str,
    unit: Unit | None = None,
    actor: Actor,
    at: dt.datetime,
) -> Erratum:
    """勘误: say beside a closed month what is wrong in it and what is right. The month stays."""
    require(actor, Role.CITY_SUPERVISOR)
    close = MonthClose.objects.filter(month=month).first()
    if close is None:
        raise RuleViolation("month_not_closed", month=month)
    month_lock.while_closing()  # two at once: their numbers follow each other
    number = Erratum.objects.filter(month=month).count() + 1
    erratum = Erratum.objects.create(
        month=month,
        number=number,
        unit=unit,
        wrong=words(wrong, SHORT_LIMIT, _("原文"), "wrong"),
        right=words(right, SHORT_LIMIT, _("更正为"), "right"),
        reason=words(reason, SHORT_LIMIT, _("原因"), "reason"),
        published_at=at,
        published_by=actor.reference,
    )
    audit("erratum_published", actor, at, month=month, number=number)
    tell_units(month, "erratum_published", at, only=unit)
    return erratum


def tell_last_units(month: str, at: dt.datetime) -> None:
    """Tell every unit at the end of a closed month's ranking that it is there and will be
    summoned (R-092)."""
    last = UnitScore.objects.filter(month=month, is_tail=True).order_by("unit_id")
    for unit_id in last.values_list("unit_id", flat=True):
        tell(unit_id, "talk_due", at, month=month)


@transaction.atomic
def record_talk(
    *,
    month: str,
    unit: Unit,
    held_on: dt.date,
    summary: str,
    undertaking: str,
    actor: Actor,
    at: dt.datetime,
) -> Talk:
    """约谈 of a unit at the end of a closed month's ranking (R-092): once, not in the future."""
    require(actor, Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR)
    check_of_district(actor, unit)
    line = UnitScore.objects.filter(month=month, unit=unit).first()
    if line is None or not line.is_tail:
        raise RuleViolation("talk_not_due", unit=unit.name, month=month)
    if held_on > timezone.localdate(at):
        raise RuleViolation("talk_in_future", field="held_on")
    try:
        with transaction.atomic():
            talk = Talk.objects.create(
                month=month,
                unit=unit,
                held_on=held_on,
                summary=words(summary, REASON_LIMIT, _("谈话内容"), "summary"),
                undertaking=words(undertaking, REASON_LIMIT, _("整改承诺"), "undertaking"),
                written_at=at,
                written_by=actor.reference,
            )
    except IntegrityError as error:
        raise IllegalMove("talk_recorded", unit=unit.name, month=month) from error
    tell(unit.pk, "talk_recorded", at, month=month)
    return talk
