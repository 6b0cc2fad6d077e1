"""What tests build on: a small city, people, and tickets in every state.

`seed_reference()` first; it is safe to call again. Tickets come about through the services only,
at given times, so a ticket made here has exactly the events, clocks and orders of a real one.

The small city, by code:

* areas   `990000` the city; districts `990101` 甲区, `990102` 乙区; streets `990101001`,
          `990101002` (甲区), `990102001` (乙区); community `990101001001`
* units   `hotline`; one unit for every district, street and community, with the area's code;
          departments `city-urban`, `city-housing`; `990101-market`; enterprises `ent-heat`,
          `ent-water` (round the clock)
* classes `01`/`0101`/`0102`, `05`/`0501`, `07`/`0702`, `10`/`1001`, `14`/`1401`, `20`/`2005`
"""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

from dispatch import services as dispatching
from evaluation import services as evaluation
from hotline.core.actors import Actor, actor_for_client, actor_for_staff
from hotline.core.models import (
    ApiClient,
    Area,
    AreaKind,
    AssessmentGroup,
    Channel,
    Deployment,
    Membership,
    Role,
    Staff,
    TimeLimit,
    Unit,
    UnitKind,
)
from hotline.core.models.clients import Scope
from hotline.core.partitions import ensure_months
from hotline.core.reference import forget_all
from hotline.core.reference_data.loading import load_channels, load_limits
from hotline.core.working_time import BUSINESS_ZONE
from intake import services as intake
from intake.models import Ticket
from knowledge.models import Category

# A Tuesday in working hours, far from every holiday.
AT = dt.datetime(2026, 4, 14, 10, 0, tzinfo=BUSINESS_ZONE)
LONG_AGO = dt.date(2019, 1, 1)
MATTER = "小区东门外的路灯坏了三天，晚上出门看不清路，请尽快派人修好。"
PHONE = "13800138000"
_serial = count(1)


def minutes(n: float) -> dt.timedelta:
    return dt.timedelta(minutes=n)


def hours(n: float) -> dt.timedelta:
    return dt.timedelta(hours=n)


def days(n: float) -> dt.timedelta:
    return dt.timedelta(days=n)


# === Reference data =======================================================================

_AREAS = (
    ("990000", "示例市", AreaKind.CITY, ""),
    ("990101", "甲区", AreaKind.DISTRICT, "990000"),
    ("990102", "乙区", AreaKind.DISTRICT, "990000"),
    ("990101001", "甲一街道", AreaKind.STREET, "990101"),
    ("990101002", "甲二街道", AreaKind.STREET, "990101"),
    ("990102001", "乙一镇", AreaKind.STREET, "990102"),
    ("990101001001", "甲一社区", AreaKind.COMMUNITY, "990101001"),
)
_UNITS = (
    ("hotline", "示例市市民热线服务中心", UnitKind.HOTLINE, "none", "", "990000"),
    ("990101", "甲区政府", UnitKind.DISTRICT, "district", "", "990101"),
    ("990102", "乙区政府", UnitKind.DISTRICT, "district", "", "990102"),
    ("city-urban", "市城市管理委", UnitKind.CITY_DEPARTMENT, "city_department", "", "990000"),
    ("city-housing", "市住房城乡建设委", UnitKind.CITY_DEPARTMENT, "city_department", "", "990000"),
    ("ent-heat", "市热力集团", UnitKind.ENTERPRISE, "enterprise", "", "990000"),
    ("ent-water", "市自来水集团", UnitKind.ENTERPRISE, "enterprise", "", "990000"),
    ("990101001", "甲一街道办事处", UnitKind.STREET, "street_town", "990101", "990101001"),
    ("990101002", "甲二街道办事处", UnitKind.STREET, "street_town", "990101", "990101002"),
    ("990102001", "乙一镇政府", UnitKind.STREET, "street_town", "990102", "990102001"),
    ("990101-market", "甲区市场监管局", UnitKind.DISTRICT_DEPARTMENT, "none", "990101", "990101"),
    ("990101001001", "甲一社区居委会", UnitKind.COMMUNITY, "none", "990101001", "990101001001"),
)
_CATEGORIES = (
    ("01", "供热供暖", "L2", ""),
    ("0101", "温度不达标", "L2", ""),
    ("0102", "停暖", "L2", ""),
    ("05", "物业管理", "L3", "ordinary"),
    ("0501", "服务不到位", "L3", "ordinary"),
    ("07", "市容环卫", "L3", "ordinary"),
    ("0702", "占道经营", "L3", "prompt"),
    ("10", "停车管理", "L3", "ordinary"),
    ("1001", "占道停车", "L3", "ordinary"),
    ("14", "市场管理", "L3", "ordinary"),
    ("1401", "网络交易", "L3", "ordinary"),
    ("20", "社会秩序", "L3", "ordinary"),
    ("2005", "扬言", "L1", ""),
)


