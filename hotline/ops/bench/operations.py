"""The requests of the bench: one life of a ticket, and the lists that are read all day."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from hotline.core.models import Unit, UnitKind
from hotline.ops.bench.cast import Cast, Headers
from hotline.ops.bench.patterns import BUSY_UNIT

PEOPLE_ON_DUTY = 20
THINKING_SECONDS = 5.0
# A step of a script as `load` reads it.
Request = dict[str, Any]
API = "/api/v1"
# The order of the steps is the order of a life.
UNTIL_REPLY = ("create", "dispatch", "sign", "contact", "reply")
AFTER_REPLY = ("callback", "close")
LIFE = UNTIL_REPLY + AFTER_REPLY
READS = ("read", "list", "unit_list", "inbox", "ticket_page", "list_page", "inbox_page")
# What people have open while they work; measured with twenty of them at once.
SHIFT = ("desk_page", "inbox_page", "dispatch")
# The number that the script's own first request creates.
OWN = "{number}"

TITLES = {
    "create": "登记（渠道接口）",
    "dispatch": "派单（坐席）",
    "sign": "签收（单位接口）",
    "contact": "登记联系（单位接口）",
    "reply": "答复（单位接口）",
    "callback": "登记回访（回访员）",
    "close": "办结（回访员）",
    "read": "查看一件（单位接口）",
    "list": "列表 50 件（坐席）",
    "unit_list": "列表 50 件（单位接口）",
    "inbox": "逾期待办 100 件（单位接口）",
    "ticket_page": "工单页（坐席网页）",
    "list_page": "列表页 50 件（坐席网页）",
    "inbox_page": "逾期待办页 50 件（单位网页）",
    "desk_page": "派单台 50 件（派单员网页）",
}

_MATTER = (
    "小区南门的垃圾桶已经三天没有清运，天热味道很大，孩子上下学都要绕着走，"
    "居委会说要等环卫安排，希望尽快清走并固定清运时间。"
)
_REPLY = "已联系环卫公司当日清运，并把清运改为每天早晚各一次，已电话告知诉求人，诉求人表示认可。"


@dataclass(frozen=True)
class Operations:
    """Makes the requests. The i-th life goes to the i-th street, round and round."""

    cast: Cast
    streets: tuple[Unit, ...]
    category: str

    @classmethod
    def of(cls, cast: Cast, category: str) -> Operations:
        streets = Unit.objects.filter(kind=UnitKind.STREET).select_related("area").order_by("code")
        return cls(cast, tuple(streets), category)

    def life(self, i: int, steps: tuple[str, ...], number: str = OWN) -> list[Request]:
        """The requests of the i-th life, one for each of `steps`."""
        return [self.step(operation, i, number) for operation in steps]

    def step(self, operation: str, i: int, number: str) -> Request:
        street = self.streets[i % len(self.streets)]
        unit = self.cast.units[street.code]
        ticket = f"{API}/tickets/{number}"
        match operation:
            case "create":
                return self._create(i, street)
            case "dispatch":
                order = {"lead_unit": street.code, "basis": "属地"}
                return _json(operation, f"{ticket}/actions/dispatch", self.cast.desk, order)
            case "sign":
                return _json(operation, f"{ticket}/actions/sign", unit, {})
            case "contact":
                told = {"method": "phone", "remark": "已电话联系，约定今天处理。"}
                return _json(operation, f"{ticket}/actions/contact", unit, told)
            case "reply":
                result = {"text": _REPLY, "solved": "yes", "told_by": "phone"}
                return _json(operation, f"{ticket}/actions/reply", unit, result)
            case "callback":
                answers = {"contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
                answers["outcome"] = "connected"
                return _json(operation, f"{ticket}/actions/callback", self.cast.caller, answers)
            case "close":
                return _json(operation, f"{ticket}/actions/close", self.cast.caller, {})
            case "read":
                return _get(operation, ticket, unit)
            case "list":
                return _get(operation, f"{API}/tickets?limit=50", self.cast.desk)
            case "unit_list":
                busy = self.cast.units[BUSY_UNIT]
                return _get(operation, f"{API}/tickets?limit=50", busy)
            case "inbox":
                busy = self.cast.units[BUSY_UNIT]
                return _get(operation, f"{API}/inbox?is_overdue=true&limit=100", busy)
            case "ticket_page":
                return _get(operation, f"/tickets/{number}/", self.cast.desk)
            case "list_page":
                return _get(operation, "/tickets/", self.cast.desk)
            case "desk_page":
                return _get(operation, "/desk/", self.cast.desk)
            case "inbox_page":
                return _get(operation, "/inbox/?tab=late", self.cast.handler)
        raise ValueError(operation)

    def shift(self, numbers: Sequence[str], rounds: int, thinking: float) -> list[list[Request]]:
        """A script for each person on duty: half of them look at the desk and dispatch what waits
        there, half open their unit's late inbox; each thinks so many seconds before a request."""
        scripts: list[list[Request]] = []
        waiting = iter(numbers)
        for person in range(PEOPLE_ON_DUTY):
            script: list[Request] = []
            for _round in range(rounds):
                if person % 2:
                    script.append(self.step("inbox_page", person, OWN))
                else:
                    script.append(self.step("desk_page", person, OWN))
                    script.append(self.step("dispatch", person, next(waiting)))
            for request in script:
                request["pause"] = thinking
            # They do not all begin at once.
            script[0]["pause"] = thinking * (1 + person / PEOPLE_ON_DUTY)
            scripts.append(script)
        return scripts

    def _create(self, i: int, street: Unit) -> Request:
        at = timezone.localtime() - dt.timedelta(minutes=1)
        matter = {
            "matter": _MATTER,
            "called_at": at.isoformat(timespec="seconds"),
            "request_type": "help",
            "phone": f"137{uuid.uuid4().int % 10**8:08}",
            "name": "李先生",
            "area": street.area.code if street.area else "",
            "category": self.category,
            "address": "南门",
            "door": "3 号楼 2 单元 501 室",
        }
        key = {"Idempotency-Key": uuid.uuid4().hex}
        made = _json("create", f"{API}/tickets", self.cast.channel | key, matter)
        return made | {"expected": [201], "creates": True}


def _get(operation: str, path: str, headers: Headers) -> Request:
    return _request(operation, "GET", path, headers, "")


def _json(operation: str, path: str, headers: Headers, body: dict[str, Any]) -> Request:
    content = json.dumps(body, ensure_ascii=False)
    return _request(
        operation, "POST", path, headers | {"Content-Type": "application/json"}, content
    )


def _request(operation: str, method: str, path: str, headers: Headers, body: str) -> Request:
    return {
        "operation": operation,
        "method": method,
        "path": path,
        "headers": "".join(f"{name}: {value}\r\n" for name, value in headers.items()),
        "body": body,
        "expected": [200],
        "creates": False,
    }
