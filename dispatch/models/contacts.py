"""What a unit did with its order: contacts and replies."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .assignments import Assignment


class ContactMethod(models.TextChoices):
    PHONE = "phone", _("电话")
    VISIT = "visit", _("上门见面")
    MESSAGE = "message", _("短信或网络")
    RELAY = "relay", _("经热线转达")


class Contact(models.Model):
    """The unit has spoken to the requester (or tried to, through the hotline's relay)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="contacts")
    method = models.CharField(max_length=8, choices=ContactMethod.choices)
    contacted_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=40)
    remark = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.method} {self.contacted_at:%m-%d %H:%M}"


class ReplyKind(models.TextChoices):
    SITUATION = "situation", _("情况反馈")
    PLAN = "plan", _("下一步措施")
    FINAL = "final", _("办理答复")
    INTERIM = "interim", _("协办阶段性反馈")
    RESULT = "result", _("协办结果")


class Solved(models.TextChoices):
    """What the unit itself says; the requester's word is another fact."""

    YES = "yes", _("已解决")
    PARTLY = "partly", _("部分解决")
    NO = "no", _("未解决")


class Reply(models.Model):
    """What a unit fed back: the lead to the requester and the hotline (R-064), an assisting unit to
    the unit that asked it (R-051)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="replies")
    kind = models.CharField(max_length=12, choices=ReplyKind.choices)
    round = models.PositiveSmallIntegerField(default=1)
    text = models.TextField()
    solved = models.CharField(max_length=8, choices=Solved.choices, blank=True)
    told_by = models.CharField(max_length=8, choices=ContactMethod.choices, blank=True)
    told_at = models.DateTimeField(null=True)
    late_reason = models.CharField(max_length=500, blank=True, help_text="R-051")
    replied_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.kind} {self.replied_at:%m-%d %H:%M}"
