"""Links under which a requester answers alone: made, used once, and what they may not do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg2
import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pytest_django import Settings

from evaluation import addresses
from evaluation import services as evaluation
from evaluation.models import CallbackResult, RatingLink
from evaluation.services.answers import Said, write_answer
from evaluation.services.robot import calls_for_robot
from hotline.core.actors import SYSTEM, Actor, actor_for_client
from hotline.core.models import Role
from hotline.core.models.clients import Scope
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, NotVisible, RuleViolation
from intake import services as intake
from intake.acts import Act
from intake.models import CloseCode, State, Ticket
from tests.evaluation.rating import (
    BAD,
    GOOD,
    REPLIED,
    answer,
    brought_by,
    last_event,
    link_to,
    running,
    token_of,
    web_channel,
)
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    call_back,
    callback_agent,
    channel,
    closed_ticket,
    days,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_client,
    make_staff,
    minutes,
    reply_to,
    seed_reference,
    unit,
)
from tests.kernel.conftest import city, months
from tests.kernel.together import together

__all__ = ["city", "months"]  # fixtures


@pytest.fixture
def web(city: None) -> Actor:
    return web_channel()


def refused(link: RatingLink, at: dt.datetime) -> str:
    """Why a link cannot be used: the same when it is opened and when it is answered."""
    with pytest.raises(IllegalMove) as opened:
        evaluation.open_link(token=token_of(link), at=at)
    with pytest.raises(IllegalMove) as answered:
        answer(link, at)
    assert opened.value.code == answered.value.code
    return answered.value.code


# === An answer by link ======================================================================


def test_an_answer_by_link_concludes_the_call_back_as_a_call_does(web: Actor) -> None:
    ticket = brought_by(web)

    answer(link_to(ticket, web), REPLIED + hours(3), opinion="修得很快")

    result = CallbackResult.objects.get()
    assert (result.channel, result.is_valid, result.is_first) == ("web", True, True)
    assert (result.called_by_id, result.opinion) == (None, "修得很快")
    assert RatingLink.objects.get().result == result
    assert running(ticket) == {"closing"}


def test_the_event_names_a_citizen_and_the_channel(web: Actor) -> None:
    ticket = brought_by(web)
    party = ticket.parties.get()

    answer(link_to(ticket, web), REPLIED + hours(3), **BAD)

    event = last_event(ticket)
    assert (event.type, event.actor) == ("called_back", f"citizen:{party.requester_id}")
    assert (event.data["channel"], event.data["satisfaction"]) == ("web", "dissatisfied")
    assert (event.data["contacted"], event.data["resolved"]) == (False, False)


def test_the_requester_answers_at_night_when_nobody_may_be_called(web: Actor) -> None:
    ticket = brought_by(web)

    answer(link_to(ticket, web), AT + hours(16))

    assert CallbackResult.objects.get().is_valid


@pytest.mark.parametrize("missing", ["contacted", "resolved", "satisfaction"])
def test_all_three_questions_are_answered_or_none(web: Actor, missing: str) -> None:
    link = link_to(brought_by(web), web)

    with pytest.raises(RuleViolation) as refusal:
        answer(link, REPLIED + hours(3), **{missing: "" if missing == "satisfaction" else None})

    assert refusal.value.code == "answers_incomplete"
    assert not CallbackResult.objects.exists()


def test_whoever_answers_before_anybody_was_to_call_is_not_called(web: Actor) -> None:
    """The call-back opens an hour after the reply; the answer comes after ten minutes."""
    ticket = brought_by(web)

    answer(link_to(ticket, web), REPLIED + minutes(10))

    assert running(ticket) == {"closing"}
    with pytest.raises(IllegalMove) as refusal:
        call_back(ticket, at=REPLIED + hours(2))
    assert refusal.value.code == "no_callback_waiting"


def test_the_other_requesters_are_still_called(web: Actor) -> None:
    ticket = brought_by(web, handled_ticket)
    other = accepted_ticket(phone="13912345678", name="李雷")
    intake.merge_into(
        number=other.number, actor=dispatcher(), at=AT + minutes(30), target=ticket.number
    )
    reply_to(fresh(ticket), at=REPLIED)

    answer(link_to(ticket, web), REPLIED + hours(3))

    assert running(ticket) == {"callback"}
    call_back(ticket, at=REPLIED + hours(4))
    parties = ticket.parties.filter(role="main").get(), ticket.parties.filter(role="co").get()
    asked = list(CallbackResult.objects.order_by("pk").values_list("requester_id", flat=True))
    assert asked == [parties[0].requester_id, parties[0].requester_id]


def test_a_bad_answer_by_link_sends_the_matter_back(web: Actor) -> None:
    ticket = brought_by(web)
    answer(link_to(ticket, web), REPLIED + hours(3), **BAD)

    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=REPLIED + hours(4))

    assert fresh(ticket).state == State.HANDLING


def test_a_silent_unit_is_answered_about_from_its_expired_limit_on(web: Actor) -> None:
    ticket = brought_by(web, handled_ticket)
    limit = ticket.clocks.get(kind="feedback").due_at

    with pytest.raises(IllegalMove) as early:
        link_to(ticket, web, limit - minutes(1))
    answer(link_to(ticket, web, limit), limit + minutes(5), **BAD)

    assert early.value.code == "rating_not_open"
    assert fresh(ticket).state == State.HANDLING
    assert not {"callback", "closing"} & running(ticket)


# === Why a link cannot be used ==============================================================


def test_a_link_is_used_once(web: Actor) -> None:
    link = link_to(brought_by(web), web)
    answer(link, REPLIED + hours(3))

    assert refused(link, REPLIED + hours(4)) == "rating_used"
    assert CallbackResult.objects.count() == 1


def test_a_link_lives_as_long_as_its_limit_says(web: Actor) -> None:
    link = link_to(brought_by(web), web)

    assert link.expires_at == REPLIED + days(7)
    assert refused(link, link.expires_at) == "rating_expired"


def test_a_withdrawn_matter_is_not_evaluated(web: Actor) -> None:
    ticket = brought_by(web)
    link = link_to(ticket, web)
    intake.withdraw(
        number=ticket.number, actor=callback_agent(), at=REPLIED + hours(1), is_confirmed=True
    )

    assert refused(link, REPLIED + hours(2)) == "rating_withdrawn"


def test_a_closed_matter_is_evaluated_until_it_can_no_longer_be_reopened(web: Actor) -> None:
    ticket = brought_by(web)
    for at in (REPLIED + hours(2), REPLIED + hours(26), REPLIED + hours(46)):
        call_back(ticket, at=at, outcome="no_answer")
    closed_at = REPLIED + hours(47)
    evaluation.close(
        number=ticket.number, actor=callback_agent(), at=closed_at, code=CloseCode.UNREACHABLE
    )

    link = link_to(ticket, web, closed_at + days(29))
    over = refused(link, closed_at + days(30))
    answer(link, closed_at + days(29.5))

    assert over == "rating_over"
    assert CallbackResult.objects.filter(is_first=True).get().channel == "web"
    assert (fresh(ticket).state, running(ticket)) == (State.CLOSED, set())


def test_who_was_reached_by_telephone_meanwhile_is_not_asked_again(web: Actor) -> None:
    ticket = brought_by(web)
    link = link_to(ticket, web)
    call_back(ticket, at=REPLIED + hours(2))

    assert refused(link, REPLIED + hours(3)) == "rating_given"


def test_a_link_of_an_earlier_round_says_nothing_of_the_next(web: Actor) -> None:
    ticket = brought_by(web)
    link = link_to(ticket, web)
    call_back(ticket, at=REPLIED + hours(2), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=REPLIED + hours(3))
    handling = refused(link, REPLIED + hours(4))
    reply_to(fresh(ticket), at=REPLIED + hours(5), text="再次修好")

    assert handling == "rating_not_open"
    assert refused(link, REPLIED + hours(6)) == "rating_of_earlier_round"
    answer(link_to(ticket, web, REPLIED + hours(6)), REPLIED + hours(7))
    assert CallbackResult.objects.filter(is_first=True).get().channel == "phone"


def test_a_matter_answered_on_the_spot_has_no_unit_to_evaluate(web: Actor) -> None:
    ticket = brought_by(web, accepted_ticket, request_type="consult")
    with pytest.raises(IllegalMove) as waiting:
        link_to(ticket, web, AT + minutes(1))
    intake.answer(number=ticket.number, actor=dispatcher(), at=AT + minutes(2), text="可以办理。")

    with pytest.raises(IllegalMove) as answered:
        link_to(ticket, web, AT + minutes(3))

    assert waiting.value.code == "rating_not_dispatched"
    assert answered.value.code == "rating_without_unit"


def test_nobody_can_be_asked_about_an_anonymous_matter(web: Actor) -> None:
    ticket = brought_by(web, is_anonymous=True)

    with pytest.raises(IllegalMove) as refusal:
        link_to(ticket, web)

    assert refusal.value.code == "rating_anonymous"


def test_who_has_answered_is_not_given_a_link_any_more(web: Actor) -> None:
    ticket = brought_by(web, closed_ticket)

    with pytest.raises(IllegalMove) as refusal:
        link_to(ticket, web, REPLIED + days(1))

    assert refusal.value.code == "rating_given"


# === The secret =============================================================================


def test_a_made_up_token_finds_nothing(web: Actor) -> None:
    link = link_to(brought_by(web), web)
    wrong = token_of(link)[:-1] + ("A" if token_of(link)[-1] != "A" else "B")

    for attempt in (wrong, "", "x" * 10_000, token_of(link) + "/", "汉字"):
        with pytest.raises(NotVisible):
            evaluation.open_link(token=attempt, at=REPLIED + hours(1))


def test_the_token_has_more_than_128_bits_and_is_not_in_the_database(web: Actor) -> None:
    link = link_to(brought_by(web), web)
    token = token_of(link)

    with connection.cursor() as cursor:
        cursor.execute("SELECT evaluation_ratinglink::text FROM evaluation_ratinglink")
        stored = cursor.fetchone()[0]
    assert len(token) * 6 >= 160
    assert token not in stored
    assert addresses.token_hash(token).hex() in stored


def test_with_another_secret_key_the_database_opens_nothing(web: Actor, settings: Settings) -> None:
    link = link_to(brought_by(web), web)
    settings.SECRET_KEY = "another"

    assert addresses.token_of(link) is None
    assert addresses.address_of(link, "https://example.org") is None


def test_asked_again_a_channel_gets_the_same_living_link(web: Actor) -> None:
    ticket = brought_by(web)
    first = link_to(ticket, web)
    again = link_to(ticket, web, REPLIED + days(1))

    later = link_to(ticket, web, REPLIED + days(8))

    assert (again.pk, token_of(again)) == (first.pk, token_of(first))
    assert token_of(later) != token_of(first)
    assert RatingLink.objects.count() == 2


# === Nobody but the requester ===============================================================


@pytest.mark.parametrize(
    "who",
    [Role.CALLBACK_AGENT, Role.AGENT, Role.CITY_SUPERVISOR, Role.HANDLER, Role.ADMINISTRATOR],
)
def test_no_staff_answers_by_a_link(web: Actor, who: Role) -> None:
    link = link_to(brought_by(web), web)
    staff = actor(who, unit() if who == Role.HANDLER else None)

    with pytest.raises(NotPermitted):
        evaluation.answer_link(token=token_of(link), actor=staff, at=REPLIED + hours(3), **GOOD)

    assert not CallbackResult.objects.exists()


@pytest.mark.parametrize("written_as", ["web", "sms", "own", "robot"])
def test_staff_write_what_they_heard_on_the_telephone_and_nothing_else(
    web: Actor, written_as: str
) -> None:
    ticket = brought_by(web)
    party = ticket.parties.get()

    for who in (SYSTEM, callback_agent(), handler(ticket)):
        act = Act(fresh(ticket), who, REPLIED + hours(3))
        with pytest.raises(NotPermitted):
            write_answer(act, party, Said(**GOOD), written_as)
    with pytest.raises(TypeError):
        evaluation.record_callback(
            number=ticket.number, actor=callback_agent(), at=REPLIED + hours(3),
            outcome="connected", channel=written_as, **GOOD,
        )  # fmt: skip

    assert not CallbackResult.objects.exists()


def test_a_units_own_system_writes_nothing(web: Actor) -> None:
    ticket = brought_by(web)
    act = Act(ticket, web_channel(unit=unit()), REPLIED + hours(3))

    for written_as in ("own", "phone"):
        with pytest.raises(NotPermitted):
            write_answer(act, ticket.parties.get(), Said(**GOOD), written_as)


def units_key_without_its_handling() -> Actor:
    """What the database refuses to keep, as it could have been made before it did."""
    client = make_client(unit=unit(), scopes=[Scope.READ], channel=channel("web"))
    client.scopes = [Scope.CREATE, Scope.READ, Scope.ROBOT]
    return actor_for_client(client)


def test_a_units_key_that_may_not_handle_speaks_for_no_requester(web: Actor) -> None:
    key = units_key_without_its_handling()
    theirs = brought_by(web)
    Ticket.objects.filter(pk=theirs.pk).update(client_id=key.id)
    said = Act(fresh(theirs), key, REPLIED + hours(3))

    for written_as in ("own", "robot"):
        with pytest.raises(NotPermitted):
            write_answer(said, theirs.parties.get(), Said(**GOOD), written_as)
    with pytest.raises(NotPermitted):
        link_to(theirs, key)
    with pytest.raises(NotPermitted):
        evaluation.rate(number=theirs.number, actor=key, at=REPLIED + hours(3), **GOOD)
    with pytest.raises(NotPermitted):
        calls_for_robot(actor=key, at=REPLIED + hours(3), limit=9)
    with pytest.raises(NotPermitted):
        accepted_ticket(by=key)
    with pytest.raises(NotPermitted):
        intake.withdraw(number=theirs.number, actor=key, at=REPLIED + hours(3), is_confirmed=True)
    assert not CallbackResult.objects.exists()


@pytest.mark.parametrize("scope", [Scope.CREATE, Scope.ROBOT])
@pytest.mark.usefixtures("city")
def test_the_database_keeps_a_units_key_from_speaking_for_requesters(scope: Scope) -> None:
    with transaction.atomic(), pytest.raises(IntegrityError) as refusal:
        make_client(unit=unit(), channel=channel("web"), scopes=[Scope.READ, scope])

    assert "unit_key_speaks_for_no_requester" in str(refusal.value)


def test_the_database_knows_that_staff_write_calls_only(web: Actor) -> None:
    ticket = brought_by(web)
    answer(link_to(ticket, web), REPLIED + hours(3))
    row = CallbackResult.objects.get()
    row.pk, row.is_first, row.called_by = None, False, make_staff(Role.CALLBACK_AGENT)

    with transaction.atomic(), pytest.raises(IntegrityError) as refusal:
        row.save(force_insert=True)

    assert "staff_write_calls_only" in str(refusal.value)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL",
     "SET session_replication_role = replica"],
)  # fmt: skip
@pytest.mark.parametrize("table", ["evaluation_callbackresult", "evaluation_pressurereport"])
def test_nobody_alters_or_deletes_what_a_citizen_said(
    as_app_role: Callable[[], AbstractContextManager[Any]], table: str, statement: str
) -> None:
    with as_app_role() as app, app.cursor() as cursor:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement.format(table))
        app.rollback()


def test_even_the_owner_of_the_table_is_refused(web: Actor) -> None:
    answer(link_to(brought_by(web), web), REPLIED + hours(3))

    for change in ("UPDATE evaluation_callbackresult SET resolved = NOT resolved",
                   "DELETE FROM evaluation_callbackresult"):  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            with pytest.raises(Exception, match="frozen"):
                cursor.execute(change)
            transaction.set_rollback(True)

    assert CallbackResult.objects.get().resolved is True


def test_only_the_channel_that_brought_the_matter_gets_a_link(web: Actor) -> None:
    ticket = brought_by(web)

    with pytest.raises(NotVisible):
        link_to(ticket, web_channel())
    for who in (web_channel(unit=unit()), callback_agent(), handler(ticket)):
        with pytest.raises(NotPermitted):
            link_to(ticket, who)
    assert not RatingLink.objects.exists()


# === What was merged ========================================================================


def test_after_a_merge_the_link_is_answered_where_the_matter_goes_on(web: Actor) -> None:
    source = brought_by(web, accepted_ticket, phone="13912345678", name="李雷")
    target = handled_ticket()
    intake.merge_into(
        number=source.number, actor=dispatcher(), at=AT + minutes(30), target=target.number
    )
    reply_to(fresh(target), at=REPLIED)

    answer(link_to(source, web), REPLIED + hours(3))

    result = CallbackResult.objects.get()
    assert (result.ticket_id, result.requester_id) == (
        target.pk, source.parties.get().requester_id
    )  # fmt: skip
    assert running(target) == {"callback"}


def test_after_a_split_nothing_is_said_about_the_other_ticket(web: Actor) -> None:
    source = brought_by(web, accepted_ticket, phone="13912345678", name="李雷")
    target = handled_ticket()
    intake.merge_into(
        number=source.number, actor=dispatcher(), at=AT + minutes(30), target=target.number
    )
    reply_to(fresh(target), at=REPLIED)
    link = link_to(source, web)
    intake.reopen(
        number=source.number, actor=dispatcher(), at=REPLIED + hours(1), reason="不是同一件事"
    )

    assert refused(link, REPLIED + hours(2)) == "rating_over"


# === Two at once ============================================================================


@pytest.fixture
def committed_city(transactional_db: None) -> Iterator[None]:
    forget_all()
    seed_reference()
    yield
    forget_all()


@pytest.mark.usefixtures("committed_city")
def test_a_link_that_is_held_is_asked_for_again_and_no_answer_is_lost(client: Client) -> None:
    web = web_channel()
    link = link_to(brought_by(web), web)
    said = {"contacted": "yes", "resolved": "no", "satisfaction": "average", "opinion": "还没修好"}
    holder = connection.copy()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")

    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "SELECT 1 FROM evaluation_ratinglink WHERE id = %s FOR UPDATE", [link.pk]
            )
        with time_machine.travel(REPLIED + hours(3), tick=False):
            page = client.post(f"/rating/{token_of(link)}/", said)
    finally:
        holder.close()
        connection.close()

    shown = page.content.decode()
    assert page.status_code == 409
    assert "请稍等几秒再按一次" in shown
    assert shown.count(" checked") == 3
    assert "还没修好" in shown
    assert not CallbackResult.objects.exists()


@pytest.mark.usefixtures("committed_city")
def test_two_answers_at_the_same_moment_are_one() -> None:
    web = web_channel()
    link = link_to(brought_by(web), web)

    results = together(
        lambda: answer(link, REPLIED + hours(3)), lambda: answer(link, REPLIED + hours(3), **BAD)
    )

    kinds = sorted(type(r).__name__ for r in results)
    refusal = next(r for r in results if isinstance(r, IllegalMove))
    assert kinds == ["IllegalMove", "Ticket"]
    assert refusal.code == "rating_used"
    assert CallbackResult.objects.count() == 1


@pytest.mark.usefixtures("committed_city")
def test_an_answer_and_a_call_at_the_same_moment_both_stand_in_order() -> None:
    """Whoever takes the ticket first; the other is told that it has been answered."""
    web = web_channel()
    ticket = brought_by(web)
    link, caller = link_to(ticket, web), callback_agent()

    results = together(
        lambda: answer(link, REPLIED + hours(3)),
        lambda: call_back(ticket, at=REPLIED + hours(3), by=caller),
    )

    refusal = next(r for r in results if isinstance(r, IllegalMove))
    assert refusal.code in ("rating_given", "no_callback_waiting")
    assert CallbackResult.objects.count() == 1
