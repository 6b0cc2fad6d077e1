"""Units that help each other, and units that ask for time: parts handed down and across, facts
wanted from the requester, more time, the ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dispatch import services as dispatching
from dispatch.models import AssignmentRole, HoldKind
from dispatch.services.duties import duty_of
from hotline.core.models import ClockKind, Role, Unit, UnitKind
from hotline.ops.simulation.callers import plan_calls
from hotline.ops.simulation.desk import length
from hotline.ops.simulation.routing import right
from hotline.ops.simulation.world import Life, World
from intake.models import Clock, Level

_ASKED = {
    AssignmentRole.DELEGATE: "请入户核实情况，听取诉求人意见，并配合做好解释。",
    AssignmentRole.COOPERATE: "请按职责到场核查，并将处理意见反馈主办单位。",
}
_DONE = "已到现场核查，情况与反映一致，已按职责处理并将结果告知主办单位。"
_LATE = "现场无人，约定次日再次上门，故未能按时反馈。"


def plan_help(world: World, life: Life, at: dt.datetime) -> None:
    """After signing: sometimes others are needed, sometimes facts or time. Each at most once, and
    only where there are days to spare."""
    if life.level not in (Level.L3, Level.L4) or life.due_at - at < dt.timedelta(hours=20):
        return
    course = world.odds.help.draw()
    if course == "none" or (course == "ask_facts" and life.is_anonymous):
        return
    world.plan(course, at + world.part(life.due_at - at, 0.05, 0.25), life)


def delegate(world: World, life: Life, at: dt.datetime) -> None:
    """A street has its community look at it, where the community's list has the matter."""
    lead = _lead(world, life)
    category = world.reference.categories[life.message.category]
    below = [
        unit
        for unit in world.reference.units.values()
        if unit.parent_id == lead.pk
        and unit.kind == UnitKind.COMMUNITY
        and (duty := duty_of(unit, category.pk, at.date())) is not None
        and duty.allows(AssignmentRole.DELEGATE)
    ]
    if below and _is_free(life):
        _ask(world, life, at, world.rng.choice(below), AssignmentRole.DELEGATE)


def cooperate(world: World, life: Life, at: dt.datetime) -> None:
    """The lead asks the unit that the catalogue names beside it."""
    category = world.reference.categories[life.message.category]
    area = world.reference.areas[life.place.street]
    helpers = right(category, life.message.request_type, area, at).cooperators
    # A community's part is handed down by its street.
    others = [u for u in helpers if u.pk != life.unit_id and u.kind != UnitKind.COMMUNITY]
    if others and _is_free(life):
        _ask(world, life, at, others[0], AssignmentRole.COOPERATE)


def _ask(world: World, life: Life, at: dt.datetime, unit: Unit, role: AssignmentRole) -> None:
    is_down = role == AssignmentRole.DELEGATE
    service = dispatching.delegate if is_down else dispatching.ask_cooperation
    service(number=life.number, actor=world.people.handler(life.unit_id), at=at, unit=unit,
            task=_ASKED[role])  # fmt: skip
    due_at = Clock.objects.running().get(
        ticket__number=life.number, unit=unit,
        kind=ClockKind.DELEGATION if is_down else ClockKind.COOPERATION,
    ).due_at  # fmt: skip
    is_late = world.odds.late_help.draw()
    signed_at = at + world.part(due_at - at, 0.02, 0.3)
    world.plan("sign_part", signed_at, life, unit=unit.pk)
    done_at = (
        due_at + world.minutes(60, 60 * 20) if is_late
        else signed_at + world.part(due_at - signed_at, 0.1, 0.9)
    )  # fmt: skip
    world.plan("hand_in", done_at, life, unit=unit.pk, is_late=is_late)
    life.helped_until = done_at


def sign_part(world: World, life: Life, at: dt.datetime, unit: int) -> None:
    if _is_in_hand(life):
        dispatching.sign_part(number=life.number, actor=world.people.handler(unit), at=at)


