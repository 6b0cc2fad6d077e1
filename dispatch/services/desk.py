"""What the call-taker does in one press: register a matter and give it to a unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from dispatch.services.dispatching import dispatch
from hotline.core.actors import Actor
from hotline.core.models import Unit
from intake.acts import whole
from intake.models import Ticket
from intake.services.registration import accept


def register_and_dispatch(
    *,
    actor: Actor,
    at: dt.datetime,
    lead_unit: Unit,
    cooperators: Sequence[Unit] = (),
    basis: str = "",
    **matter: Any,
) -> Ticket:
    """D9: the matter is registered and dispatched at once (R-030).

    `matter` is what `accept` takes. Raises what `accept` and `dispatch` raise; a refusal of either
    leaves nothing behind.
    """
    with whole():
        ticket = accept(actor=actor, at=at, **matter)
        return dispatch(
            number=ticket.number,
            actor=actor,
            at=at,
            lead_unit=lead_unit,
            cooperators=cooperators,
            basis=basis,
        )
