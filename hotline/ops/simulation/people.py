"""Who acts in the simulated city: a desk, a handler in every unit, a manager where units are
assessed, and the systems of some channels."""

from __future__ import annotations

import datetime as dt
import random

from hotline.core.actors import Actor, actor_for_client
from hotline.core.models import (
    ApiClient,
    AssessmentGroup,
    Channel,
    Membership,
    Role,
    Staff,
    Unit,
    UnitKind,
)
from hotline.ops.demo import SINCE, WEB_CHANNEL_KEY
from hotline.ops.simulation.messages import SURNAMES

_GIVEN = (
    "安然", "柏舟", "楚云", "冬青", "帆远", "歌行", "和光", "佳禾", "景行", "可心", "乐山", "明澈",
    "宁远", "平野", "清扬", "若谷", "思齐", "天朗", "维舟", "闻道", "溪亭", "言蹊", "一诺", "知远",
)  # fmt: skip
_DESK = (
    (Role.AGENT, 8),
    (Role.DISPATCHER, 4),
    (Role.CALLBACK_AGENT, 4),
    (Role.CITY_SUPERVISOR, 2),
)
# The web's is a demo client; these have systems of their own, too. Others are typed in by agents.
_OWN_SYSTEMS = {"wechat": "模拟微信公众号", "app": "模拟政务服务 App"}


class People:
    """The actors, made once: staff of the database, without a password to sign in with."""

    def __init__(self, at: dt.datetime, rng: random.Random) -> None:
        self._rng = rng
        hotline = Unit.objects.get(kind=UnitKind.HOTLINE)
        posts = [
            (f"sim-{role}-{n}", role, hotline) for role, count in _DESK for n in range(1, count + 1)
        ]
        handling = Unit.objects.in_force(at.date()).exclude(kind=UnitKind.HOTLINE).order_by("id")
        posts += [(f"sim-{unit.code}", Role.HANDLER, unit) for unit in handling]
        posts += [
            (f"sim-{unit.code}-manager", Role.MANAGER, unit)
            for unit in handling
            if unit.group != AssessmentGroup.NONE
        ]
        _add_missing(posts, at, rng)
        staff = Staff.objects.in_bulk([username for username, *_ in posts], field_name="username")
        self._desk: dict[str, list[Actor]] = {}
        self._handlers: dict[int, Actor] = {}
        self._managers: dict[int, Actor] = {}
        for username, role, unit in posts:
            person = staff[username]
            actor = Actor(
                kind="staff",
                id=person.pk,
                name=person.display_name,
                grants=frozenset({(str(role), unit.pk)}),
            )
            if role == Role.HANDLER:
                self._handlers[unit.pk] = actor
            elif role == Role.MANAGER:
                self._managers[unit.pk] = actor
            else:
                self._desk.setdefault(role, []).append(actor)
        self.clients = _clients(at)

    def one(self, role: str) -> Actor:
        """Somebody at the desk in this role."""
        return self._rng.choice(self._desk[role])

    def another(self, role: str, than: str) -> Actor:
        """Somebody at the desk in this role who is not the person with this reference."""
        return self._rng.choice([actor for actor in self._desk[role] if actor.reference != than])

    def handler(self, unit_id: int) -> Actor:
        return self._handlers[unit_id]

    def manager(self, unit_id: int) -> Actor:
        """Who answers for a unit that is assessed."""
        return self._managers[unit_id]

    def is_assessed(self, unit_id: int) -> bool:
        return unit_id in self._managers


def _clients(at: dt.datetime) -> dict[str, Actor]:
    """The systems that bring in what comes through their channel, by its code. Nobody knows the
    keys of the added ones."""
    web = ApiClient.objects.get(key_hash=ApiClient.hash_key(WEB_CHANNEL_KEY))
    found = {"web": actor_for_client(web)}
    for code, name in _OWN_SYSTEMS.items():
        client, _made = ApiClient.objects.get_or_create(
            name=name,
            defaults={
                "channel": Channel.objects.get(code=code),
                "key_hash": ApiClient.hash_key(ApiClient.new_key()),
                "created_at": at,
            },
        )
        found[code] = actor_for_client(client)
    return found


def _add_missing(posts: list[tuple[str, Role, Unit]], at: dt.datetime, rng: random.Random) -> None:
    known = set(Staff.objects.values_list("username", flat=True))
    missing = [post for post in posts if post[0] not in known]
    staff = []
    for username, _role, _unit in missing:
        person = Staff(
            username=username,
            display_name=rng.choice(SURNAMES) + rng.choice(_GIVEN),
            joined_at=at,
        )
        person.set_unusable_password()
        staff.append(person)
    Membership.objects.bulk_create(
        Membership(staff=person, unit=unit, role=role, valid_from=SINCE)
        for person, (_username, role, unit) in zip(
            Staff.objects.bulk_create(staff), missing, strict=True
        )
    )
