"""Demo staff and keys, for the fictitious city only: one person in every role.

Their password and keys are printed in the README, so they must never reach a database with real
matters in it: `seed` adds them to the fictitious city only.
"""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.hashers import make_password

from hotline.core.deployment import deployment
from hotline.core.models import ApiClient, Channel, Membership, Role, Staff, Unit
from hotline.core.models.clients import Scope

PASSWORD = "hotline-demo"  # noqa: S105 — of invented people in an invented city
WEB_CHANNEL_KEY = "hk_demo_web_channel"
UNIT_KEY = "hk_demo_street_office"
SINCE = dt.date(2019, 1, 1)

# username, name, role, unit
_PEOPLE = (
    ("agent", "林知夏", Role.AGENT, "hotline"),
    ("dispatcher", "顾明远", Role.DISPATCHER, "hotline"),
    ("street", "沈青禾", Role.HANDLER, "990101001"),
    ("department", "许立诚", Role.HANDLER, "city-transport"),
    ("enterprise", "郑向暖", Role.HANDLER, "ent-heat"),
    ("manager", "陆望之", Role.MANAGER, "990101001"),
    ("district", "秦守正", Role.DISTRICT_SUPERVISOR, "990101"),
    ("city", "方致和", Role.CITY_SUPERVISOR, "hotline"),
    # What one supervisor has asked for or drafted, another one decides.
    ("city2", "钟允平", Role.CITY_SUPERVISOR, "hotline"),
    ("callback", "温如意", Role.CALLBACK_AGENT, "hotline"),
    ("auditor", "严明鉴", Role.AUDITOR, "hotline"),
    ("admin", "管理员", Role.ADMINISTRATOR, "hotline"),
    ("contractor", "白晓航", Role.CONTRACTOR, "hotline"),
)


def logins() -> list[tuple[str, str, str]]:
    """User name, password and what that person is: for the launcher's screen and the README."""
    units = dict(
        Unit.objects.filter(code__in={code for *_, code in _PEOPLE}).values_list("code", "name")
    )
    known = set(Staff.objects.values_list("username", flat=True))
    return [
        (username, PASSWORD, f"{role.label} · {units[code]}")
        for username, _name, role, code in _PEOPLE
        if username in known and code in units
    ]


def shown_logins() -> list[dict[str, str]]:
    """The same for the sign-in page, where the data is invented; nothing elsewhere."""
    if not deployment().is_simulated:
        return []
    parts = [(username, password, *who.split(" · ")) for username, password, who in logins()]
    return [
        {"username": username, "password": password, "role": role, "unit": unit}
        for username, password, role, unit in parts
    ]


def add_demo_staff(at: dt.datetime) -> int:
    """Add who is missing; a person an administrator has changed or closed stays as they are."""
    known = set(Staff.objects.values_list("username", flat=True))
    missing = [person for person in _PEOPLE if person[0] not in known]
    if missing:
        # Hashing is slow on purpose; one hash serves them all.
        password = make_password(PASSWORD)
        staff = Staff.objects.bulk_create(
            Staff(
                username=username,
                display_name=name,
                password=password,
                staff_no=f"9{number:04}",
                joined_at=at,
            )
            for number, (username, name, _role, _unit) in enumerate(missing, start=1)
        )
        units = dict(Unit.objects.values_list("code", "id"))
        Membership.objects.bulk_create(
            Membership(staff=person, unit_id=units[code], role=role, valid_from=SINCE)
            for person, (_u, _n, role, code) in zip(staff, missing, strict=True)
        )
    return len(missing) + _add_demo_clients(at)


def _add_demo_clients(at: dt.datetime) -> int:
    wanted = (
        ApiClient(
            name="示例门户网站",
            channel=Channel.objects.get(code="web"),
            scopes=[Scope.CREATE, Scope.READ],
            key_hash=ApiClient.hash_key(WEB_CHANNEL_KEY),
            created_at=at,
        ),
        ApiClient(
            name="示例街道业务系统",
            unit=Unit.objects.get(code="990101001"),
            scopes=[Scope.READ, Scope.HANDLE],
            key_hash=ApiClient.hash_key(UNIT_KEY),
            created_at=at,
        ),
    )
    known = set(ApiClient.objects.values_list("name", flat=True))
    return len(ApiClient.objects.bulk_create(c for c in wanted if c.name not in known))
