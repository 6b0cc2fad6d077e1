"""剔除、不计入、申诉: a unit asks that a ticket or an answer does not count for it; another person
decides. The ticket itself goes on as if nothing had been asked (R-096)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole
from evaluation.models import (
    Appeal,
    AppealGround,
    Exclusion,
    ExclusionGround,
    ExclusionScope,
    MonthDraft,
    Outcome,
    PleaOutcome,
)
from evaluation.month_lock import while_deciding
from evaluation.pleas import answers_counted, closed_month
from evaluation.services.months.asking import may_still_plead
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, ClockKind, Unit
from hotline.core.places import units
from hotline.core.privacy.redact import extract_references
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act, one_act
from intake.models import RequestType, Ticket
from intake.services.registration import tidy

REASON_LIMIT = 500
PleaT = TypeVar("PleaT", Exclusion, Appeal)


# --- asking ----------------------------------------------------------------------------------


def ask_exclusion(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    scope: str,
    ground: str,
    reason: str,
    evidence: str,
    unit: Unit | None = None,
) -> Ticket:
    """Ask that the ticket leaves the three rates (剔除) or the volume (不计入诉求总量) of a unit
    that was given it, for a ground, with a reason and what proves it (R-096); also when another one
    has it now. Without `unit` it is asked for the lead, where the actor works for it, else for the
    actor's assisting unit.

    容错 (R-102) is for work that was done and reported, and failed all the same: it takes nothing
    out of the volume. Raises RuleViolation or IllegalMove, also once the month is closed.
    """
    with _deciding("ask_exclusion", number, actor=actor, at=at, version=version) as a:
        unit_id = _asking_unit(a, unit)
        _check_counts_for(a, unit_id)
        if scope not in ExclusionScope.values or ground not in ExclusionGround.values:
            raise RuleViolation("plea_ground_unknown", field="ground")
        if ground == ExclusionGround.TOLERATED:
            _check_tolerable(a, unit_id, scope)
        earlier = Exclusion.objects.filter(ticket=a.ticket, unit=unit_id, scope=scope)
        if earlier.filter(outcome="").exists():
            raise IllegalMove("plea_pending", number=number)
        if earlier.filter(outcome=PleaOutcome.GRANTED).exists():
            raise IllegalMove("already_excluded", number=number, scope=ExclusionScope(scope).label)
        _check_month(a, unit_id)
        _check_time(a, unit_id)
        asked = Exclusion(
            ticket=a.ticket,
            unit_id=unit_id,
            scope=scope,
            ground=ground,
            **_words(a, reason, evidence),
        )
        asked.save(force_insert=True)
        a.start(ClockKind.EXCLUSION_RULING, subject_id=asked.pk)
        a.record("exclusion_asked", unit_id=unit_id, exclusion=asked.pk, scope=scope, ground=ground)
    return a.ticket


def appeal(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    result: int,
    ground: str,
    reason: str,
    evidence: str,
    unit: Unit | None = None,
) -> Ticket:
    """Appeal against one valid answer that counts for the actor's unit (R-097), named by its id:
    about the unit, or about the lead that it helped. For a ground, with a reason and what proves
    it; once for every answer and unit, and the answer stays what it was. Without `unit` it is
    appealed for the unit the answer is about, where the actor works for it, else for the one that
    helped.

    Raises RuleViolation or IllegalMove, also once the month is closed.
    """
    with _deciding("appeal", number, actor=actor, at=at, version=version) as a:
        unit_id = _appealing_unit(a, result, unit)
        if ground not in AppealGround.values:
            raise RuleViolation("plea_ground_unknown", field="ground")
        _check_counts_for(a, unit_id)
        earlier = Appeal.objects.filter(result=result, unit=unit_id).first()
        if earlier is not None:
            raise IllegalMove("appeal_ruled" if earlier.outcome else "plea_pending", number=number)
        _check_month(a, unit_id)
        _check_time(a, unit_id)
        asked = Appeal(
            ticket=a.ticket,
            unit_id=unit_id,
            result_id=result,
            ground=ground,
            **_words(a, reason, evidence),
        )
        asked.save(force_insert=True)
        a.start(ClockKind.APPEAL_RULING, subject_id=asked.pk)
        a.record("appealed", unit_id=unit_id, appeal=asked.pk, result=result, ground=ground)
    return a.ticket


# --- deciding --------------------------------------------------------------------------------


def grant_exclusion(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    exclusion: int | None = None,
    ruling: str = "",
) -> Ticket:
    """Agree, by somebody who did not ask: the ticket no longer counts for that unit. It stays
    visible and is handled on. `exclusion` names one of several that wait."""
    with _deciding("grant_exclusion", number, actor=actor, at=at, version=version) as a:
        asked = _waiting(a, Exclusion, exclusion)
        _check_month(a, asked.unit_id)
        _rule(a, asked, PleaOutcome.GRANTED, ruling)
        a.record(
            "exclusion_granted",
            unit_id=asked.unit_id,
            exclusion=asked.pk,
            scope=asked.scope,
            ground=asked.ground,
        )
    return a.ticket


def refuse_exclusion(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    exclusion: int | None = None,
    ruling: str,
) -> Ticket:
    """Refuse, with the reason: the ticket counts. It can be asked again with better evidence."""
    with _deciding("refuse_exclusion", number, actor=actor, at=at, version=version) as a:
        asked = _waiting(a, Exclusion, exclusion)
        _rule(a, asked, PleaOutcome.REFUSED, ruling)
        a.record("exclusion_refused", unit_id=asked.unit_id, exclusion=asked.pk, scope=asked.scope)
    return a.ticket


def uphold_appeal(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    appeal: int | None = None,
    ruling: str = "",
) -> Ticket:
    """Uphold, by somebody who did not appeal: the answer is set aside for the unit. Nobody
    rewrites it, and it stays readable. `appeal` names one of several that wait."""
    with _deciding("uphold_appeal", number, actor=actor, at=at, version=version) as a:
        asked = _waiting(a, Appeal, appeal)
        _check_month(a, asked.unit_id)
        _rule(a, asked, PleaOutcome.GRANTED, ruling)
        a.record("appeal_upheld", unit_id=asked.unit_id, appeal=asked.pk, result=asked.result_id)
    return a.ticket


def reject_appeal(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    appeal: int | None = None,
    ruling: str,
) -> Ticket:
    """Reject, with the reason: the answer counts, and there is no second appeal against it."""
    with _deciding("reject_appeal", number, actor=actor, at=at, version=version) as a:
        asked = _waiting(a, Appeal, appeal)
        _rule(a, asked, PleaOutcome.REFUSED, ruling)
        a.record("appeal_rejected", unit_id=asked.unit_id, appeal=asked.pk, result=asked.result_id)
    return a.ticket


# --- what both have in common ----------------------------------------------------------------


@contextmanager
def _deciding(verb: str, number: str, **who: Any) -> Iterator[Act]:
    """One act about what counts: whoever closes a month waits for it, and it for them. Raises Busy
    when that takes too long."""
    with one_act():
        while_deciding()
        with act(verb, number, **who) as a:
            yield a


def _words(a: Act, reason: str, evidence: str) -> dict[str, Any]:
    """What is kept of a plea as it was asked; numbers of people leave the text."""
    reason = tidy(reason, REASON_LIMIT, _("理由"), "reason", required="plea_reason_required")
    evidence = tidy(evidence, REASON_LIMIT, _("证据"), "evidence", required="evidence_required")
    return {
        "reason": extract_references(reason)[0],
        "evidence": extract_references(evidence)[0],
        "raised_at": a.at,
        "raised_by": a.actor.reference,
    }


def _asking_unit(a: Act, unit: Unit | None) -> int:
    """The unit it is asked for: one of the actor's that was given the ticket to work on."""
    given = Assignment.objects.filter(ticket=a.ticket, unit_id__in=a.actor.unit_ids)
    held = list(
        given.exclude(role=AssignmentRole.SUPERVISE)
        .order_by("pk")
        .values_list("unit_id", flat=True)
    )
    if not held:
        raise IllegalMove("nothing_to_exclude", number=a.ticket.number)
    if unit is not None:
        if unit.pk not in held:
            raise RuleViolation("not_own_unit", field="unit", unit=unit.name)
        return unit.pk
    lead = a.ticket.lead_unit_id
    return lead if lead in held else held[-1]