def seed_reference() -> None:
    """The small city with its limits, channels and classes; some twenty statements."""
    forget_all()
    if TimeLimit.objects.exists():
        return
    load_limits()
    load_channels()
    areas: dict[str, Area] = {}
    for code, name, kind, parent in _AREAS:
        above = areas.get(parent)
        areas[code] = Area(
            code=code, name=name, kind=kind, parent=above,
            path=f"{above.path if above else ''}{code}/", source="tests",
        )  # fmt: skip
    _by_generation(Area, areas)
    units: dict[str, Unit] = {}
    for code, name, unit_kind, group, parent, area_code in _UNITS:
        units[code] = Unit(
            code=code, name=name, kind=unit_kind, group=group, parent=units.get(parent),
            area=areas[area_code], valid_from=LONG_AGO,
            is_round_the_clock=unit_kind == UnitKind.ENTERPRISE,
        )  # fmt: skip
    _by_generation(Unit, units)
    classes: dict[str, Category] = {}
    for code, name, level, urgency in _CATEGORIES:
        classes[code] = Category(
            code=code, name=name, depth=len(code) // 2, parent=classes.get(code[:-2]),
            default_level=level, default_urgency=urgency,
        )  # fmt: skip
    _by_generation(Category, classes)
    Deployment.objects.get_or_create(pk=1, defaults={"city_name": "示例市", "reference": "tests"})
    ensure_months(AT.date() - days(62), AT.date() + days(92))
    forget_all()


def _by_generation(model: Any, made: dict[str, Any]) -> None:
    """Parents are stored before the children that point at them."""
    left = list(made.values())
    while left:
        ready = [row for row in left if row.parent is None or row.parent.pk]
        for row in ready:
            row.parent = row.parent  # takes over the parent's new id
        model.objects.bulk_create(ready)
        left = [row for row in left if row.pk is None]


def area(code: str = "990101001") -> Area:
    return Area.objects.get(code=code)


def unit(code: str = "990101001") -> Unit:
    return Unit.objects.get(code=code)


def category(code: str = "0501") -> Category:
    return Category.objects.get(code=code)


def channel(code: str = "phone") -> Channel:
    return Channel.objects.get(code=code)


def make_area(**fields: Any) -> Area:
    """A street of 甲区 unless told otherwise."""
    n = next(_serial)
    fields.setdefault("code", f"9901{n:05}")
    fields.setdefault("name", f"新设{n}街道")
    fields.setdefault("kind", AreaKind.STREET)
    if "parent" not in fields:
        fields["parent"] = area("990101")
    above = fields["parent"]
    fields.setdefault("path", f"{above.path if above else ''}{fields['code']}/")
    return Area.objects.create(**fields)


def make_unit(**fields: Any) -> Unit:
    """A street office with a territory of its own unless told otherwise."""
    n = next(_serial)
    fields.setdefault("code", f"unit-{n}")
    fields.setdefault("name", f"单位{n}")
    fields.setdefault("kind", UnitKind.STREET)
    fields.setdefault("valid_from", LONG_AGO)
    if fields["kind"] == UnitKind.STREET:
        fields.setdefault("group", AssessmentGroup.STREET_TOWN)
        if "area" not in fields:
            fields["area"] = make_area()
    return Unit.objects.create(**fields)


# === People ===============================================================================


def make_staff(
    role: str = Role.AGENT, unit: Unit | None = None, *, password: str | None = None, **fields: Any
) -> Staff:
    """A person with one role, at the hotline unless a unit is given."""
    n = next(_serial)
    fields.setdefault("username", f"staff{n}")
    fields.setdefault("display_name", f"工作人员{n}")
    staff = Staff.objects.create_user(password=password, **fields)
    Membership.objects.create(
        staff=staff, unit=unit or _unit("hotline"), role=role, valid_from=LONG_AGO
    )
    return staff


def actor(role: str = Role.AGENT, unit: Unit | None = None) -> Actor:
    """A new person in this role, as services see them."""
    return actor_for_staff(make_staff(role, unit), on=AT.date())


def make_client(
    *, unit: Unit | None = None, scopes: list[str] | None = None, key: str = "", **fields: Any
) -> ApiClient:
    """A system with a key: of a channel (web unless told otherwise), or of a unit."""
    n = next(_serial)
    if unit is not None:
        scopes = scopes or [Scope.READ, Scope.HANDLE]
    else:
        fields.setdefault("channel", channel("web"))
    return ApiClient.objects.create(
        name=f"client {n}",
        unit=unit,
        scopes=scopes or [Scope.CREATE, Scope.READ],
        key_hash=ApiClient.hash_key(key or f"hk_test_{n}"),
        created_at=AT,
        **fields,
    )


def client_actor(**fields: Any) -> Actor:
    return actor_for_client(make_client(**fields))


def agent() -> Actor:
    return actor(Role.AGENT)


def dispatcher() -> Actor:
    return actor(Role.DISPATCHER)


def handler(of: Unit | Ticket | None = None) -> Actor:
    """A handler of a unit, or of the unit that leads a ticket."""
    lead = of.lead_unit if isinstance(of, Ticket) else of
    return actor(Role.HANDLER, lead or _unit("990101001"))


def callback_agent() -> Actor:
    return actor(Role.CALLBACK_AGENT)


