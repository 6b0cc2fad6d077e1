"""What the call-taker does in one press: register a matter and settle it on the spot."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hotline.core.actors import Actor
from intake.acts import whole
from intake.models import Ticket
from intake.services.closing import answer, inform
from intake.services.registration import accept


def register_and_answer(*, actor: Actor, at: dt.datetime, text: str, **matter: Any) -> Ticket:
    """D7: the consultation is registered and answered while the caller is on the line.

    `matter` is what `accept` takes. Raises what `accept` and `answer` raise; a refusal of either
    leaves nothing behind.
    """
    with whole():
        ticket = accept(actor=actor, at=at, **matter)
        return answer(number=ticket.number, actor=actor, at=at, text=text)


def register_and_inform(
    *,
    actor: Actor,
    at: dt.datetime,
    code: str,
    reason: str = "",
    transferred_to: str = "",
    earlier: str = "",
    **matter: Any,
) -> Ticket:
    """D1–D6: the matter is registered and the caller told where to turn and why (R-023…R-029).

    `matter` is what `accept` takes. Raises what `accept` and `inform` raise; a refusal of either
    leaves nothing behind.
    """
    with whole():
        ticket = accept(actor=actor, at=at, **matter)
        return inform(
            number=ticket.number,
            actor=actor,
            at=at,
            code=code,
            reason=reason,
            transferred_to=transferred_to,
            earlier=earlier,
        )
