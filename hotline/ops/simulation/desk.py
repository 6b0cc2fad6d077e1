"""What the hotline does with a message: register, answer, tell, merge, dispatch, rule."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from dispatch import services as dispatching
from dispatch.services import Proposal
from hotline.core import limits, working_time
from hotline.core.models import ClockKind, Role
from hotline.core.working_time import TimeUnit
from hotline.ops.simulation import routing
from hotline.ops.simulation.messages import Message, invented_phone
from hotline.ops.simulation.routing import Place
from hotline.ops.simulation.world import Life, World
from intake import services as intake
from intake.models import CloseCode, Level, RequestType, Urgency

_EMERGENCY_LINES = ("110", "119", "120", "122")
_REASONS = {
    CloseCode.LEGAL_CHANNEL: "此事已进入诉讼、仲裁或行政复议，已告知诉求人按法定途径主张。",
    CloseCode.IN_PROGRESS: "与此前登记的为同一事项，没有新情况、新理由，已告知目前办理进展。",
    CloseCode.OTHER_CHANNEL: "不属于各承办单位职责，已告知可通过市场或社会渠道解决。",
    CloseCode.DISSUADED: "诉求内容不符合有关规定，已向诉求人说明规定和后果，并作劝导。",
    CloseCode.OUTSIDE_AREA: "事发地不在本市，已告知当地政务服务热线的拨打方式。",
}


def receive(
    world: World,
    message: Message,
    place: Place,
    area_code: str,
    at: dt.datetime,
    *,
    may_echo: bool,
) -> None:
    """A message comes in: on the telephone an agent types it, on the network it arrives whole.
    With `may_echo` it may turn out to be a neighbour's matter instead."""
    odds, rng = world.odds, world.rng
    channel = world.reference.channels[odds.channel.draw()]
    if channel.is_voice and odds.emergency.draw():
        intake.transfer_emergency(
            actor=world.people.one(Role.AGENT), at=at, channel=channel,
            line=rng.choice(_EMERGENCY_LINES), phone=message.phone,
        )  # fmt: skip
        return
    is_consult = message.request_type == RequestType.CONSULT
    fate = "" if is_consult else odds.fate.draw()
    echoed = None
    if fate == "echoed":
        echoed = _open_matter(world) if may_echo else None
        if echoed is None:
            fate = odds.fate.force("dispatched")
        else:
            message = replace(
                echoed.message, matter="我也反映同一件事。" + echoed.message.matter,
                phone=invented_phone(rng),
            )  # fmt: skip
            place, area_code = echoed.place, echoed.place.street
    life = _register(world, message, place, area_code, channel.code, at)
    if is_consult and odds.answered.draw():
        world.plan("answer", at + world.minutes(1, 7), life)
    elif fate == "informed":
        world.plan("inform", at + world.minutes(2, 9), life)
    elif echoed is not None:
        world.plan("merge", at + world.minutes(3, 15), life, target=echoed)
    else:
        plan_dispatch(world, life, at)


def _open_matter(world: World) -> Life | None:
    """A recent matter still in hand that a neighbour calls about, too."""
    candidates = [
        life
        for life in world.recent
        if life.state in ("dispatched", "handling") and not life.is_anonymous
    ]
    return world.rng.choice(candidates) if candidates else None


def _register(
    world: World, message: Message, place: Place, area_code: str, channel: str, at: dt.datetime
) -> Life:
    odds = world.odds
    category = world.reference.categories[message.category]
    is_report = message.request_type == RequestType.REPORT
    is_anonymous = odds.anonymous.draw()
    is_confidential = not is_anonymous and is_report and odds.confidential.draw()
    is_ordinary = (category.default_level, category.default_urgency) == (
        Level.L3, Urgency.ORDINARY,
    )  # fmt: skip
    is_request = message.request_type not in (RequestType.CONSULT, RequestType.PRAISE)
    level = Level.L4 if is_ordinary and is_request and odds.complex.draw() else ""
    client = world.people.clients.get(channel)
    ticket = intake.accept(
        actor=client or world.people.one(Role.AGENT),
        at=at,
        channel=world.reference.channels[channel],
        matter=message.matter,
        title=message.title,
        called_at=at - world.minutes(0.5, 6),
        request_type=message.request_type,
        phone="" if is_anonymous else message.phone,
        name="" if is_anonymous else message.name,
        is_anonymous=is_anonymous,
        is_confidential=is_confidential,
        # Praise is passed on; nobody is asked whether it has been solved.
        wants_callback=message.request_type != RequestType.PRAISE,
        category=category,
        level=level,
        area=world.reference.areas[area_code],
        address=message.address,
    )
    return Life(
        number=ticket.number,
        message=message,
        place=place,
        level=ticket.level,
        urgency=ticket.urgency,
        is_anonymous=is_anonymous,
        is_confidential=is_confidential,
        wants_callback=message.request_type != RequestType.PRAISE,
        client=client,
    )


