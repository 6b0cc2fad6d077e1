"""Calling back a share of the tickets: decided at the dispatch, the same at every look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dispatch import services as dispatching
from evaluation import services as evaluation
from evaluation.models import CallbackResult, Scheme
from evaluation.sampling import is_asked_of_pressure, is_sampled
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.violations import IllegalMove
from intake import services as intake
from intake.models import CloseCode, State, Ticket, TicketEvent
from tests.evaluation.rating import BAD, GOOD, REPLIED, adopted, brought_by, running, web_channel
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    call_back,
    callback_agent,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")


def sampled(ticket: Ticket) -> Any:
    """What the last dispatch says of the sample; None where it says nothing."""
    events = TicketEvent.objects.filter(ticket_id=ticket.pk, type="dispatched")
    return events.latest("seq").data.get("sampled")


def outside(make: Callable[..., Ticket] = replied_ticket, **fields: Any) -> Ticket:
    """A ticket that was not drawn, of a hundred of which one is."""
    if not Scheme.objects.exists():
        adopted(sample_percent=1)
    tickets = (make(**fields) for _ in range(20))
    return next(ticket for ticket in tickets if sampled(ticket) is False)


def rate(ticket: Ticket, web: Actor, **said: Any) -> Ticket:
    return evaluation.rate(
        number=ticket.number, actor=web, at=REPLIED + hours(1), **{**GOOD, **said}
    )


def test_without_a_scheme_every_ticket_is_called_back() -> None:
    ticket = dispatched_ticket()

    assert sampled(ticket) is None
    assert "callback" in running(ticket)


def test_outside_the_sample_nobody_is_called_and_the_desk_closes() -> None:
    ticket = outside(dispatched_ticket)
    before = running(ticket)
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=AT + hours(0.5))

    reply_to(fresh(ticket), at=REPLIED)

    assert sampled(ticket) is False
    assert "callback" not in before
    assert running(ticket) == {"closing"}
    with pytest.raises(IllegalMove) as refusal:
        call_back(fresh(ticket), at=REPLIED + hours(2))
    assert refusal.value.code == "no_callback_waiting"


def test_a_ticket_outside_the_sample_closes_with_that_reason() -> None:
    ticket = outside()

    evaluation.close(
        number=ticket.number, actor=callback_agent(), at=REPLIED + hours(1),
        code=CloseCode.NOT_SAMPLED,
    )  # fmt: skip

    assert fresh(ticket).close_code == CloseCode.NOT_SAMPLED


@pytest.mark.parametrize("code", [CloseCode.DECLINED, CloseCode.UNREACHABLE, CloseCode.ANONYMOUS])
def test_and_with_no_other(code: CloseCode) -> None:
    ticket = outside()

    with pytest.raises(IllegalMove):
        evaluation.close(
            number=ticket.number, actor=callback_agent(), at=REPLIED + hours(1), code=code
        )


def test_a_ticket_in_the_sample_never_closes_as_if_it_were_not() -> None:
    ticket = call_back(replied_ticket(), at=REPLIED + hours(2))

    with pytest.raises(IllegalMove) as refusal:
        evaluation.close(
            number=ticket.number, actor=callback_agent(), at=REPLIED + hours(3),
            code=CloseCode.NOT_SAMPLED,
        )  # fmt: skip

    assert refusal.value.code == "close_code_unfounded"


def test_an_anonymous_matter_closes_as_anonymous_also_outside_the_sample() -> None:
    adopted(sample_percent=1)
    ticket = replied_ticket(is_anonymous=True)

    with pytest.raises(IllegalMove):
        evaluation.close(
            number=ticket.number, actor=callback_agent(), at=REPLIED, code=CloseCode.NOT_SAMPLED
        )
    evaluation.close(
        number=ticket.number, actor=callback_agent(), at=REPLIED, code=CloseCode.ANONYMOUS
    )

    assert sampled(ticket) is None


def test_the_requesters_own_rating_counts_outside_the_sample() -> None:
    web = web_channel()
    ticket = outside(lambda: brought_by(web))

    rate(ticket, web)
    evaluation.close(number=ticket.number, actor=callback_agent(), at=REPLIED + hours(2))

    assert CallbackResult.objects.get().is_first
    assert fresh(ticket).close_code == CloseCode.CALLED_BACK


def test_what_was_decided_holds_for_every_round() -> None:
    """Sent back upon a bad rating of their own, in a month whose scheme calls everybody."""
    web = web_channel()
    ticket = outside(lambda: brought_by(web))
    rate(ticket, web, **BAD)
    adopted(version=2, valid_from="2026-05", sample_percent=100)
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=REPLIED + hours(2))
    handling = running(ticket)

    reply_to(fresh(ticket), at=AT + days(20), text="再次修好")

    assert is_sampled(ticket, AT + days(20))
    assert "callback" not in handling
    assert running(ticket) == {"closing"}


def test_a_silent_unit_outside_the_sample_is_rated_from_the_limit_on() -> None:
    web = web_channel()
    ticket = outside(lambda: brought_by(web, handled_ticket))
    due = ticket.clocks.get(kind="feedback").due_at

    evaluation.rate(number=ticket.number, actor=web, at=due, **BAD)

    assert CallbackResult.objects.get().is_first
    assert fresh(ticket).state == State.HANDLING


def test_off_the_ledger_nobody_outside_the_sample_is_called() -> None:
    ticket = outside(handled_ticket)
    for verb, who, hour, words in (
        ("hold", handler(ticket), 1, {"kind": "funds", "plan": "明年", "told_by": "phone",
                                      "review_at": AT + days(20)}),
        ("approve_hold", actor(Role.CITY_SUPERVISOR), 2, {}),
        ("clear_hold", handler(ticket), 3, {"clearance": "资金到位"}),
    ):  # fmt: skip
        act = getattr(dispatching, verb)
        act(number=ticket.number, actor=who, at=AT + hours(hour), **words)

    assert not {"callback", "closing"} & running(ticket)


def test_given_out_again_the_draw_is_made_again() -> None:
    ticket = outside(dispatched_ticket)
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason="派错")
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + days(60), lead_unit=unit("990101002")
    )

    assert sampled(ticket) is False


def test_the_draw_is_the_same_at_every_look_and_hits_its_share() -> None:
    adopted(sample_percent=30, pressure_percent=30)
    tickets = [Ticket(number=f"20260414{n:08}") for n in range(2_000)]

    drawn = [is_sampled(ticket, AT) for ticket in tickets]
    asked = [is_asked_of_pressure(ticket, AT) for ticket in tickets]

    assert drawn == [is_sampled(ticket, AT + hours(5)) for ticket in tickets]
    assert 540 <= sum(drawn) <= 660
    assert 540 <= sum(asked) <= 660
    assert drawn != asked


def test_the_month_of_the_dispatch_decides_which_scheme_draws() -> None:
    adopted(sample_percent=1)
    tickets = [Ticket(number=f"20260414{n:08}") for n in range(200)]

    assert not all(is_sampled(ticket, AT) for ticket in tickets)
    assert all(is_sampled(ticket, AT - days(200)) for ticket in tickets)


def test_merged_into_a_ticket_outside_the_sample_nobody_is_called() -> None:
    ticket = outside(handled_ticket)
    other = accepted_ticket(phone="13912345678", name="李雷")
    intake.merge_into(
        number=other.number, actor=dispatcher(), at=AT + hours(0.5), target=ticket.number
    )

    reply_to(fresh(ticket), at=REPLIED)

    assert running(ticket) == {"closing"}
