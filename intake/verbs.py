"""What can be done to a ticket: one registry for buttons, API actions and refusals.

Each app adds its verbs from `AppConfig.ready()`; the ticket page, `actions/{verb}` and the
`allowed_actions` of a 409 all read this registry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise

from hotline.core.actors import Actor
from hotline.core.violations import IllegalMove, NotPermitted
from intake.models import State, Ticket

Who = Callable[[Ticket, Actor], bool]


def _always(_ticket: Ticket) -> bool:
    return True


@dataclass(frozen=True)
class Verb:
    """A thing that an actor may do to a ticket.

    `service(number=…, actor=…, at=…, version=…, **cleaned)` does it; `form` is its input, and
    the API's schema is made from the same form; `states` are where the ticket may stand; `who`
    decides from the ticket's row alone (no query) whether this actor may; `fits` says whether the
    verb means anything for this ticket (its service refuses with the reason); `order` sorts
    buttons, the lowest is the main one; `is_lasting` says that a unit may still do it when another
    one has the ticket, as long as the ticket counts for it.
    """

    name: str
    label: str | Promise
    service: Callable[..., Ticket]
    form: type[forms.Form]
    states: frozenset[str]
    who: Who
    order: int = 50
    fits: Callable[[Ticket], bool] = _always
    is_lasting: bool = False

    def permits(self, ticket: Ticket, actor: Actor) -> bool:
        return self.who(ticket, actor)

    def allowed(self, ticket: Ticket, actor: Actor) -> bool:
        return ticket.state in self.states and self.fits(ticket) and self.who(ticket, actor)


_VERBS: dict[str, Verb] = {}
OPEN_STATES = frozenset(State.values) - {State.CLOSED.value}


def register(*verbs: Verb) -> None:
    for verb in verbs:
        if verb.name in _VERBS:
            raise ValueError(f"the verb {verb.name} is registered twice")
        _VERBS[verb.name] = verb


def get(name: str) -> Verb | None:
    return _VERBS.get(name)


def is_lasting(name: str) -> bool:
    return _VERBS[name].is_lasting


def all_verbs() -> list[Verb]:
    return sorted(_VERBS.values(), key=lambda verb: verb.order)


def allowed_for(ticket: Ticket, actor: Actor) -> list[Verb]:
    """The moves this actor can make now, main one first."""
    return [verb for verb in all_verbs() if verb.allowed(ticket, actor)]


def require(name: str, ticket: Ticket, actor: Actor) -> None:
    """Raises NotPermitted when the actor could never do this to this ticket, IllegalMove when
    the ticket's state forbids it now."""
    verb = _VERBS[name]
    if not verb.permits(ticket, actor):
        raise NotPermitted
    if ticket.state not in verb.states:
        raise IllegalMove(
            "move_not_allowed",
            number=ticket.number,
            verb=verb.label,
            state=State(ticket.state).label,
        )


def run(
    name: str, *, number: str, actor: Actor, at: Any, version: int | None, **data: Any
) -> Ticket:
    """Do a verb by its name, as pages and the API do."""
    return _VERBS[name].service(number=number, actor=actor, at=at, version=version, **data)


# --- who may: readable parts for the registrations -----------------------------------------


def desk(*roles: str) -> Who:
    """Hotline staff in one of these roles."""

    def who(_ticket: Ticket, actor: Actor) -> bool:
        return actor.kind == "system" or actor.has(*roles)

    return who


def lead(ticket: Ticket, actor: Actor) -> bool:
    """A handler or manager of the ticket's lead unit."""
    return actor.handles(ticket.lead_unit_id)


def assisting(ticket: Ticket, actor: Actor) -> bool:
    """A handler of a unit that the lead, or a unit below it, has asked for help. The lead itself
    answers without asking the database."""
    return not lead(ticket, actor) and actor.assists(ticket.assisting_units)


def holding(ticket: Ticket, actor: Actor) -> bool:
    """A handler of any unit that holds an order on the ticket: its lead or one that assists."""
    return lead(ticket, actor) or assisting(ticket, actor)


def its_district(ticket: Ticket, actor: Actor) -> bool:
    """The supervisor of the district that the matter lies in."""
    return ticket.district_id is not None and ticket.district_id in actor.district_ids


def either(*rules: Who) -> Who:
    return lambda ticket, actor: any(rule(ticket, actor) for rule in rules)