def _appealing_unit(a: Act, result: int, unit: Unit | None) -> int:
    """The unit it is appealed for: one of the actor's for which the answer counts."""
    if unit is not None and unit.pk not in a.actor.unit_ids:
        raise RuleViolation("not_own_unit", field="unit", unit=unit.name)
    own = a.actor.unit_ids if unit is None else frozenset({unit.pk})
    counted = answers_counted(a.ticket, own, a.at)
    if not counted:
        raise IllegalMove("no_answer_to_appeal", number=a.ticket.number)
    if result not in counted:
        raise RuleViolation("answer_not_own", field="result")
    return counted[result][0]


def _check_counts_for(a: Act, unit_id: int) -> None:
    """Refuse where there is nothing that could stop to count: praise never enters the rates
    (R-003), and a unit of no group has no result."""
    if a.ticket.request_type == RequestType.PRAISE:
        raise IllegalMove("nothing_to_exclude", number=a.ticket.number)
    unit = units()[unit_id]
    if unit.group == AssessmentGroup.NONE:
        raise IllegalMove("unit_not_assessed", number=a.ticket.number, unit=unit.name)


def _check_tolerable(a: Act, unit_id: int, scope: str) -> None:
    """容错 forgives a failure in good faith: there must be something done, and reported (R-102)."""
    if scope != ExclusionScope.RATES:
        raise RuleViolation("tolerance_of_rates_only", field="scope")
    done = Assignment.objects.filter(
        ticket=a.ticket, unit_id=unit_id, replied_at__isnull=False
    ).exclude(role=AssignmentRole.SUPERVISE)
    if not done.exists():
        raise IllegalMove("tolerance_before_reply", number=a.ticket.number)


