"""封账: a month becomes rows that nobody can change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from evaluation import digests, month_lock, outcomes, scoring
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
from evaluation.months import Month
from evaluation.scoring import Scored
from evaluation.services.months.drafts import settle
from evaluation.services.months.parts import audit, require, tell_units
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, AuditEntry, Role
from hotline.core.places import units
from hotline.core.violations import Busy, IllegalMove, RuleViolation


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
    """Close the months whose close was asked for; a month that something new has come up for is
    left as it is and tried again. Returns those closed."""
    closed = []
    waiting = CloseRequest.objects.filter(draft__close=None).select_related("draft")
    for request in waiting.order_by("draft__month"):
        stands = reading.month(request.draft.month, at=at)
        settle(stands, at=at)
        try:
            close_month(month=request.draft.month, by=request.asked_by, at=at)
        except (RuleViolation, Busy):
            continue
        closed.append(request.draft.month)
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
    results = reading.score(stands, counted=FrozenOutcome.objects.filter(month=month), until=at)
    unit_digests = input_digests(FrozenOutcome, stands, at)
    lines = _score_lines(stands, results, unit_digests)
    UnitScore.objects.bulk_create(lines, batch_size=1000)
    close = MonthClose.objects.create(
        month=month,
        draft=stands.draft,
        closed_at=at,
        closed_by=by,
        outcome_count=count,
        scoring_version=scoring.VERSION,
        digest=month_digest(stands, at, lines),
    )
    AuditEntry.objects.create(
        at=at, action="month_closed", actor=by, data={"month": month, "digest": close.digest}
    )
    tell_units(month, "month_closed", at)
    return close


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
    tickets = Outcome.objects.filter(month=month).order_by().values("ticket_id")
    return Undecided(
        exclusions=Exclusion.objects.filter(outcome="", ticket_id__in=tickets).count(),
        appeals=Appeal.objects.filter(outcome="", ticket_id__in=tickets).count(),
        score_appeals=ScoreAppeal.objects.filter(outcome="", draft__month=month).count(),
        bonuses=Bonus.objects.filter(outcome="", month=month).count(),
    )


def _decided_after(month: str, at: dt.datetime) -> bool:
    """Whether a decision has come between: it would be neither counted nor refused."""
    tickets = Outcome.objects.filter(month=month).order_by().values("ticket_id")
    later: dict[str, Any] = {"ruled_at__gt": at}
    return (
        Exclusion.objects.filter(ticket_id__in=tickets, **later).exists()
        or Appeal.objects.filter(ticket_id__in=tickets, **later).exists()
        or Bonus.objects.filter(month=month, **later).exists()
    )


def _decided_tickets(month: str) -> set[int]:
    """The month's tickets about which anything was granted."""
    tickets = Outcome.objects.filter(month=month).order_by().values("ticket_id")
    granted = {"outcome": PleaOutcome.GRANTED, "ticket_id__in": tickets}
    return {
        ticket_id
        for pleas in (Exclusion, Appeal)
        for ticket_id in pleas._default_manager.filter(**granted).values_list(
            "ticket_id", flat=True
        )
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


def input_digests(model: type[OutcomeFacts], stands: Month, at: dt.datetime) -> dict[int, str]:
    """Per unit: its rows, the scheme and its bonuses."""
    rows = digests.unit_digests(model, stands.label)
    points = reading.bonuses(stands.label, until=at)
    rules = stands.rules.as_json()
    return {
        unit.pk: digests.of(rows.get(unit.pk, ""), rules, str(points.get(unit.pk, 0)))
        for unit in reading.scored_units(stands.rules)
    }


def _score_lines(
    stands: Month, results: Iterable[Scored], unit_digests: dict[int, str]
) -> list[UnitScore]:
    earlier = reading.before(stands.label)
    return [
        unit_score(stands, scored, earlier.ranks.get(scored.tally.unit_id), unit_digests)
        for scored in results
    ]


def unit_score(
    stands: Month, scored: Scored, previous_rank: int | None, unit_digests: dict[int, str]
) -> UnitScore:
    """A result as it is published."""
    tally = scored.tally
    counts = tally.counts
    return UnitScore(
        month=stands.label,
        unit_id=tally.unit_id,
        code=units()[tally.unit_id].code,
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
        previous_rank=previous_rank,
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


def month_digest(stands: Month, closed_at: dt.datetime, lines: Iterable[UnitScore]) -> str:
    """Over the scheme, the instants and every unit's inputs, score, rank and class."""
    assert stands.draft is not None
    head = {
        "month": stands.label,
        "rules": stands.rules.as_json(),
        "facts_until": stands.draft.facts_until.astimezone(dt.UTC).isoformat(),
        "closed_at": closed_at.astimezone(dt.UTC).isoformat(),
    }
    known = units()
    told = sorted(
        [
            known[line.unit_id].code, line.digest, str(line.score), str(line.rank),
            str(line.rank_band), line.mark, line.is_tail, line.unit_class,
        ]
        for line in lines
    )  # fmt: skip
    return digests.of_month(head, told)
