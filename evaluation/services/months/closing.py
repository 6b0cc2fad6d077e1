"""封账: a month becomes rows that nobody can change."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation import counting, digests, month_lock, outcomes, scoring
from evaluation import months as reading
from evaluation.models import (
    Appeal,
    Bonus,
    CloseRequest,
    Exclusion,
    FrozenOutcome,
    MonthClose,
    Outcome,
    OutcomeFacts,
    PleaOutcome,
    ScoreAppeal,
    UnitScore,
)
from evaluation.months import Before, Month
from evaluation.scoring import Scored
from evaluation.services.months.afterwards import tell_last_units
from evaluation.services.months.drafts import settle
from evaluation.services.months.parts import audit, require, tell_units
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, AuditEntry, Role, Unit
from hotline.core.violations import Busy, IllegalMove, RuleViolation
from intake.acts import is_lock_timeout

logger = logging.getLogger(__name__)


@transaction.atomic
def request_close(*, month: str, actor: Actor, at: dt.datetime) -> CloseRequest:
    """Decide that a month is to be closed; the worker does it within a minute. Refused while
    units may appeal and while anything about the month is undecided."""
    require(actor, Role.CITY_SUPERVISOR)
    stands = reading.month(month, at=at)
    _check_closable(stands, at)
    assert stands.draft is not None
    request, made = CloseRequest.objects.get_or_create(
        draft=stands.draft, defaults={"asked_at": at, "asked_by": actor.reference}
    )
    if made:
        audit("month_close_asked", actor, at, month=month)
    return request


def close_requested(*, at: dt.datetime) -> list[str]:
    """Close the months whose close was asked for; one that something new has come up for, or that
    somebody holds a lock of, is left as it is and tried again. Returns those closed."""
    closed = []
    waiting = CloseRequest.objects.filter(draft__close=None).select_related("draft")
    for request in waiting.order_by("draft__month"):
        month = request.draft.month
        try:
            stands = reading.month(month, at=at)
            _check_closable(stands, at)
            settle(stands, at=at)
            close_month(month=month, by=request.asked_by, at=at)
        except RuleViolation as refusal:
            logger.info("%s is not closed yet: %s", month, refusal.code)
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            logger.warning("%s is not closed yet: somebody holds a lock", month)
        else:
            closed.append(month)
    return closed


@transaction.atomic
def close_month(*, month: str, by: str, at: dt.datetime) -> MonthClose:
    """封账: copy the month's rows into the frozen table, write every unit's score, and put the
    digest of it all beside them. From the end of this transaction the database refuses any change.

    Its tickets have been settled before; decisions made until `at` count, one made later than `at`
    is refused from here on. Raises RuleViolation while something is undecided.
    """
    month_lock.while_closing()
    stands = reading.month(month, at=at)
    _check_closable(stands, at)
    if _decided_after(month, at):
        raise Busy
    assert stands.draft is not None
    # What was decided since its tickets were settled may not have reached their rows yet.
    outcomes.rebuild(_decided_tickets(month), at=at)
    count = _freeze(month)
    listed = reading.roster(stands)
    lines = score_lines(stands, FrozenOutcome, listed, reading.before(month), until=at)
    UnitScore.objects.bulk_create(lines, batch_size=1000)
    close = MonthClose.objects.create(
        month=month,
        draft=stands.draft,
        closed_at=at,
        closed_by=by,
        outcome_count=count,
        scoring_version=scoring.VERSION,
        digest=month_digest(stands, at, scoring.VERSION, lines),
    )
    AuditEntry.objects.create(
        at=at,
        action="month_closed",
        actor=by,
        data={
            "month": month,
            "digest": close.digest,
            "roster": [[unit.pk, unit.code, unit.group] for unit in listed],
        },
    )
    tell_units(month, "month_closed", at)
    tell_last_units(month, at)
    return close


def roster_at_close(stands: Month) -> list[Unit]:
    """Whom a closed month scored, with their codes and groups of then: as the close itself put
    it on record, so that it does not depend on what was published."""
    assert stands.close is not None
    entry = AuditEntry.objects.filter(
        at=stands.close.closed_at, action="month_closed", data__month=stands.label
    ).first()
    listed = entry.data.get("roster") if entry else None
    return reading.units_then(listed) if listed is not None else reading.roster(stands)


def _check_closable(stands: Month, at: dt.datetime) -> None:
    if stands.draft is None or stands.is_closed:
        raise IllegalMove("month_not_draft", month=stands.label, state=stands.state_label)
    if at < stands.appeals_until:
        until = timezone.localtime(stands.appeals_until)
        raise IllegalMove("month_appeals_run", month=stands.label, until=f"{until:%Y-%m-%d %H:%M}")
    undecided = undecided_of(stands.label)
    if undecided.total:
        raise IllegalMove("month_undecided", month=stands.label, n=undecided.total)


@dataclass(frozen=True)
class Undecided:
    """What still waits for a decision about a month."""

    exclusions: int
    appeals: int
    score_appeals: int
    bonuses: int

    @property
    def total(self) -> int:
        return self.exclusions + self.appeals + self.score_appeals + self.bonuses


def undecided_of(month: str) -> Undecided:
    """What must be decided before the month can be closed."""
    return Undecided(
        exclusions=_of_month(Exclusion, month).filter(outcome="").count(),
        appeals=_of_month(Appeal, month).filter(outcome="").count(),
        score_appeals=ScoreAppeal.objects.filter(outcome="", draft__month=month).count(),
        bonuses=Bonus.objects.filter(outcome="", month=month).count(),
    )


def why_waiting(month: str, at: dt.datetime) -> list[tuple[str, int]]:
    """What a month that is to be closed waits for, in words, and how many of each: nothing for a
    closed one, and for one that the worker will close within a minute."""
    if reading.month(month, at=at).is_closed:
        return []
    undecided = undecided_of(month)
    told = [
        (_("剔除、不计入申请"), undecided.exclusions),
        (_("回访评价申诉"), undecided.appeals),
        (_("月度成绩申诉"), undecided.score_appeals),
        (_("加分"), undecided.bonuses),
    ]
    return [(what, count) for what, count in told if count]


def _of_month(model: type[Exclusion] | type[Appeal], month: str) -> QuerySet[Any]:
    """The pleas that touch the month: the unit that pleads has the ticket in it."""
    rows = Outcome.objects.filter(
        month=month, ticket_id=OuterRef("ticket_id"), unit_id=OuterRef("unit_id")
    )
    return model._default_manager.filter(Exists(rows))


def _decided_after(month: str, at: dt.datetime) -> bool:
    """Whether a decision has come between: it would be neither counted nor refused."""
    return any(
        found.filter(ruled_at__gt=at).exists()
        for found in (
            _of_month(Exclusion, month),
            _of_month(Appeal, month),
            Bonus.objects.filter(month=month),
        )
    )


def _decided_tickets(month: str) -> set[int]:
    """The month's tickets about which anything was granted."""
    return {
        ticket_id
        for model in (Exclusion, Appeal)
        for ticket_id in _of_month(model, month)
        .filter(outcome=PleaOutcome.GRANTED)
        .values_list("ticket_id", flat=True)
    }