def area_of(world: World, place: Place, communities: list[str]) -> tuple[Place, str]:
    """How exactly the caller names the place: the community, the street, the district only. Then
    the district is the street's stand-in (R-032)."""
    known = world.odds.known_place.draw()
    if known == "community":
        return place, world.rng.choice(communities)
    if known == "street":
        return place, place.street
    return Place(place.district, place.district), place.district


def answer(world: World, life: Life, at: dt.datetime) -> None:
    """D7: the agent reads the answer out."""
    intake.answer(
        number=life.number, actor=world.people.one(Role.AGENT), at=at, text=life.message.answer
    )
    end(life)


def inform(world: World, life: Life, at: dt.datetime) -> None:
    """D2–D6: told where to turn and why."""
    code = world.odds.inform_code.draw()
    earlier = world.recent[-1].number if world.recent else ""
    if code == CloseCode.IN_PROGRESS and not earlier:
        code = CloseCode.OTHER_CHANNEL
    intake.inform(
        number=life.number,
        actor=world.people.one(Role.AGENT),
        at=at,
        code=code,
        reason=_REASONS[code],
        earlier=earlier if code == CloseCode.IN_PROGRESS else "",
    )
    end(life)


def merge(world: World, life: Life, at: dt.datetime, target: Life) -> None:
    """The same matter goes on in the other ticket, if that is still in hand."""
    if target.state not in ("dispatched", "handling"):
        plan_dispatch(world, life, at)
        return
    intake.merge_into(
        number=life.number, actor=world.people.one(Role.AGENT), at=at, target=target.number
    )
    target.has_echoes = target.has_echoes or not life.is_anonymous
    target.is_confidential = target.is_confidential or life.is_confidential
    end(life)


def plan_dispatch(world: World, life: Life, at: dt.datetime) -> None:
    """Most orders go out while the caller is still on the line, some wait for a dispatcher."""
    limit = length(life, ClockKind.DISPATCH, at)
    if world.odds.late_dispatch.draw():
        delay = world.part(limit, 1.02, 1.4)
    elif world.rng.random() < 0.6:
        delay = min(world.minutes(3, 12), limit * 0.8)
    else:
        delay = world.part(limit, 0.05, 0.6)
    world.plan("dispatch", at + delay, life)


def dispatch(world: World, life: Life, at: dt.datetime) -> None:
    """Give it to a unit; now and then to the wrong one, or one that will object."""
    # Only a first dispatch goes wrong: the second time somebody looks twice.
    course = "right" if life.is_dispatched_before else world.odds.dispatch.draw()
    proposal = _proposal(world, life, at)
    unit, basis = proposal.unit, proposal.basis
    if course in ("returned", "recalled"):
        category = world.reference.categories[life.message.category]
        wrong = routing.mistaken(unit, category, life.place, world.reference.units, at)
        if wrong is None:
            course = "right"
        else:
            unit, basis = wrong, "按事发地（模拟）"
    role = Role.AGENT if world.rng.random() < 0.6 else Role.DISPATCHER
    actor = world.people.one(role)
    dispatching.dispatch(number=life.number, actor=actor, at=at, lead_unit=unit, basis=basis)
    life.state, life.unit_id, life.dispatched_by = "dispatched", unit.pk, actor.reference
    life.other_limit = proposal.length if unit.pk == proposal.unit.pk else None
    life.is_dispatched_before = True
    life.due_at = at + length(life, ClockKind.FEEDBACK, at)
    life.is_reported, life.ruled_at = False, None
    life.half_days.clear()
    world.recent.append(life)
    if course == "recalled":
        world.plan("recall", at + min(world.minutes(8, 40), length(life, ClockKind.SIGN, at) / 2),
                   life)  # fmt: skip
        return
    if course != "right":
        window = length(life, ClockKind.OBJECTION_WINDOW, at)
        world.plan("object", at + world.part(window, 0.1, 0.4), life, is_right=course == "returned")
    if course != "returned":
        world.plan("receive_order", at, life)
    if world.odds.withdrawn.draw():
        reach = min(life.due_at - at, dt.timedelta(days=3))
        world.plan("withdraw", at + world.part(reach, 0.1, 0.9), life)


