"""Two people at one ticket: one of them succeeds, the other is told who and what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from dispatch import services as dispatching
from dispatch.models import Assignment
from evaluation import services as evaluation
from evaluation.models import CallbackResult
from hotline.core.models import Staff
from hotline.core.reference import forget_all
from hotline.core.violations import Busy, IllegalMove, RuleViolation, StaleVersion
from intake import services as intake
from intake.models import Requester, Ticket, TicketEvent
from tests.factories import (
    AT,
    accepted_ticket,
    agent,
    callback_agent,
    channel,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    replied_ticket,
    seed_reference,
    unit,
)
from tests.kernel.snapshots import events, snapshot
from tests.kernel.together import together


@pytest.fixture(autouse=True)
def committed_city(transactional_db: None) -> None:
    """The small city in the database for everybody."""
    forget_all()
    seed_reference()


@contextmanager
def held(ticket: Ticket) -> Iterator[None]:
    """Somebody else holds the ticket's lock, on a connection of their own."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM intake_ticket WHERE id = %s FOR UPDATE", [ticket.pk])
        yield
    finally:
        other.rollback()
        other.close()


@contextmanager
def impatient() -> Iterator[None]:
    """The lock timeout of this connection is short, so that tests are."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 200")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 3000")


def one_succeeded(results: list[Any], refusal: type[RuleViolation]) -> None:
    assert sorted(type(r).__name__ for r in results) == sorted(["Ticket", refusal.__name__])


def test_two_dispatchers_at_once_send_one_order() -> None:
    ticket = accepted_ticket()
    people, leads = (dispatcher(), dispatcher()), (unit(), unit("ent-heat"))
    results = together(
        *[
            lambda who=who, lead=lead: dispatching.dispatch(
                number=ticket.number, actor=who, at=AT + minutes(5), lead_unit=lead
            )
            for who, lead in zip(people, leads, strict=True)
        ]
    )

    one_succeeded(results, IllegalMove)
    assert events(ticket) == ["accepted", "dispatched"]
    assert Assignment.objects.filter(ticket=ticket, role="lead").count() == 1


def test_two_handlers_at_once_sign_once() -> None:
    ticket = dispatched_ticket()
    results = together(
        *[
            lambda who=who: dispatching.sign(
                number=ticket.number, actor=who, at=AT + minutes(8), version=ticket.version
            )
            for who in (handler(ticket), handler(ticket))
        ]
    )

    one_succeeded(results, StaleVersion)
    assert events(ticket) == ["accepted", "dispatched", "signed"]


def test_whoever_comes_second_is_told_who_changed_what() -> None:
    ticket = dispatched_ticket()
    first = handler(ticket)
    Staff.objects.filter(pk=first.id).update(display_name="张承办")
    dispatching.sign(number=ticket.number, actor=first, at=AT + minutes(8))
    before = snapshot([ticket.pk])
    with pytest.raises(StaleVersion) as refusal:
        dispatching.recall(
            number=ticket.number, actor=dispatcher(), at=AT + minutes(9), reason="派错",
            version=ticket.version,
        )  # fmt: skip

    assert refusal.value.status == 412
    assert "张承办" in refusal.value.sentence()
    assert "签收" in refusal.value.sentence()
    assert snapshot([ticket.pk]) == before


ACTS: dict[str, Callable[[Ticket, Ticket], Any]] = {
    "sign": lambda t, o: dispatching.sign(number=t.number, actor=handler(t), at=AT + minutes(8)),
    "note": lambda t, o: intake.note(number=t.number, actor=agent(), at=AT, text="x"),
    "merge into it": lambda t, o: intake.merge_into(
        number=o.number, actor=agent(), at=AT + minutes(8), target=t.number
    ),
    "merge it": lambda t, o: intake.merge_into(
        number=t.number, actor=agent(), at=AT + minutes(8), target=o.number
    ),
}


@pytest.mark.parametrize("name", sorted(ACTS))
def test_a_ticket_held_too_long_is_busy_and_no_failure(name: str) -> None:
    ticket, other = dispatched_ticket(), dispatched_ticket()
    with held(ticket), impatient():
        begun = time.monotonic()
        with pytest.raises(Busy) as refusal:
            ACTS[name](ticket, other)

        assert time.monotonic() - begun < 2
    assert refusal.value.status == 409
    assert refusal.value.sentence()
    assert events(ticket) == events(other) == ["accepted", "dispatched"]


def test_splitting_off_waits_for_the_other_ticket_and_is_busy_after_that() -> None:
    target, source = handled_ticket(), accepted_ticket(phone="13911112222", name="李强")
    intake.merge_into(number=source.number, actor=agent(), at=AT + hours(1), target=target.number)
    with held(target), impatient(), pytest.raises(Busy):
        intake.reopen(number=source.number, actor=dispatcher(), at=AT + hours(2), reason="不同")

    assert fresh(source).state == "closed"


def test_merges_in_opposite_directions_do_not_block_each_other() -> None:
    by = agent()
    for _ in range(3):
        one, two = accepted_ticket(), accepted_ticket(phone="13911112222", name="李强")
        results = together(
            *[
                lambda a=a, b=b: intake.merge_into(
                    number=a.number, actor=by, at=AT + minutes(1), target=b.number
                )
                for a, b in ((one, two), (two, one))
            ]
        )

        assert sum(isinstance(r, Ticket) for r in results) == 1
        assert all(isinstance(r, Ticket | RuleViolation) for r in results)
        assert {fresh(one).state, fresh(two).state} == {"accepted", "closed"}


def test_two_callers_at_once_keep_one_first_answer() -> None:
    ticket = replied_ticket()
    results = together(
        *[
            lambda who=who: evaluation.record_callback(
                number=ticket.number, actor=who, at=AT + hours(3), outcome="connected",
                contacted=True, resolved=False, satisfaction="average",
            )
            for who in (callback_agent(), callback_agent())
        ]
    )  # fmt: skip

    one_succeeded(results, IllegalMove)
    assert CallbackResult.objects.filter(ticket=ticket, is_first=True).count() == 1


def test_one_new_number_registered_ten_times_at_once_is_one_requester() -> None:
    way, by = channel(), agent()
    results = together(
        *[
            lambda: intake.accept(
                actor=by, at=AT, channel=way, matter="停水", called_at=AT, phone="13911112222",
                name="李强",
            )
        ]
        * 10
    )  # fmt: skip

    assert all(isinstance(r, Ticket) for r in results)
    assert Requester.objects.count() == 1
    assert len({r.number for r in results}) == 10


def test_ten_people_noting_at_once_leave_no_gap() -> None:
    ticket = handled_ticket()
    people = [agent() for _ in range(10)]
    results = together(
        *[
            lambda who=who: intake.note(
                number=ticket.number, actor=who, at=AT + hours(1), text="已联系"
            )
            for who in people
        ]
    )

    assert all(isinstance(r, Ticket) for r in results)
    seqs = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("seq")
    assert list(seqs.values_list("seq", flat=True)) == list(range(1, 14))
    assert fresh(ticket).version == ticket.version + 10
