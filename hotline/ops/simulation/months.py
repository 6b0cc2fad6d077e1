"""Assessment months: shown to the units when their facts are complete, objected to, closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from evaluation import months as reading
from evaluation import periods
from evaluation import services as evaluation
from evaluation.models import (
    Appeal,
    Bonus,
    BonusGround,
    Exclusion,
    ExclusionGround,
    ExclusionScope,
    MonthDraft,
    Outcome,
    OutcomeRole,
    PleaOutcome,
    RulingOutcome,
    ScoreAppeal,
)
from evaluation.scoring import Scored
from evaluation.services import months as services
from hotline.core.models import Role
from hotline.core.places import units
from hotline.core.working_time import ONE_DAY
from hotline.ops.simulation import pleas
from hotline.ops.simulation.hours import office_time
from hotline.ops.simulation.world import World
from intake.models import State

_BONUSES = 2
_POINTS = (Decimal("0.5"), Decimal("1.0"), Decimal("1.5"))
_MERITS = {
    BonusGround.HARD_CASE: "牵头办结一件多年未解决的疑难事项，有验收材料和诉求人确认（模拟）。",
    BonusGround.PROACTIVE: "对高发问题开展主动治理，同类诉求明显减少，有治理台账（模拟）。",
}
_OBJECTION = "本月解决率受个别工单登记有误影响，申请复核，相关工单已同时申请剔除。"
_MISTAKEN = "复核发现该工单登记的地址与实际不符，不属本单位辖区。"
_EVIDENCE = "派单记录、现场照片和地图截图（模拟），存本单位档案室。"
_UPHELD = "经复核，所列工单登记有误，予以剔除，成绩随之重新计算。"
_REJECTED = "经复核，回访记录完整，计分无误，维持原成绩。"


def last_closable(at: dt.datetime) -> periods.Period:
    """The last assessment month that can have been closed by an instant: a simulation that begins
    with it shows a whole ranking."""
    month = reading.current(at)
    # Appeals last until the midnight after their last day, and the close takes place by day.
    while month.facts_until + (month.rules.appeal_days + 2) * ONE_DAY > at:
        month = reading.month(periods.previous(month.period).label, at=at)
    return month.period


def plan_months(world: World, start: dt.datetime, end: dt.datetime) -> None:
    """Look at the months whenever the facts of one have become complete; and close what an earlier
    simulation has shown to the units."""
    world.plan("open_drafts", start, None)
    month = reading.current(start)
    while month.facts_until <= end:
        if month.facts_until > start:
            world.plan("open_drafts", month.facts_until, None)
        month = reading.month(_next(month.period), at=start)
    for draft in MonthDraft.objects.filter(close=None):
        _plan_close(world, draft, start)


def _next(period: periods.Period) -> str:
    return periods.assessment_month(period.end).label


def open_drafts(world: World, _life: None, at: dt.datetime) -> None:
    """Facts are complete: the units see the month, and a few of them object."""
    for label in services.open_due_drafts(at=at):
        draft = MonthDraft.objects.get(month=label)
        lines = reading.score(reading.month(label, at=at))
        scored = [line for line in lines if line.score is not None]
        for line in _objecting(world, scored):
            raised_at = office_time(at + world.part(draft.appeals_until - at, 0.1, 0.8), world)
            world.plan("appeal_score", raised_at, None, month=label, unit_id=line.tally.unit_id)
        for line in world.rng.sample(scored, min(_BONUSES, len(scored))):
            proposed_at = office_time(at + world.minutes(60 * 9, 60 * 48), world)
            world.plan("propose_bonus", proposed_at, None, month=label, unit_id=line.tally.unit_id)
        _plan_close(world, draft, at)


def _objecting(world: World, lines: list[Scored]) -> Iterator[Scored]:
    """Mostly those at the end of a ranking."""
    odds = world.odds
    for line in lines:
        if (odds.score_appeal_of_tail if line.is_tail else odds.score_appeal).draw():
            yield line


def _plan_close(world: World, draft: MonthDraft, at: dt.datetime) -> None:
    closed_at = office_time(max(draft.appeals_until, at), world)
    world.plan("close_month", closed_at, None, month=draft.month)


def appeal_score(world: World, _life: None, at: dt.datetime, month: str, unit_id: int) -> None:
    """The unit objects to its line and names a ticket that should not count: no score is written by
    hand, so what could change it is an exclusion."""
    number = _unsolved(month, unit_id)
    if number is None:
        return
    manager = world.people.manager(unit_id)
    evaluation.ask_exclusion(
        number=number, actor=manager, at=at, scope=ExclusionScope.RATES,
        ground=ExclusionGround.WRONG_RECORD, reason=_MISTAKEN, evidence=_EVIDENCE,
    )  # fmt: skip
    appeal = services.appeal_score(
        month=month, unit=units()[unit_id], reason=_OBJECTION, actor=manager, at=at
    )
    ruled_at = office_time(at + world.part(appeal.due_at - at, 0.1, 0.8), world)
    world.plan("rule_score_appeal", ruled_at, None, appeal=appeal.pk)


def _unsolved(month: str, unit_id: int) -> str | None:
    """A ticket that the unit leads and that counts against it, not pleaded for yet."""
    pleaded = Exclusion.objects.filter(
        unit_id=unit_id, scope=ExclusionScope.RATES, outcome__in=("", PleaOutcome.GRANTED)
    )
    rows = Outcome.objects.filter(
        month=month, unit_id=unit_id, role=OutcomeRole.LEAD, first_resolved=False, excluded="",
        ticket__lead_unit=unit_id,
    )  # fmt: skip
    rows = rows.exclude(ticket__state=State.ACCEPTED).exclude(ticket__in=pleaded.values("ticket"))
    return rows.order_by("ticket_id").values_list("number", flat=True).first()


def rule_score_appeal(world: World, _life: None, at: dt.datetime, appeal: int) -> None:
    """Upheld when the ticket it names is excluded."""
    asked = ScoreAppeal.objects.filter(pk=appeal, outcome="").first()
    if asked is None:
        return
    named = Exclusion.objects.filter(unit_id=asked.unit_id, raised_at=asked.raised_at)
    for pk in _ids(named):
        pleas.rule_exclusion(world, None, at, plea=pk)
    is_upheld = named.filter(outcome=PleaOutcome.GRANTED).exists()
    services.rule_score_appeal(
        appeal=asked,
        outcome=RulingOutcome.UPHELD if is_upheld else RulingOutcome.REJECTED,
        ruling=_UPHELD if is_upheld else _REJECTED,
        actor=world.people.one(Role.CITY_SUPERVISOR),
        at=at,
    )


def propose_bonus(world: World, _life: None, at: dt.datetime, month: str, unit_id: int) -> None:
    """One person proposes points, another decides the day after."""
    ground = world.rng.choice(list(_MERITS))
    bonus = services.propose_bonus(
        month=month, unit=units()[unit_id], ground=ground, points=world.rng.choice(_POINTS),
        evidence=_MERITS[ground], actor=world.people.one(Role.CITY_SUPERVISOR), at=at,
    )  # fmt: skip
    ruled_at = office_time(at + world.minutes(60 * 4, 60 * 30), world)
    world.plan("rule_bonus", ruled_at, None, bonus=bonus.pk)


def rule_bonus(world: World, _life: None, at: dt.datetime, bonus: int) -> None:
    asked = Bonus.objects.filter(pk=bonus, outcome="").first()
    if asked is None:
        return
    is_approved = world.odds.bonus_approved.draw()
    services.rule_bonus(
        bonus=asked,
        outcome=RulingOutcome.UPHELD if is_approved else RulingOutcome.REJECTED,
        ruling="材料属实，同意加分。" if is_approved else "成效还不稳定，下月再报。",
        actor=world.people.another(Role.CITY_SUPERVISOR, than=asked.proposed_by),
        at=at,
    )


def close_month(world: World, _life: None, at: dt.datetime, month: str) -> None:
    """Appeals are over: what is still undecided is decided, and a supervisor closes the month. If
    anything has come up meanwhile, a day later."""
    _decide_the_rest(world, at, month)
    services.settle(reading.month(month, at=at), at=at)
    if services.undecided_of(month).total:
        world.plan("close_month", office_time(at + ONE_DAY, world), None, month=month)
        return
    actor = world.people.one(Role.CITY_SUPERVISOR)
    request = services.request_close(month=month, actor=actor, at=at)
    services.close_month(month=month, by=request.asked_by, at=at)
    world.plan("open_drafts", at, None)  # the next one may have been waiting for it


def _decide_the_rest(world: World, at: dt.datetime, month: str) -> None:
    counted = Outcome.objects.filter(month=month).order_by().values("ticket_id")
    waiting = {"outcome": "", "ticket_id__in": counted}
    for pk in _ids(Exclusion.objects.filter(**waiting)):
        pleas.rule_exclusion(world, None, at, plea=pk)
    for pk in _ids(Appeal.objects.filter(**waiting)):
        pleas.rule_appeal(world, None, at, plea=pk)
    for pk in _ids(ScoreAppeal.objects.filter(outcome="", draft__month=month)):
        rule_score_appeal(world, None, at, appeal=pk)
    for pk in _ids(Bonus.objects.filter(outcome="", month=month)):
        rule_bonus(world, None, at, bonus=pk)


def _ids(waiting: QuerySet[Any]) -> list[int]:
    return list(waiting.order_by("pk").values_list("pk", flat=True))