def _proposal(world: World, life: Life, at: dt.datetime) -> Proposal:
    """What the catalogue says, at the place as exactly as the caller named it."""
    category = world.reference.categories[life.message.category]
    area = world.reference.areas[life.place.street]
    return routing.right(category, life.message.request_type, area, at)


def recall(world: World, life: Life, at: dt.datetime) -> None:
    """The dispatcher sees the own mistake."""
    dispatching.recall(
        number=life.number, actor=world.people.one(Role.DISPATCHER), at=at,
        reason="派单时选错了承办单位，收回重派。",
    )  # fmt: skip
    _wait_again(world, life, at)


def object_to(world: World, life: Life, at: dt.datetime, is_right: bool) -> None:
    """The unit says that it is not its matter; the desk will rule."""
    if life.state not in ("dispatched", "handling"):
        return
    proposed = _proposal(world, life, at).unit
    dispatching.raise_objection(
        number=life.number,
        actor=world.people.handler(life.unit_id),
        at=at,
        reason="经核实，该事项不在本单位职责范围内，建议改派。",
        basis="部门职责清单（模拟）",
        proposed_unit=proposed if is_right else None,
    )
    limit = length(life, ClockKind.RULING, at)
    life.ruled_at = at + world.part(limit, 0.1, 0.9)
    world.plan("rule", life.ruled_at, life, is_right=is_right)


def rule(world: World, life: Life, at: dt.datetime, is_right: bool) -> None:
    """Nobody rules on the own dispatch."""
    actor = world.people.another(Role.DISPATCHER, than=life.dispatched_by)
    if is_right:
        dispatching.return_to_desk(
            number=life.number, actor=actor, at=at, ruling="异议成立，改派有职责的单位。"
        )
        _wait_again(world, life, at)
    else:
        dispatching.reject_objection(
            number=life.number, actor=actor, at=at, ruling="该事项属于你单位职责，请继续办理。"
        )


def _wait_again(world: World, life: Life, at: dt.datetime) -> None:
    life.state, life.turn = "accepted", life.turn + 1
    limit = length(life, ClockKind.DISPATCH, at)
    world.plan("dispatch", at + min(world.minutes(5, 60), limit * 0.5), life)


def withdraw(world: World, life: Life, at: dt.datetime) -> None:
    """The requester calls: it has settled itself."""
    intake.withdraw(
        number=life.number,
        actor=world.people.one(Role.AGENT),
        at=at,
        is_confirmed=True,
        reason="诉求人来电表示问题已自行解决，经本人确认撤回。",
    )
    end(life)


def reopen(world: World, life: Life, at: dt.datetime) -> None:
    """The trouble is back: new facts, a new promise, the same unit."""
    intake.reopen(
        number=life.number,
        actor=world.people.one(Role.DISPATCHER),
        at=at,
        reason="诉求人来电：问题再次出现，属于新情况。",
    )
    life.state = "accepted"
    plan_dispatch(world, life, at)


def end(life: Life) -> None:
    """Nothing planned for the ticket holds any longer."""
    life.state, life.turn = "closed", life.turn + 1


def length(life: Life, kind: str, at: dt.datetime) -> dt.timedelta:
    """How long this promise may take for this ticket."""
    if kind == ClockKind.FEEDBACK and life.other_limit and life.level != Level.L1:
        amount, unit = life.other_limit
        return working_time.due(at, amount, TimeUnit(unit), limits.calendar()).at - at
    due = limits.due_for(kind, level=life.level, urgency=life.urgency, start=at)
    return due.at - at