def hand_in(world: World, life: Life, at: dt.datetime, unit: int, is_late: bool) -> None:
    """What came of it; late with the reason (R-051)."""
    if _is_in_hand(life):
        dispatching.hand_in(
            number=life.number, actor=world.people.handler(unit), at=at, text=_DONE,
            late_reason=_LATE if is_late else "",
        )  # fmt: skip


def ask_facts(world: World, life: Life, at: dt.datetime) -> None:
    if not _is_free(life):
        return
    dispatching.ask_facts(
        number=life.number, actor=world.people.handler(life.unit_id), at=at,
        question="请补充具体门牌号和方便上门的时间。",
    )  # fmt: skip
    life.waits_until = at + world.minutes(60, 60 * 40)
    world.plan("get_facts", life.waits_until, life, asked_at=at)


def get_facts(world: World, life: Life, at: dt.datetime, asked_at: dt.datetime) -> None:
    if _is_in_hand(life):
        dispatching.facts_received(
            number=life.number, actor=world.people.one(Role.AGENT), at=at,
            answer="诉求人补充：三单元门口，工作日晚上六点以后在家。",
        )  # fmt: skip
        _put_off(world, life, at - asked_at)


def ask_extension(world: World, life: Life, at: dt.datetime) -> None:
    if not _is_free(life):
        return
    dispatching.ask_extension(
        number=life.number, actor=world.people.handler(life.unit_id), at=at, amount=3,
        ground="third_party", reason="配件需厂家供货，预计三天内到货。", **telling(life),
    )  # fmt: skip
    life.waits_until = at + world.minutes(20, 200)
    world.plan("decide_extension", life.waits_until, life, asked_at=at)


def decide_extension(world: World, life: Life, at: dt.datetime, asked_at: dt.datetime) -> None:
    """Two of three are granted."""
    if not _is_in_hand(life):
        return
    actor = world.people.one(Role.DISPATCHER)
    if world.odds.granted.draw():
        dispatching.grant_extension(number=life.number, actor=actor, at=at)
        _put_off(world, life, at - asked_at + dt.timedelta(days=3))
    else:
        dispatching.refuse_extension(
            number=life.number, actor=actor, at=at, decision="可先采取临时措施，请按期办理。"
        )
        _put_off(world, life, at - asked_at)


def ask_hold(world: World, life: Life, at: dt.datetime) -> None:
    """Nothing can be done for now: the ledger, with a plan and a date."""
    if not _is_free(life):
        return
    dispatching.hold(
        number=life.number, actor=world.people.handler(life.unit_id), at=at,
        kind=HoldKind.ENGINEERING, plan="已列入年度改造计划，待立项批复后组织施工。",
        review_at=at + dt.timedelta(days=25), **telling(life),
    )  # fmt: skip
    life.waits_until = at + world.minutes(60, 60 * 20)
    world.plan("approve_hold", life.waits_until, life)


def approve_hold(world: World, life: Life, at: dt.datetime) -> None:
    """On the ledger the ticket stays as it is, beyond the days that are simulated."""
    if _is_in_hand(life):
        dispatching.approve_hold(
            number=life.number, actor=world.people.one(Role.CITY_SUPERVISOR), at=at
        )
        life.turn += 1


def telling(life: Life) -> dict[str, Any]:
    """How the requester was told; an anonymous one cannot be."""
    if life.is_anonymous:
        return {}
    return {"told_by": "relay" if life.is_confidential else "phone"}


def _put_off(world: World, life: Life, by: dt.timedelta) -> None:
    """The limit has moved; the call-back, which comes when it expires, with it."""
    life.due_at += by
    plan_calls(world, life, life.due_at + length(life, ClockKind.CALLBACK_DELAY, life.due_at))


def _lead(world: World, life: Life) -> Unit:
    return next(u for u in world.reference.units.values() if u.pk == life.unit_id)


def _is_in_hand(life: Life) -> bool:
    return life.state == "handling"


def _is_free(life: Life) -> bool:
    """In hand, and no objection is being decided."""
    return _is_in_hand(life) and life.ruled_at is None
