"""What follows from an event: messages, deliveries, notices; and requests seen before."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from .clients import ApiClient
from .people import Staff
from .units import Unit


class OutboxMessage(models.Model):
    """One line per event, written in the event's own transaction (design §6).

    Append-only and partitioned by month: the application role can neither change nor delete it.
    """

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField()
    ticket_id = models.BigIntegerField()
    number = models.CharField(max_length=16)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    unit_id = models.BigIntegerField(null=True)
    # Real time whatever time the act carries: tells the tick which ids are settled.
    written_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.number}#{self.seq} {self.type}"


class Delivery(models.Model):
    """A consumer has (or has not yet) acted on a message; the pair is unique, which is what
    makes effects inside the database happen exactly once."""

    message_id = models.BigIntegerField()
    consumer = models.CharField(max_length=40)
    delivered_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consumer", "message_id"], name="delivered_once")
        ]
        indexes = [
            # Reader: the delivery tick, for messages whose consumer failed before.
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_to_retry",
                condition=models.Q(delivered_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.consumer}: {self.message_id}"


class ConsumerProgress(models.Model):
    """Up to which message a consumer has seen everything, so that the tick never reads
    the whole outbox again."""

    consumer = models.CharField(max_length=40, primary_key=True)
    seen_through_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.consumer} → {self.seen_through_id}"


class Notice(models.Model):
    """A line in somebody's bell. `data` holds codes and ids; the sentence is made on reading."""

    unit = models.ForeignKey(Unit, models.CASCADE, null=True, related_name="notices")
    staff = models.ForeignKey(Staff, models.CASCADE, null=True, related_name="notices")
    type = models.CharField(max_length=40)
    number = models.CharField(max_length=16, help_text="the ticket it speaks of")
    data = models.JSONField(default=dict)
    is_urgent = models.BooleanField(default=False, help_text="first level: never waits")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            # Reader: the bell of every page (a unit's unread notices, newest first).
            models.Index(
                fields=["unit", "-id"],
                name="notice_unread_of_unit",
                condition=models.Q(read_at__isnull=True),
            ),
            models.Index(
                fields=["staff", "-id"],
                name="notice_unread_of_staff",
                condition=models.Q(read_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.number}"


class IdempotencyKey(models.Model):
    """A request a client has made before: what is kept is the ticket's number and the status,
    never a body with personal data (design §12)."""

    client = models.ForeignKey(ApiClient, models.CASCADE, null=True)
    staff = models.ForeignKey(Staff, models.CASCADE, null=True)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    number = models.CharField(max_length=16)
    status = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "staff", "key"],
                name="one_request_per_key",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_expiry")]

    def __str__(self) -> str:
        return self.key