def _freeze(month: str) -> int:
    columns = ", ".join(connection.ops.quote_name(column) for column in digests.columns())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO evaluation_frozenoutcome ({columns})"  # noqa: S608
            f" SELECT {columns} FROM evaluation_outcome WHERE month = %s ORDER BY unit_id, number",
            [month],
        )
        return cursor.rowcount


def score_lines(
    stands: Month,
    model: type[OutcomeFacts],
    listed: Iterable[Unit],
    earlier: Before,
    *,
    until: dt.datetime,
) -> list[UnitScore]:
    """Every unit's line, as it is published: made of the month's rows in the running or the frozen
    table and of what was decided until then."""
    listed = list(listed)
    inputs = input_digests(model, stands, listed, until)
    codes = {unit.pk: unit.code for unit in listed}
    lines = [
        unit_score(stands, scored, inputs)
        for scored in reading.score(
            stands,
            counted=counting.tallies(counting.rows_of(model, stands.label), stands.rules, listed),
            earlier=earlier,
            until=until,
        )
    ]
    for line in lines:
        line.code = codes[line.unit_id]
    return lines


def input_digests(
    model: type[OutcomeFacts], stands: Month, listed: Iterable[Unit], at: dt.datetime
) -> dict[int, str]:
    """Per unit: its rows, the scheme and its bonuses."""
    rows = digests.unit_digests(model, stands.label)
    points = reading.bonuses(stands.label, until=at)
    rules = stands.rules.as_json()
    return {
        unit.pk: digests.of(rows.get(unit.pk, ""), rules, str(points.get(unit.pk, 0)))
        for unit in listed
    }


def unit_score(stands: Month, scored: Scored, unit_digests: dict[int, str]) -> UnitScore:
    """A result as it is published, but for the unit's code."""
    tally = scored.tally
    counts = tally.counts
    return UnitScore(
        month=stands.label,
        unit_id=tally.unit_id,
        group=tally.group,
        band=scored.band,
        scheme=stands.scheme,
        volume=tally.volume,
        due=tally.due,
        valid=counts.valid,
        contacted=counts.contacted,
        resolved=counts.resolved,
        satisfied=counts.satisfied,
        basically=counts.basically_satisfied,
        excluded=tally.excluded,
        not_counted=tally.not_counted,
        set_aside=tally.set_aside,
        on_ledger=tally.on_ledger,
        repeats=tally.repeats,
        response=_percent(scored.response),
        resolution=_percent(scored.resolution),
        satisfaction=_percent(scored.satisfaction),
        coverage=_percent(scored.coverage),
        base_score=_points(scored.base),
        bonus=scored.bonus,
        score=scored.score,
        low=_points(scored.low),
        high=_points(scored.high),
        rank=scored.rank,
        previous_rank=scored.previous_rank,
        rank_band=scored.rank_band,
        mark=scored.mark,
        is_tail=scored.is_tail,
        unit_class=scored.unit_class,
        is_published=tally.group != AssessmentGroup.SECOND_RECEIVER,
        digest=unit_digests[tally.unit_id],
    )


def _percent(rate: Any) -> Decimal | None:
    return None if rate is None else _points(100 * rate)


def _points(value: Any) -> Decimal | None:
    """Two decimals, half up; an interval's end may lie below nothing."""
    if value is None:
        return None
    return Decimal((value * 100 + Fraction(1, 2)).__floor__()).scaleb(-2)


def month_digest(
    stands: Month, closed_at: dt.datetime, version: int, lines: Iterable[UnitScore]
) -> str:
    """Over the scheme, the instants, the version of the code that scored, and all that every
    unit's line publishes, its inputs' digest with it."""
    assert stands.draft is not None
    head = {
        "month": stands.label,
        "scoring": version,
        "rules": stands.rules.as_json(),
        "facts_until": stands.draft.facts_until.astimezone(dt.UTC).isoformat(),
        "closed_at": closed_at.astimezone(dt.UTC).isoformat(),
    }
    return digests.of_month(head, lines)
