"""Who acts: the value every service takes and every queryset is narrowed by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hotline.core.models import ApiClient, Membership, Role, Staff
from hotline.core.models.clients import Scope

# Everybody who works at the hotline itself and may read every ticket.
DESK_ROLES = frozenset(
    {Role.AGENT, Role.DISPATCHER, Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR, Role.CONTRACTOR}
)
READ_ALL_ROLES = DESK_ROLES | {Role.AUDITOR}
# Those who act for a handling unit.
UNIT_ROLES = frozenset({Role.HANDLER, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Actor:
    """A staff member, a client system, a citizen or the system itself, with roles resolved.

    `grants` pairs a role with the unit it is held in; `district_ids` are the areas a district
    supervisor answers for; `key_unit_id` is the unit whose own system this is, whatever it may do.
    """

    kind: Literal["staff", "client", "citizen", "system"]
    id: int | None = None
    name: str = ""
    grants: frozenset[tuple[str, int]] = frozenset()
    district_ids: frozenset[int] = frozenset()
    scopes: frozenset[str] = frozenset()
    channel_id: int | None = None
    key_unit_id: int | None = None
    requester_ids: frozenset[int] = field(default=frozenset())

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(role for role, _unit in self.grants)

    def has(self, *roles: str) -> bool:
        return any(role in roles for role, _unit in self.grants)

    @property
    def unit_ids(self) -> frozenset[int]:
        """The handling units this actor acts for."""
        return frozenset(unit for role, unit in self.grants if role in UNIT_ROLES)

    @property
    def is_of_unit(self) -> bool:
        """Whether this is somebody or something of a handling unit: never a requester's voice and
        never the hotline's, even where it may not sign or reply."""
        return bool(self.unit_ids) or self.key_unit_id is not None

    @property
    def watched_unit_ids(self) -> frozenset[int]:
        """The units whose copies of orders this actor sees: the handling units, and the districts
        the actor supervises, also when the matter's place is unknown (R-031)."""
        roles = UNIT_ROLES | {Role.DISTRICT_SUPERVISOR}
        return frozenset(unit for role, unit in self.grants if role in roles)

    @property
    def sees_all(self) -> bool:
        return self.kind == "system" or self.has(*READ_ALL_ROLES)

    @property
    def is_desk(self) -> bool:
        return self.has(*DESK_ROLES)

    def handles(self, unit_id: int | None) -> bool:
        """Whether this actor may write a result for the unit; a contractor never (R-121)."""
        return unit_id is not None and unit_id in self.unit_ids and not self.has(Role.CONTRACTOR)

    def assists(self, unit_ids: Callable[[], frozenset[int]]) -> bool:
        """Whether this actor acts for one of the units; they are only asked for when it can."""
        if not self.unit_ids or self.has(Role.CONTRACTOR):
            return False
        return bool(self.unit_ids & unit_ids())

    @property
    def reference(self) -> str:
        """How events and the audit name this actor: a code, never a person's name."""
        return f"{self.kind}:{self.id}" if self.id is not None else self.kind


SYSTEM = Actor(kind="system", name="系统")


def actor_for_staff(staff: Staff, *, on: dt.date) -> Actor:
    """The actor a signed-in person is on a day, from the memberships in force. One query."""
    grants: set[tuple[str, int]] = set()
    districts: set[int] = set()
    memberships = Membership.objects.in_force(on).filter(staff=staff)
    for role, unit_id, area_id in memberships.values_list("role", "unit_id", "unit__area_id"):
        grants.add((role, unit_id))
        if role == Role.DISTRICT_SUPERVISOR and area_id:
            districts.add(area_id)
    return Actor(
        kind="staff",
        id=staff.pk,
        name=staff.display_name,
        grants=frozenset(grants),
        district_ids=frozenset(districts),
    )


def actor_for_client(client: ApiClient) -> Actor:
    """The actor a system with a key is: a channel, or a handler of its unit."""
    grants: frozenset[tuple[str, int]] = frozenset()
    if client.unit_id and Scope.HANDLE in client.scopes:
        grants = frozenset({(Role.HANDLER.value, client.unit_id)})
    return Actor(
        kind="client",
        id=client.pk,
        name=client.name,
        grants=grants,
        scopes=frozenset(client.scopes),
        channel_id=client.channel_id,
        key_unit_id=client.unit_id,
    )
