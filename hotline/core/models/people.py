"""Staff and what they are in which unit."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .units import Unit


class Role(models.TextChoices):
    AGENT = "agent", _("话务员")
    DISPATCHER = "dispatcher", _("派单员")
    HANDLER = "handler", _("承办人")
    MANAGER = "manager", _("承办单位负责人")
    DISTRICT_SUPERVISOR = "district_supervisor", _("区督导")
    CITY_SUPERVISOR = "city_supervisor", _("市督导")
    CALLBACK_AGENT = "callback_agent", _("回访员")
    KNOWLEDGE_EDITOR = "knowledge_editor", _("知识编辑")
    AUDITOR = "auditor", _("监察（只读）")
    ADMINISTRATOR = "administrator", _("系统管理员")
    CONTRACTOR = "contractor", _("外包话务")


class StaffManager(BaseUserManager["Staff"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Staff:
        staff = self.model(username=username, **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff


class Staff(AbstractBaseUser):
    """A person who signs in. What they may do comes from memberships only."""

    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=60)
    staff_no = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True, help_text="where digests of notices go")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name"]

    objects = StaffManager()

    def __str__(self) -> str:
        return self.display_name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, on: dt.date) -> MembershipQuerySet:
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)


class Membership(models.Model):
    """A person is something in a unit for a time."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=24, choices=Role.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "unit", "role", "valid_from"], name="one_membership_at_a_time"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.role} @ {self.unit_id}"
