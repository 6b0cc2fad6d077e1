"""How long a promise may take, and which days are working days."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from hotline.core.working_time import TimeUnit


class ClockKind(models.TextChoices):
    """Everything somebody has promised to do by an instant."""

    PROMISE = "promise", _("对诉求人承诺")
    DISPATCH = "dispatch", _("派单")
    SIGN = "sign", _("签收")
    FIRST_CONTACT = "first_contact", _("先行联系")
    FEEDBACK = "feedback", _("办理反馈")
    FINAL_REPLY = "final_reply", _("最终答复")
    MEASURE = "measure", _("下一步措施")
    OBJECTION_WINDOW = "objection_window", _("派单异议期")
    RULING = "ruling", _("异议审核")
    PENDING_PAUSE = "pending_pause", _("异议与补充期间停计上限")
    COOPERATION = "cooperation", _("协办反馈")
    DELEGATION = "delegation", _("转交办理反馈")
    EXTENSION = "extension", _("延期上限")
    EXTENSION_RULING = "extension_ruling", _("延期审核")
    FACTS = "facts", _("诉求人补充情况")
    LEDGER_RULING = "ledger_ruling", _("挂账审核")
    LEDGER_REVIEW = "ledger_review", _("挂账复核")
    CONSULTATION = "consultation", _("会商")
    COORDINATION = "coordination", _("分级协调答复")
    ONSITE = "onsite", _("到场")
    ONSITE_RULING = "onsite_ruling", _("现场责任划分")
    RISE_TO_ORDER = "rise_to_order", _("超时升级为督办")
    RISE_TO_CRITICISM = "rise_to_criticism", _("超时升级为通报批评")
    CALLBACK_DELAY = "callback_delay", _("回访起始间隔")
    CALLBACK = "callback", _("回访")
    SUPERVISION = "supervision", _("督办答复")
    CLOSING = "closing", _("办结")
    RATING_LINK = "rating_link", _("评价链接有效期")
    EXCLUSION_RULING = "exclusion_ruling", _("剔除审核")
    APPEAL_RULING = "appeal_ruling", _("考评申诉审核")
    SCORE_APPEAL = "score_appeal", _("月度成绩申诉审核")
    REOPEN_WINDOW = "reopen_window", _("重新受理期")


# What follows a missed promise while it stays unkept; it ends with that promise.
RISING_KINDS = (ClockKind.RISE_TO_ORDER, ClockKind.RISE_TO_CRITICISM)


# What is decided about a ticket's assessment goes on when the ticket is closed.
LASTING_KINDS = (ClockKind.EXCLUSION_RULING, ClockKind.APPEAL_RULING)


class TimeLimit(models.Model):
    """The length of one kind of promise for a level, in force from a day (design §5, R-055, §14).

    `level` and `urgency` empty mean "any"; the row that names more wins. `times` is how often it
    may be used on one order, where that is limited (an extension).
    """

    kind = models.CharField(max_length=20, choices=ClockKind.choices)
    level = models.CharField(max_length=8, blank=True)
    urgency = models.CharField(max_length=8, blank=True)
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=16, choices=[(u.value, u.value) for u in TimeUnit])
    times = models.PositiveSmallIntegerField(null=True, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=120, help_text="where the number comes from")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="limit_is_positive"),
            ExclusionConstraint(
                name="one_limit_in_force",
                expressions=[
                    (F("kind"), RangeOperators.EQUAL),
                    (F("level"), RangeOperators.EQUAL),
                    (F("urgency"), RangeOperators.EQUAL),
                    (
                        Func(F("valid_from"), F("valid_to"), Value("[)"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.level}{self.urgency}: {self.amount} {self.unit}"


class CalendarDay(models.Model):
    """A day of the State Council's calendar: working day or not, with 调休 applied."""

    day = models.DateField(primary_key=True)
    is_workday = models.BooleanField()
    name = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=60)

    def __str__(self) -> str:
        return f"{self.day}: {'工作日' if self.is_workday else '休息日'}"
