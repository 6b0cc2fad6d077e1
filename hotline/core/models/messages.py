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
            # Reader: the digest, every half hour; and the alarms, every minute.
            models.Index(
                fields=["created_at"],
                name="notice_to_digest",
                condition=models.Q(read_at__isnull=True, is_urgent=False),
            ),
            models.Index(
                fields=["created_at"],
                name="notice_to_alarm",
                condition=models.Q(read_at__isnull=True, is_urgent=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.number}"


class NoticeDigest(models.Model):
    """A stretch of time whose unread notices were gathered: one digest per person. The next one
    begins where the last ended, so that no notice is told twice or never."""

    since = models.DateTimeField()
    through = models.DateTimeField(unique=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.since:%m-%d %H:%M}–{self.through:%H:%M}"


class NoticeMail(models.Model):
    """An e-mail to one person: a digest, or one urgent notice alone. It has no text: what is still
    unread is put into words when it is sent. `next_attempt_at` empty and never sent: there was
    nothing left to tell, or nobody took it for days."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    digest = models.ForeignKey(NoticeDigest, models.CASCADE, null=True, related_name="mails")
    notice = models.ForeignKey(Notice, models.CASCADE, null=True, related_name="mails")
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(digest__isnull=False, notice__isnull=True)
                | models.Q(digest__isnull=True, notice__isnull=False),
                name="mail_is_digest_or_alarm",
            ),
            # Two ticks at once make it once.
            models.UniqueConstraint(fields=["digest", "staff"], name="one_digest_per_person"),
            models.UniqueConstraint(fields=["notice", "staff"], name="one_alarm_per_person"),
        ]
        indexes = [
            # Reader: the sending, every minute.
            models.Index(
                fields=["next_attempt_at"],
                name="mail_to_send",
                condition=models.Q(next_attempt_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} to {self.staff_id}"


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
