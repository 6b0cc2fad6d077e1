"""What a handling unit does with an order: sign, get in touch, report, reply."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dispatch import services as dispatching
from dispatch.models import ContactMethod, Solved
from hotline.core.models import ClockKind
from hotline.core.working_time import BUSINESS_ZONE
from hotline.ops.simulation.callers import plan_calls
from hotline.ops.simulation.desk import length
from hotline.ops.simulation.helping import plan_help
from hotline.ops.simulation.requesters import plan_own_answer
from hotline.ops.simulation.world import Life, World
from intake.models import Level

_SOON = dt.timedelta(minutes=2)
_DIRECT = (ContactMethod.PHONE,) * 7 + (ContactMethod.VISIT,) * 2 + (ContactMethod.MESSAGE,)
_FOUND = (
    "接到派单后，工作人员当天与诉求人取得联系，并到现场查看，{matter}的情况属实。",
    "经现场核实并向诉求人了解，关于{matter}的反映基本属实。",
    "收到诉求后，我单位安排专人负责，联系了诉求人，核对了{matter}的有关情况。",
)
_DONE = {
    Solved.YES: (
        "已于{day}完成处理，现场已恢复正常，诉求人知晓并认可；后续我单位将加强巡查，防止反弹。",
        "经协调责任方，问题已在{day}解决，已将结果电话告知诉求人，如再出现可随时与我单位联系。",
    ),
    Solved.PARTLY: (
        "目前已采取临时措施，其余部分需要责任方备料后施工，预计两周内完成，已向诉求人说明进度安排。",
        "已完成能够立即处理的部分，涉及多方的事项正在协调，下一次协调会的时间已告知诉求人。",
    ),
    Solved.NO: (
        "因涉及权属和资金问题，短期内不具备实施条件，已向诉求人说明原因和依据，并列入后续计划。",
        "双方意见差距较大，经两次调解未达成一致，已告知诉求人可通过法律途径解决。",
    ),
}
_AGAIN = "本次为第{round}次办理：负责人重新约见诉求人，逐项核对未解决的部分后再次处理。"
_REPORT = {
    Level.L1: "工作人员已到达现场，险情已控制，现场无人员受伤，正在抢修，后续情况续报。",
    Level.L4: "已现场勘查并召开专题会，明确了责任单位、实施步骤和完成时间，下一步按计划推进。",
}


def receive_order(world: World, life: Life, at: dt.datetime) -> None:
    """The order is in the inbox: when it will be signed, the requester called, the feedback given.
    Every unit gets in touch (99.9 % of those asked say so), also one that is late with the rest."""
    odds = world.odds
    sign_limit, contact_limit = (
        length(life, ClockKind.SIGN, at), length(life, ClockKind.FIRST_CONTACT, at),
    )  # fmt: skip
    is_late = odds.late_signing.draw()
    signed_at = at + world.part(sign_limit, *((1.02, 1.6) if is_late else (0.03, 0.7)))
    world.plan("sign", signed_at, life)
    contacted_at = signed_at
    if not life.is_anonymous:
        is_late = odds.late_contact.draw()
        part = world.part(contact_limit, *((1.02, 1.4) if is_late else (0.08, 0.85)))
        contacted_at = max(signed_at + _SOON, at + part)
        world.plan("contact", contacted_at, life)
    plan_feedback(world, life, at, not_before=contacted_at + _SOON)
    plan_calls(world, life, _limit_call(life))


def _limit_call(life: Life) -> dt.datetime:
    """Call-backs come when the limit expires (R-081); after a situation report in time, callers
    give the first level's final reply its day."""
    opens = life.due_at + length(life, ClockKind.CALLBACK_DELAY, life.due_at)
    return opens + dt.timedelta(days=1) if life.level == Level.L1 else opens


def plan_feedback(world: World, life: Life, at: dt.datetime, *, not_before: dt.datetime) -> None:
    """When the unit will feed back; the share of late ones is what cities measure."""
    limit = life.due_at - at
    if world.odds.late.draw():
        when = life.due_at + _lateness(world, life)
    else:
        when = at + limit * (world.rng.uniform(0.12, 0.99) ** 0.8)
        when = min(max(in_daytime(when, limit), not_before), life.due_at - _SOON)
    step = "report" if life.level in (Level.L1, Level.L4) and not life.is_reported else "reply"
    world.plan(step, max(when, not_before), life)


