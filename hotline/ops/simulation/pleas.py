"""What units ask about their own results, and what another person decides: 剔除, 不计入, 申诉."""

from __future__ import annotations

import datetime as dt

from evaluation import services as evaluation
from evaluation.models import (
    Appeal,
    AppealGround,
    CallbackResult,
    Exclusion,
    ExclusionGround,
    ExclusionScope,
    MonthDraft,
    Outcome,
    PleaOutcome,
)
from hotline.core.models import ClockKind, Role
from hotline.core.working_time import ONE_DAY
from hotline.ops.simulation.desk import length
from hotline.ops.simulation.hours import office_time
from hotline.ops.simulation.world import Life, World

_EXCLUDE = {
    ExclusionGround.UNREASONABLE: "诉求人要求超出政策规定的补偿，已两次上门解释，有沟通记录。",
    ExclusionGround.BEYOND_DUTY: "该事项需上位规定调整，本单位没有处置权限，已告知诉求人。",
    ExclusionGround.LEGAL_CHANNEL: "双方已就同一事项提起诉讼，法院已立案。",
    ExclusionGround.FORCE_MAJEURE: "连续暴雨，施工单位依预警停工，恢复后已安排。",
    ExclusionGround.WRONG_RECORD: "登记的地址与实际不符，到场两次均无此户。",
    ExclusionGround.MALICIOUS: "同一号码当月反复反映不存在的情况，现场核查均不属实。",
    ExclusionGround.TOLERATED: "已按方案试点新做法，过程尽职，效果未达预期，正在改进。",
}
_APPEAL = {
    AppealGround.NOT_ASKED: "诉求人表示当天没有接到完整的三项询问。",
    AppealGround.OTHER_MATTER: "诉求人不满意的是另一件尚在办理的事项。",
    AppealGround.OTHER_UNIT: "诉求人评价的是其他单位的办理，本单位部分已完成。",
    AppealGround.CONTRADICTED: "现场照片和验收单显示问题已经解决。",
}
_EVIDENCE = "办理台账、现场照片和通话记录（模拟），存本单位档案室。"
_AGREED = "材料齐全，情况属实，同意。"
_REFUSED = "现有材料不足以证明，维持原结果，请继续办理。"


def plan_plea(world: World, life: Life, at: dt.datetime) -> None:
    """An answer went against the unit, which may ask within days that it does not count. What the
    ticket becomes meanwhile is no matter."""
    if not world.people.is_assessed(life.unit_id):
        return
    course = world.odds.plea.draw()
    if course == "none":
        return
    asked_at = office_time(at + world.minutes(60 * 3, 60 * 24 * 4), world)
    if course == "appeal":
        world.plan("appeal", asked_at, None, of=life, unit_id=life.unit_id)
        return
    scope, ground = world.odds.exclusion.draw()
    world.plan(
        "ask_exclusion", asked_at, None, of=life, unit_id=life.unit_id, scope=scope, ground=ground
    )  # fmt: skip


def ask_exclusion(
    world: World,
    _life: None,
    at: dt.datetime,
    of: Life,
    unit_id: int,
    scope: ExclusionScope,
    ground: ExclusionGround,
) -> None:
    own = Exclusion.objects.filter(ticket__number=of.number, unit_id=unit_id, scope=scope)
    if own.exclude(outcome=PleaOutcome.REFUSED).exists() or not _may_plead(of, unit_id, at):
        return
    if ground == ExclusionGround.TOLERATED and unit_id not in of.replied_by:
        ground = ExclusionGround.BEYOND_DUTY  # 容错 is for work that was done
    evaluation.ask_exclusion(
        number=of.number, actor=world.people.handler(unit_id), at=at, scope=scope, ground=ground,
        reason=_EXCLUDE[ground], evidence=_EVIDENCE,
    )  # fmt: skip
    ruled_at = _ruled_at(world, of, ClockKind.EXCLUSION_RULING, at)
    world.plan("rule_exclusion", ruled_at, None, plea=own.get(outcome="").pk)


def appeal(world: World, _life: None, at: dt.datetime, of: Life, unit_id: int) -> None:
    """Against the first answer about the unit; one that it may not read it cannot appeal."""
    first = CallbackResult.objects.filter(
        ticket__number=of.number, unit_id=unit_id, is_first=True, is_withheld=False
    ).first()
    if first is None or not _may_plead(of, unit_id, at):
        return
    ground = world.odds.appeal_ground.draw()
    evaluation.appeal(
        number=of.number, actor=world.people.handler(unit_id), at=at, result=first.pk,
        ground=ground, reason=_APPEAL[ground], evidence=_EVIDENCE,
    )  # fmt: skip
    asked = Appeal.objects.get(result=first, unit_id=unit_id)
    ruled_at = _ruled_at(world, of, ClockKind.APPEAL_RULING, at)
    world.plan("rule_appeal", ruled_at, None, plea=asked.pk)


def _may_plead(of: Life, unit_id: int, at: dt.datetime) -> bool:
    """The unit still has the ticket, and the time to plead about its month is not over."""
    if of.unit_id != unit_id or of.state == "accepted":
        return False
    months = Outcome.objects.filter(ticket__number=of.number, unit_id=unit_id).values("month")
    return not MonthDraft.objects.filter(month__in=months, appeals_until__lte=at).exists()


def _ruled_at(world: World, of: Life, kind: ClockKind, at: dt.datetime) -> dt.datetime:
    """Within the limit; a few come late."""
    limit = length(of, kind, at)
    if world.odds.late_plea_ruling.draw():
        return office_time(at + limit + world.minutes(60, 60 * 30), world)
    return office_time(at + world.part(limit - ONE_DAY, 0.05, 0.9), world)


def rule_exclusion(world: World, _life: None, at: dt.datetime, plea: int) -> None:
    """By the city's supervisor, unless somebody who was to close the month did it before."""
    asked = Exclusion.objects.select_related("ticket").filter(pk=plea, outcome="").first()
    if asked is None:
        return
    actor, number = world.people.one(Role.CITY_SUPERVISOR), asked.ticket.number
    if world.odds.exclusion_granted.draw():
        evaluation.grant_exclusion(
            number=number, actor=actor, at=at, exclusion=plea, ruling=_AGREED
        )
    else:
        evaluation.refuse_exclusion(
            number=number, actor=actor, at=at, exclusion=plea, ruling=_REFUSED
        )


def rule_appeal(world: World, _life: None, at: dt.datetime, plea: int) -> None:
    asked = Appeal.objects.select_related("ticket").filter(pk=plea, outcome="").first()
    if asked is None:
        return
    actor, number = world.people.one(Role.CITY_SUPERVISOR), asked.ticket.number
    if world.odds.appeal_upheld.draw():
        evaluation.uphold_appeal(number=number, actor=actor, at=at, appeal=plea, ruling=_AGREED)
    else:
        evaluation.reject_appeal(number=number, actor=actor, at=at, appeal=plea, ruling=_REFUSED)
