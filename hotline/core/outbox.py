"""Consequences: consumers of events, driven by a one-second tick (design §6).

A consumer's effect inside the database and the fact that it happened are written in one
transaction, so each message has its effect exactly once. A consumer that fails is tried again
with growing pauses and never holds up the others.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from hotline.core.models import ConsumerProgress, Delivery, OutboxMessage

logger = logging.getLogger("hotline.outbox")

Effect = Callable[[OutboxMessage, dt.datetime], None]
JointEffect = Callable[[Sequence[OutboxMessage], dt.datetime], None]
BATCH = 500
# Transactions end within seconds (statement and idle limits); after this long no message with
# a smaller id can still appear, and the progress mark may pass it.
SETTLED_AFTER = dt.timedelta(seconds=60)
_MAX_PAUSE = dt.timedelta(hours=6)


class NotNow(Exception):
    """Raised by an effect that would have to wait too long: the whole batch comes again with the
    next tick, and nothing has failed."""


@dataclass(frozen=True)
class Consumer:
    name: str
    types: frozenset[str]
    effect: Effect
    batch: int = BATCH
    together: JointEffect | None = None


CONSUMERS: dict[str, Consumer] = {}


def register_consumer(
    name: str,
    types: Iterable[str],
    effect: Effect,
    *,
    batch: int = BATCH,
    together: JointEffect | None = None,
) -> None:
    """Called from an app's `ready()`: `effect` runs once for every message of these types. An
    effect that locks tickets takes a small `batch`, because the locks are held until it ends.

    `together` is the same effect for a whole batch, where that is less work than one message after
    the other; when it fails they are taken one by one, so that a bad one holds up only itself.
    """
    CONSUMERS[name] = Consumer(name, frozenset(types), effect, batch, together)


def deliver(*, at: dt.datetime, batch: int = BATCH) -> int:
    """Let every consumer act on what it has not seen. Returns how many deliveries were made.

    Safe to run twice at once: a consumer is served by one tick at a time.
    """
    return sum(_serve(consumer, at, batch) for consumer in CONSUMERS.values())


def deliver_all(*, at: dt.datetime) -> int:
    """Deliver until nothing is left; the simulator and the closing of a month wait for this."""
    total = 0
    while done := deliver(at=at):
        total += done
    return total


def undelivered(*, at: dt.datetime) -> int:
    """How many deliveries are outstanding."""
    return (
        sum(len(_fresh(c, _progress(c.name).seen_through_id, 10_000)) for c in CONSUMERS.values())
        + Delivery.objects.filter(delivered_at__isnull=True).count()
    )


def _progress(name: str) -> ConsumerProgress:
    return ConsumerProgress.objects.get_or_create(consumer=name)[0]


def _fresh(consumer: Consumer, seen_through: int, batch: int) -> list[OutboxMessage]:
    seen = Delivery.objects.filter(consumer=consumer.name, message_id__gt=seen_through)
    return list(
        OutboxMessage.objects.filter(id__gt=seen_through, type__in=consumer.types)
        .exclude(id__in=seen.values("message_id"))
        .order_by("id")[:batch]
    )


def _serve(consumer: Consumer, at: dt.datetime, batch: int) -> int:
    batch = min(batch, consumer.batch)
    with transaction.atomic():
        _progress(consumer.name)
        progress = (
            ConsumerProgress.objects.select_for_update(skip_locked=True)
            .filter(consumer=consumer.name)
            .first()
        )
        if progress is None:  # another tick is serving this consumer
            return 0
        messages = _fresh(consumer, progress.seen_through_id, batch)
        due = Delivery.objects.filter(
            consumer=consumer.name, delivered_at__isnull=True, next_attempt_at__lte=at
        )
        retries = {d.message_id: d for d in due[:batch]}
        if retries:
            messages += list(OutboxMessage.objects.filter(id__in=list(retries)).order_by("id"))
        try:
            with transaction.atomic():
                deliveries = _deliveries(consumer, messages, retries, at)
        except NotNow:
            return 0
        if len(messages) < batch:
            _advance(progress, consumer, at)
    return sum(1 for d in deliveries if d.delivered_at)


def _deliveries(
    consumer: Consumer,
    messages: list[OutboxMessage],
    retries: dict[int, Delivery],
    at: dt.datetime,
) -> list[Delivery]:
    """Let the effects happen, together where the consumer can; what came of each message."""
    if consumer.together is None or len(messages) < 2 or not _all_at_once(consumer, messages, at):
        deliveries = [_attempt(consumer, m, retries.get(m.id), at) for m in messages]
    else:
        deliveries = [_delivered(consumer, m, retries.get(m.id), at) for m in messages]
    Delivery.objects.bulk_create([d for d in deliveries if d.pk is None])
    return deliveries


def _all_at_once(consumer: Consumer, messages: list[OutboxMessage], at: dt.datetime) -> bool:
    assert consumer.together is not None
    try:
        with transaction.atomic():
            consumer.together(messages, at)
    except NotNow:
        raise
    except Exception:
        logger.exception("consumer %s failed on a batch; one by one instead", consumer.name)
        return False
    return True


def _delivered(
    consumer: Consumer, message: OutboxMessage, earlier: Delivery | None, at: dt.datetime
) -> Delivery:
    delivery = earlier or Delivery(message_id=message.id, consumer=consumer.name)
    delivery.attempts += 1
    delivery.delivered_at, delivery.next_attempt_at = at, None
    if earlier:
        delivery.save(update_fields=["attempts", "delivered_at", "next_attempt_at"])
    return delivery


def _attempt(
    consumer: Consumer, message: OutboxMessage, earlier: Delivery | None, at: dt.datetime
) -> Delivery:
    delivery = earlier or Delivery(message_id=message.id, consumer=consumer.name)
    delivery.attempts += 1
    try:
        with transaction.atomic():
            consumer.effect(message, at)
    except NotNow:
        raise
    except Exception as error:
        # The exponent is bounded: after days of failures 2**attempts is no length of time.
        pause = min(_MAX_PAUSE, dt.timedelta(seconds=5 * 2 ** min(delivery.attempts, 20)))
        delivery.next_attempt_at = at + pause
        # The class only: an error's text may quote what must not leave the ticket.
        delivery.last_error = type(error).__name__
        logger.exception("consumer %s failed on message %s", consumer.name, message.id)
    else:
        delivery.delivered_at, delivery.next_attempt_at = at, None
    if earlier:
        delivery.save(update_fields=["attempts", "delivered_at", "next_attempt_at", "last_error"])
    return delivery


def _advance(progress: ConsumerProgress, consumer: Consumer, at: dt.datetime) -> None:
    """Move the mark over everything old enough to be complete; delivered lines below it go."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Not past the oldest act still under way (one of our own role's, so visible here).
            "SELECT max(id) FROM core_outboxmessage WHERE id > %s AND written_at <"
            " least(now() - %s::interval, (SELECT min(xact_start) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()))",
            [progress.seen_through_id, str(SETTLED_AFTER)],
        )
        settled = cursor.fetchone()[0]
    if settled is None:
        return
    progress.seen_through_id = settled
    progress.save(update_fields=["seen_through_id"])
    Delivery.objects.filter(
        consumer=consumer.name, message_id__lte=settled, delivered_at__isnull=False
    ).delete()