def _lateness(world: World, life: Life) -> dt.timedelta:
    """How late: mostly hours, sometimes days, and a few never before long (R-081)."""
    course = world.odds.lateness.draw()
    if life.level == Level.L1:
        return world.minutes(10, {"short": 60, "long": 180, "beyond": 1440}[course])
    if course == "short":
        return world.minutes(20, 60 * 14)
    if course == "long":
        return world.minutes(60 * 14, 60 * 72)
    return world.minutes(60 * 24 * 5, 60 * 24 * 20)


def in_daytime(at: dt.datetime, limit: dt.timedelta) -> dt.datetime:
    """Replies to matters of days are written by day; those of hours at any hour."""
    local = at.astimezone(BUSINESS_ZONE)
    if limit < dt.timedelta(days=1) or 8 <= local.hour < 20:
        return at
    if local.hour < 8:
        return local + dt.timedelta(hours=8 - local.hour + local.hour % 3)
    return local - dt.timedelta(hours=local.hour - 19 + local.minute % 5)


def take_up_again(world: World, life: Life, at: dt.datetime) -> None:
    """Another round: a fresh limit, and the reply itself is the feedback."""
    life.due_at = at + length(life, ClockKind.FEEDBACK, at)
    life.is_reported = True
    plan_feedback(world, life, at, not_before=at + dt.timedelta(hours=1))
    plan_calls(world, life, _limit_call(life))


def sign(world: World, life: Life, at: dt.datetime) -> None:
    if life.state != "dispatched":
        return
    dispatching.sign(number=life.number, actor=world.people.handler(life.unit_id), at=at)
    life.state = "handling"
    plan_help(world, life, at)


def contact(world: World, life: Life, at: dt.datetime) -> None:
    """The first call to the requester; on a confidential matter through the hotline's relay."""
    if life.state not in ("dispatched", "handling"):
        return
    dispatching.contact(
        number=life.number,
        actor=world.people.handler(life.unit_id),
        at=at,
        method=ContactMethod.RELAY if life.is_confidential else ContactMethod.PHONE,
    )


def report(world: World, life: Life, at: dt.datetime) -> None:
    """The feedback that is not the end: the situation (first level), the plan (fourth)."""
    if life.level == Level.L4:
        next_at = at + world.minutes(60 * 24 * 3, 60 * 24 * 12)
    else:
        next_at = at + length(life, ClockKind.FINAL_REPLY, at)
    dispatching.report(
        number=life.number,
        actor=world.people.handler(life.unit_id),
        at=at,
        text=_REPORT[Level(life.level)],
        next_at=next_at if life.level == Level.L4 else None,
        **_telling(world, life),
    )
    life.is_reported = True
    world.plan("reply", at + world.part(next_at - at, 0.2, 0.97), life)


def reply(world: World, life: Life, at: dt.datetime) -> None:
    """The requester has been told how it ended, and the hotline is told here. Not while others
    are at work on their part, or something is being decided."""
    if (busy := _busy_until(life, at)) is not None:
        world.plan("reply", busy + world.minutes(5, 60), life)
        return
    solved = world.odds.own_view.draw()
    life.is_unsolved = solved == Solved.NO
    name = world.reference.categories[life.message.category].name
    text = world.rng.choice(_FOUND).format(matter=f"“{name}”")
    if life.rounds > 1:
        text += _AGAIN.format(round=life.rounds)
    text += world.rng.choice(_DONE[solved]).format(day=f"{at.month}月{at.day}日")
    dispatching.reply(
        number=life.number,
        actor=world.people.handler(life.unit_id),
        at=at,
        text=text,
        solved=solved,
        **_telling(world, life),
    )
    life.state = "callback"
    life.replied_by.add(life.unit_id)
    if life.is_anonymous or not life.wants_callback:
        world.plan("close", at + world.minutes(60, 60 * 18), life)
    else:
        plan_calls(world, life, at + length(life, ClockKind.CALLBACK_DELAY, at))
        plan_own_answer(world, life, at)
    if life.has_open_order:
        world.plan("accept_answer", at + world.minutes(60, 60 * 10), life)


def _busy_until(life: Life, at: dt.datetime) -> dt.datetime | None:
    """Until when no reply can be given: an objection or a request for time is being decided, or
    others are still at work on their part."""
    waits = [t for t in (life.ruled_at, life.waits_until, life.helped_until) if t and at <= t]
    return max(waits, default=None)


def _telling(world: World, life: Life) -> dict[str, Any]:
    if life.is_anonymous:
        return {}
    if life.is_confidential:
        return {"told_by": ContactMethod.RELAY}
    return {"told_by": world.rng.choice(_DIRECT)}
