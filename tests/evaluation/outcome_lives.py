"""Lives of tickets made by the services, and what their outcomes say of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dispatch import services as dispatching
from evaluation import outcomes
from evaluation import services as evaluation
from evaluation.models import CallbackResult, Outcome
from hotline.core import outbox
from hotline.core.models import Role
from intake import services as intake
from intake.models import Ticket
from tests.factories import (
    AT,
    actor,
    agent,
    days,
    dispatcher,
    fresh,
    handler,
    hours,
    minutes,
    unit,
)

# A ticket of the factories: accepted at AT, dispatched five minutes later with seven days.
GIVEN = AT + minutes(5)
DUE = GIVEN + days(7)
CALLED = DUE + hours(1)  # when the call-back opens if nobody replies
# When people may be called on the day after that.
MORNING = dt.datetime(2026, 4, 22, 9, 30, tzinfo=AT.tzinfo)
END = AT + days(200)
ASKED, RETURNED = AT + hours(1), AT + hours(2)
STREET, MARKET, URBAN = "990101001", "990101-market", "city-urban"
BAD = {"resolved": False, "satisfaction": "dissatisfied"}
UNSAID = {
    f"{which}_{what}": empty
    for which in ("first", "last")
    for what, empty in {
        "at": None, "channel": "", "contacted": None, "resolved": None, "satisfaction": "",
    }.items()
}  # fmt: skip


def settle(at: dt.datetime) -> None:
    """Events reach their consumers, and the rows are looked at once more as of `at`."""
    outbox.deliver_all(at=at)
    outcomes.refresh(at=at)


def row(ticket: Ticket, code: str = STREET, role: str = "lead", *, at: dt.datetime) -> Outcome:
    settle(at)
    return Outcome.objects.get(ticket=ticket, unit__code=code, role=role)


def told(
    ticket: Ticket, *names: str, at: dt.datetime, code: str = STREET, role: str = "lead"
) -> tuple[Any, ...]:
    """These columns of a row."""
    found = row(ticket, code, role, at=at)
    return tuple(getattr(found, name) for name in names)


def parts(ticket: Ticket, *, at: dt.datetime) -> set[tuple[str, str]]:
    settle(at)
    return set(Outcome.objects.filter(ticket=ticket).values_list("unit__code", "role"))


def all_rows() -> list[dict[str, Any]]:
    rows = Outcome.objects.order_by("ticket_id", "unit_id", "role").values()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def ask_help(ticket: Ticket, code: str = MARKET, *, at: dt.datetime = ASKED) -> Ticket:
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=at, unit=unit(code), task="核查许可"
    )
    return fresh(ticket)


def hand_in(ticket: Ticket, code: str = MARKET, *, at: dt.datetime, **words: Any) -> Ticket:
    helper = handler(unit(code))
    dispatching.sign_part(number=ticket.number, actor=helper, at=at - minutes(1))
    dispatching.hand_in(number=ticket.number, actor=helper, at=at, text="已核查", **words)
    return fresh(ticket)


def object_to(ticket: Ticket, *, at: dt.datetime) -> None:
    dispatching.raise_objection(
        number=ticket.number, actor=handler(ticket), at=at, reason="非本辖区", basis="职责清单"
    )


def give_back(ticket: Ticket, *, at: dt.datetime = RETURNED) -> Ticket:
    """An objection that is upheld."""
    object_to(ticket, at=at)
    dispatching.return_to_desk(number=ticket.number, actor=dispatcher(), at=at + minutes(10))
    return fresh(ticket)


def give_to(ticket: Ticket, code: str, *, at: dt.datetime, **words: Any) -> Ticket:
    words.setdefault("actor", dispatcher())
    dispatching.dispatch(number=ticket.number, at=at, lead_unit=unit(code), **words)
    return fresh(ticket)


def recall(ticket: Ticket, *, at: dt.datetime) -> Ticket:
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=at, reason="派错")
    return fresh(ticket)


def withdraw(ticket: Ticket, *, at: dt.datetime) -> Ticket:
    intake.withdraw(number=ticket.number, actor=agent(), at=at, is_confirmed=True)
    return fresh(ticket)


def reopen(ticket: Ticket, *, at: dt.datetime) -> Ticket:
    intake.reopen(number=ticket.number, actor=dispatcher(), at=at, reason="又坏了")
    return fresh(ticket)


def rehandle(ticket: Ticket, *, at: dt.datetime) -> Ticket:
    evaluation.rehandle(number=ticket.number, actor=actor(Role.CALLBACK_AGENT), at=at)
    return fresh(ticket)


def take_over(ticket: Ticket, *, at: dt.datetime) -> Ticket:
    """The district leads from now on, and the street helps."""
    district = unit("990101")
    words = {"number": ticket.number, "at": at}
    dispatching.escalate(actor=handler(ticket), authority=district, question="谁办", **words)
    dispatching.answer_escalation(
        actor=handler(district), opinion="提级办理", takes_over=True, **words
    )
    return fresh(ticket)


def words_of(ticket: Ticket, **words: Any) -> dict[str, Any]:
    said = {"reason": "要求改建私有围墙", "evidence": "现场勘察记录"}
    return {"number": ticket.number, "actor": handler(ticket), **said, **words}


def ruling(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    return {"number": ticket.number, "actor": actor(Role.CITY_SUPERVISOR), "at": at}


def ask_exclusion(ticket: Ticket, *, at: dt.datetime, scope: str) -> None:
    words = {"scope": scope, "ground": "malicious", "at": at}
    evaluation.ask_exclusion(**words_of(ticket, **words))


def appeal(ticket: Ticket, *, at: dt.datetime, result: CallbackResult) -> None:
    words = {"ground": "other_matter", "at": at, "result": result.pk}
    evaluation.appeal(**words_of(ticket, **words))