_unit = unit  # the factories' own parameters are called unit, too


# === Tickets ==============================================================================
# Each takes the options of those before it. `at` is when the matter is accepted; the later
# times follow it unless given: dispatched +5 min, signed +8 min, replied +1 h.


def fresh(ticket: Ticket) -> Ticket:
    """The row as it is now (a state-machine row is fetched again, never refreshed)."""
    return Ticket.objects.get(pk=ticket.pk)


def accepted_ticket(*, at: dt.datetime = AT, by: Actor | None = None, **fields: Any) -> Ticket:
    """A complaint of a named requester in 甲一街道 unless told otherwise."""
    seed_reference()
    fields.setdefault("channel", channel())
    fields.setdefault("matter", MATTER)
    fields.setdefault("called_at", at)
    fields.setdefault("request_type", "complaint")
    if "category" not in fields:
        fields["category"] = category()
    if "area" not in fields:
        fields["area"] = area()
    if not fields.get("is_anonymous"):
        fields.setdefault("phone", PHONE)
        fields.setdefault("name", "王芳")
    return intake.accept(actor=by or agent(), at=at, **fields)


def dispatched_ticket(
    *,
    at: dt.datetime = AT,
    dispatched_at: dt.datetime | None = None,
    lead_unit: Unit | None = None,
    **fields: Any,
) -> Ticket:
    """Given to 甲一街道 unless told otherwise."""
    ticket = accepted_ticket(at=at, **fields)
    dispatching.dispatch(
        number=ticket.number,
        actor=dispatcher(),
        at=dispatched_at or at + minutes(5),
        lead_unit=lead_unit or unit(),
    )
    return fresh(ticket)


def handled_ticket(
    *, at: dt.datetime = AT, signed_at: dt.datetime | None = None, **fields: Any
) -> Ticket:
    """Signed by its lead unit."""
    ticket = dispatched_ticket(at=at, **fields)
    dispatching.sign(
        number=ticket.number,
        actor=handler(ticket),
        at=signed_at or (ticket.dispatched_at or at) + minutes(3),
    )
    return fresh(ticket)


def replied_ticket(
    *,
    at: dt.datetime = AT,
    replied_at: dt.datetime | None = None,
    solved: str = "yes",
    **fields: Any,
) -> Ticket:
    """Its lead unit has told the requester and the hotline how it ended."""
    ticket = handled_ticket(at=at, **fields)
    return reply_to(ticket, at=replied_at or at + hours(1), solved=solved)


def closed_ticket(
    *,
    at: dt.datetime = AT,
    called_back_at: dt.datetime | None = None,
    closed_at: dt.datetime | None = None,
    contacted: bool = True,
    resolved: bool = True,
    satisfaction: str = "satisfied",
    **fields: Any,
) -> Ticket:
    """Called back (an anonymous one: with that reason) and closed; the call comes in the first
    calling hour after it opens."""
    ticket = replied_ticket(at=at, **fields)
    when = called_back_at or calling_hour((ticket.replied_at or at) + hours(1))
    caller = callback_agent()
    if ticket.is_anonymous:
        evaluation.close(number=ticket.number, actor=caller, at=when, code="anonymous")
        return fresh(ticket)
    call_back(
        ticket, at=when, by=caller, contacted=contacted, resolved=resolved,
        satisfaction=satisfaction,
    )  # fmt: skip
    evaluation.close(number=ticket.number, actor=caller, at=closed_at or when + minutes(2))
    return fresh(ticket)


def reply_to(ticket: Ticket, *, at: dt.datetime, solved: str = "yes", text: str = "") -> Ticket:
    """The lead unit's reply; the requester is told the same way the law wants it."""
    told = {} if ticket.is_anonymous else {"told_by": "phone"}
    if ticket.is_confidential:
        told = {"told_by": "relay"}
    dispatching.reply(
        number=ticket.number,
        actor=handler(ticket),
        at=at,
        text=text or f"已派人到现场核实并处理，{at:%m月%d日%H:%M}已电话告知诉求人结果。",
        solved=solved,
        **told,
    )
    return fresh(ticket)


def call_back(
    ticket: Ticket,
    *,
    at: dt.datetime,
    by: Actor | None = None,
    outcome: str = "connected",
    contacted: bool = True,
    resolved: bool = True,
    satisfaction: str = "satisfied",
) -> Ticket:
    """One attempt; the three answers count only when it connected."""
    answers: dict[str, Any] = {}
    if outcome == "connected":
        answers = {"contacted": contacted, "resolved": resolved, "satisfaction": satisfaction}
    evaluation.record_callback(
        number=ticket.number, actor=by or callback_agent(), at=at, outcome=outcome, **answers
    )
    return fresh(ticket)


def calling_hour(at: dt.datetime) -> dt.datetime:
    """`at`, or nine o'clock of the next morning in which people may be called."""
    local = at.astimezone(BUSINESS_ZONE)
    if 9 <= local.hour < 20:
        return local
    morning = local.replace(hour=9, minute=0, second=0, microsecond=0)
    return morning if local.hour < 9 else morning + days(1)
