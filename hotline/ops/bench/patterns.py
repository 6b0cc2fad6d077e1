"""Some hundred tickets that came about through the services, at times of the past two months.

They are the patterns from which the bench multiplies its bulk: whatever an act writes today, the
copies have, and nothing here needs to know what that is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from dispatch import services as dispatching
from dispatch.models import AssignmentRole
from dispatch.services.duties import duty_of
from evaluation import services as evaluation
from hotline.core.actors import Actor
from hotline.core.models import Area, Channel, Unit
from hotline.core.outbox import deliver_all
from hotline.core.partitions import ensure_months
from hotline.core.working_time import BUSINESS_ZONE
from intake import services as intake
from intake.models import RequestType, Ticket
from knowledge.models import Category

DAYS = 60
# Two of five matters are dispatched in a real city; the others are answered on the spot.
OF_FIVE_DISPATCHED = 2
# One dispatched matter in so many is left lying by its unit, and is open and late for weeks.
ONE_LEFT_LYING_IN = 16
# The demo street: the unit whose inbox the bench opens. It leads one dispatched matter in so many.
BUSY_UNIT = "990101001"
ONE_FOR_THE_BUSY_UNIT_IN = 10

_MATTERS = (
    "小区东门外的路灯坏了三天，晚上出门看不清路，老人孩子走着不放心，请尽快派人修好。",
    "楼下餐馆的排烟口正对居民窗户，每天中午和晚上油烟很大，跟店家说过几次都没有改，希望核实处理。",
    "暖气从上周起就不热，室内只有十五度，家里有两个月大的孩子，报修电话一直占线，请帮忙协调。",
    "路口的井盖松动，车一压就响，夜里影响休息，也担心骑车的人摔倒，请安排更换。",
    "小区门口每天早上都有流动摊贩占道，送孩子上学的车过不去，希望有人管一管。",
)
_ANSWER = "已当场答复：办理时间为工作日九点至十七点，需携带本人身份证件，可先在网上预约。"
_REPLY = "已派人到现场核实，与诉求人电话沟通后完成处理，诉求人表示知晓，后续由社区继续跟进。"


def leading_units() -> tuple[Unit, ...]:
    """Everybody that orders go to."""
    return tuple(Unit.objects.can_lead(timezone.localdate()).order_by("code"))


def ordinary_classes() -> tuple[Category, ...]:
    """The ordinary third level: seven days, as most matters have."""
    found = Category.objects.filter(depth=3, default_level="L3", default_urgency="ordinary")
    return tuple(found.order_by("code"))


def street_classes(street: Unit) -> tuple[Category, ...]:
    """What of these the duty list lets a street lead."""
    on = timezone.localdate()
    return tuple(
        category
        for category in ordinary_classes()
        if (duty := duty_of(street, category.pk, on)) is None or duty.allows(AssignmentRole.LEAD)
    )


@dataclass(frozen=True)
class City:
    """What the patterns draw from, read once."""

    channels: tuple[Channel, ...]
    streets: tuple[Area, ...]
    busy: Unit
    categories: tuple[Category, ...]
    of_streets: tuple[Category, ...]

    @classmethod
    def here(cls) -> City:
        busy = Unit.objects.select_related("area").get(code=BUSY_UNIT)
        return cls(
            channels=tuple(Channel.objects.order_by("code")[:5]),
            streets=tuple(Area.objects.filter(kind="street").order_by("code")),
            busy=busy,
            categories=ordinary_classes(),
            of_streets=street_classes(busy),
        )


@dataclass(frozen=True)
class People:
    """Who acts in the patterns: the desk, the call-back agent, and a handler per unit id."""

    desk: Actor
    caller: Actor
    handlers: dict[int, Actor]


def make(count: int, *, now: dt.datetime, people: People) -> None:
    """`count` tickets, from two months ago until now, each as far as its age allows; late ones
    are found late, and the units have been told."""
    city = City.here()
    ensure_months((now - dt.timedelta(days=DAYS + 31)).date(), now.date())
    for i in range(count):
        age = dt.timedelta(days=DAYS) * ((count - i - 0.5) / count)
        live(city, people, i, accepted_at=now - age, now=now)
    intake.sweep(at=now)
    deliver_all(at=now)


def live(city: City, people: People, i: int, *, accepted_at: dt.datetime, now: dt.datetime) -> None:
    """The i-th ticket, from its acceptance as far as it has come by `now`."""
    is_dispatched = i * OF_FIVE_DISPATCHED % 5 < OF_FIVE_DISPATCHED
    nth = i * OF_FIVE_DISPATCHED // 5
    is_busys = is_dispatched and _is_for_the_busy_unit(nth)
    classes = city.of_streets if is_busys else city.categories
    ticket = intake.accept(
        actor=people.desk,
        at=accepted_at,
        channel=city.channels[i % len(city.channels)],
        matter=_MATTERS[i % len(_MATTERS)],
        called_at=accepted_at,
        request_type=RequestType.HELP if is_dispatched else RequestType.CONSULT,
        phone=f"138{i:08}",
        name="王女士",
        category=classes[i % len(classes)],
        area=city.busy.area if is_busys else city.streets[i % len(city.streets)],
        address="一号楼南侧",
    )
    if is_dispatched:
        _handle(city, people, ticket, nth, now=now)
    elif (at := accepted_at + dt.timedelta(minutes=5)) < now:
        intake.answer(number=ticket.number, actor=people.desk, at=at, text=_ANSWER)


def _handle(city: City, people: People, ticket: Ticket, nth: int, *, now: dt.datetime) -> None:
    """Dispatch, sign, contact, reply, call back and close, as far as the present."""
    is_left_lying = nth % ONE_LEFT_LYING_IN == 0
    lead = city.busy if _is_for_the_busy_unit(nth) else _proposed(ticket)
    handler = people.handlers[lead.pk]
    number = ticket.number
    at = ticket.accepted_at + dt.timedelta(minutes=20, hours=nth % 4 * 5)
    if at >= now:
        return
    dispatching.dispatch(number=number, actor=people.desk, at=at, lead_unit=lead)
    if (at := at + dt.timedelta(hours=2 + nth % 3 * 9)) >= now:
        return
    dispatching.sign(number=number, actor=handler, at=at)
    if (at := at + dt.timedelta(hours=3)) >= now:
        return
    dispatching.contact(number=number, actor=handler, at=at, method="phone")
    # From one to nine days: some replies come after the seven that were promised.
    at += dt.timedelta(days=1 + nth % 9)
    if at >= now or is_left_lying:
        return
    dispatching.reply(
        number=number, actor=handler, at=at, text=_REPLY, solved="yes", told_by="phone"
    )
    at = _calling_hour(at + dt.timedelta(days=1 + nth % 3))
    if at >= now:
        return
    evaluation.record_callback(
        number=number,
        actor=people.caller,
        at=at,
        outcome="connected",
        contacted=True,
        resolved=nth % 7 != 0,
        satisfaction="satisfied",
    )
    evaluation.close(number=number, actor=people.caller, at=at)


def _is_for_the_busy_unit(nth: int) -> bool:
    return nth % ONE_LEFT_LYING_IN == 0 or nth % ONE_FOR_THE_BUSY_UNIT_IN == 0


def _proposed(ticket: Ticket) -> Unit:
    proposal = dispatching.propose_unit(
        ticket.area, at=timezone.now(), category=ticket.category, request_type=ticket.request_type
    )
    assert proposal is not None
    return proposal.unit


def _calling_hour(at: dt.datetime) -> dt.datetime:
    """Ten in the morning of that day: people are not called at night."""
    return at.astimezone(BUSINESS_ZONE).replace(hour=10, minute=0, second=0, microsecond=0)
