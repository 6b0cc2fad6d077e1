"""Channels that bring matters in, and the systems that speak to the API."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .units import Unit


class Channel(models.Model):
    """A way in: the telephone, WeChat, the web form, another hotline (R-011)."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=60)
    is_voice = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    CREATE = "tickets:create", _("登记诉求")
    READ = "tickets:read", _("查询诉求")
    HANDLE = "tickets:handle", _("签收与答复")
    IDENTITY = "identity:read", _("读取诉求人身份")
    ROBOT = "callbacks:robot", _("语音机器人回访")


def _default_scopes() -> list[str]:
    return [Scope.CREATE, Scope.READ]


# A unit that speaks for requesters could rate itself; the hotline's robot is the hotline's.
NEVER_A_UNITS = (Scope.CREATE, Scope.ROBOT)


class ApiClient(models.Model):
    """A system with a key: a channel (creates, reads and rates its own tickets) or a handling
    unit's own system (signs and replies for that unit, and never speaks for a requester). Only the
    key's hash is kept."""

    name = models.CharField(max_length=80, unique=True)
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True)
    scopes = ArrayField(
        models.CharField(max_length=24, choices=Scope.choices), default=_default_scopes
    )
    key_hash = models.CharField(max_length=64, unique=True)
    rate_per_minute = models.PositiveIntegerField(default=600)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(channel__isnull=False) | models.Q(unit__isnull=False),
                name="client_has_channel_or_unit",
            ),
            models.CheckConstraint(
                condition=models.Q(unit__isnull=True)
                | ~models.Q(scopes__overlap=[scope.value for scope in NEVER_A_UNITS]),
                name="unit_key_speaks_for_no_requester",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def hash_key(key: str) -> str:
        """Keys are 256 random bits, so a plain hash suffices and the look-up stays exact."""
        return hashlib.sha256(key.encode()).hexdigest()

    @staticmethod
    def new_key() -> str:
        return "hk_" + secrets.token_urlsafe(32)