def _check_month(a: Act, unit_id: int) -> None:
    """Once every month that the ticket counts in for the unit is closed, nothing is changed any
    more; one that has not been put into a month yet can be asked about."""
    month = closed_month(a.ticket, unit_id)
    if month:
        raise IllegalMove("plea_month_closed", number=a.ticket.number, month=month)


def _check_time(a: Act, unit_id: int) -> None:
    """While the month in which the ticket counts for the unit is shown to the units, they ask until
    the time given, and longer where an objection to the unit's line was upheld; later ones could
    keep the month from ever being closed."""
    months = Outcome.objects.filter(ticket=a.ticket, unit_id=unit_id).values_list("month")
    shown = MonthDraft.objects.filter(month__in=months, appeals_until__lte=a.at, close=None)
    for over in shown.order_by("month"):
        if may_still_plead(unit_id, over.month, a.at):
            continue
        until = timezone.localtime(over.appeals_until)
        raise IllegalMove(
            "plea_time_over",
            number=a.ticket.number,
            month=over.month,
            until=f"{until:%Y-%m-%d %H:%M}",
        )


def _waiting(a: Act, model: type[PleaT], pk: int | None) -> PleaT:
    """The undecided plea that is meant. Nobody decides what they have asked for themselves."""
    waiting: Any = model._default_manager.filter(ticket=a.ticket, outcome="").order_by("pk")
    found = [plea for plea in waiting if pk is None or plea.pk == pk]
    if not found:
        raise IllegalMove("no_plea", number=a.ticket.number)
    if len(found) > 1:
        raise RuleViolation("plea_not_named", field=model._meta.model_name, n=len(found))
    plea: PleaT = found[0]
    if plea.raised_by == a.actor.reference:
        raise IllegalMove("own_plea", number=a.ticket.number)
    return plea


def _rule(a: Act, plea: Exclusion | Appeal, outcome: PleaOutcome, ruling: str) -> None:
    """Write the decision down and keep the hotline's promise to make it; a refusal says why."""
    required = "ruling_required" if outcome == PleaOutcome.REFUSED else ""
    ruling = tidy(ruling, REASON_LIMIT, _("审核意见"), "ruling", required=required)
    plea.outcome, plea.ruled_at, plea.ruled_by = outcome, a.at, a.actor.reference
    plea.ruling = extract_references(ruling)[0]
    plea.save(update_fields=["outcome", "ruled_at", "ruled_by", "ruling"])
    is_exclusion = isinstance(plea, Exclusion)
    kind = ClockKind.EXCLUSION_RULING if is_exclusion else ClockKind.APPEAL_RULING
    for clock in a.running(kind):
        if clock.subject_id == plea.pk:
            a.stop_clock(clock)
