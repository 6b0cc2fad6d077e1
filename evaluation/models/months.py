"""月度封账: a month from its draft over appeals to frozen scores."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import AssessmentGroup, Unit

from .schemes import Scheme


class MonthDraft(models.Model):
    """The month is shown to the units, who may appeal until `appeals_until`. Facts recorded after
    `facts_until` no longer count for it. Append-only; a month is running before, closed when a
    `MonthClose` stands."""

    month = models.CharField(max_length=7, unique=True)
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    facts_until = models.DateTimeField()
    appeals_until = models.DateTimeField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.month} draft"


class CloseRequest(models.Model):
    """Somebody has decided that the month is to be closed; the worker does it. Append-only: asked
    once, done once."""

    draft = models.OneToOneField(MonthDraft, models.PROTECT, related_name="close_request")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.draft_id} to be closed"


class MonthClose(models.Model):
    """封账: from here the month's rows can neither be changed nor added to. Append-only.

    `digest` is that of all its inputs and scores; `manage.py recompute` makes it again from the
    events, answers and decisions recorded before.
    """

    month = models.CharField(max_length=7, unique=True)
    draft = models.OneToOneField(MonthDraft, models.PROTECT, related_name="close")
    closed_at = models.DateTimeField()
    closed_by = models.CharField(max_length=40)
    outcome_count = models.PositiveIntegerField()
    scoring_version = models.PositiveSmallIntegerField(
        help_text="of the code that scored it: `evaluation.scoring.VERSION`"
    )
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.month} closed"


class ScoreMark(models.TextChoices):
    """Why a unit has no rank."""

    NONE = "", _("参加排名")
    IDLE = "idle", _("本月无承办")
    SMALL = "small", _("样本不足")
    COVERAGE = "coverage", _("回访覆盖不足")
    OBSERVED = "observed", _("仅观察，不排名")


class StreetClass(models.TextChoices):
    NONE = "", _("未分类")
    ADVANCED = "advanced", _("先进类")
    PROGRESS = "progress", _("进步类")
    RECTIFICATION = "rectification", _("整改类")
    GOVERNANCE = "governance", _("治理类")


class UnitScore(models.Model):
    """One unit's score of a closed month, as published. Append-only like the rows it counts.

    Rates and scores are decimals rounded once from exact fractions. `digest` is that of the unit's
    inputs: its frozen rows, the scheme and the bonuses.
    """

    month = models.CharField(max_length=7)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    # The unit's code and group as they were when the month was closed.
    code = models.CharField(max_length=32)
    group = models.CharField(max_length=20, choices=AssessmentGroup.choices)
    band = models.PositiveSmallIntegerField(default=0, help_text="volume band, peers are inside")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+", db_index=False)
    # Counts of tickets (F-1…F-4, F-21).
    volume = models.PositiveIntegerField()
    due = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()
    contacted = models.PositiveIntegerField()
    resolved = models.PositiveIntegerField()
    satisfied = models.PositiveIntegerField()
    basically = models.PositiveIntegerField()
    excluded = models.PositiveIntegerField()
    not_counted = models.PositiveIntegerField()
    set_aside = models.PositiveIntegerField()
    on_ledger = models.PositiveIntegerField()
    repeats = models.PositiveIntegerField()
    # Rates in percent, scores in points; None: no sample (F-5).
    response = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    resolution = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    satisfaction = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    coverage = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    base_score = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    bonus = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    score = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    low = models.DecimalField(
        max_digits=6, decimal_places=2, null=True, help_text="of its interval"
    )
    high = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    # The place among its peers.
    rank = models.PositiveSmallIntegerField(null=True)
    previous_rank = models.PositiveSmallIntegerField(null=True)
    rank_band = models.PositiveSmallIntegerField(null=True, help_text="units not told apart share")
    mark = models.CharField(max_length=12, choices=ScoreMark.choices, blank=True)
    is_tail = models.BooleanField(default=False)
    unit_class = models.CharField(max_length=16, choices=StreetClass.choices, blank=True)
    is_published = models.BooleanField(default=True)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "unit"], name="one_score_per_month_and_unit"),
            models.CheckConstraint(
                condition=Q(rank__isnull=True) | Q(mark=""), name="marked_units_have_no_rank"
            ),
        ]
        indexes = [
            # Reader: a unit's year (述职).
            models.Index(fields=["unit", "month"], name="score_of_unit")
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.unit_id}: {self.score}"


class Erratum(models.Model):
    """勘误: what is wrong in a published month and what is right, beside it, never instead of it.
    Append-only."""

    month = models.CharField(max_length=7)
    number = models.PositiveSmallIntegerField()
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    wrong = models.CharField(max_length=500)
    right = models.CharField(max_length=500)
    reason = models.CharField(max_length=500)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "number"], name="one_erratum_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.month} #{self.number}"


class RulingOutcome(models.TextChoices):
    UPHELD = "upheld", _("成立")
    REJECTED = "rejected", _("不成立")


class ScoreAppeal(models.Model):
    """A unit objects to its line in a draft month. What an upheld one changes is done by the acts
    that can change it (an exclusion, a bonus), before the month is closed."""

    draft = models.ForeignKey(MonthDraft, models.PROTECT, related_name="appeals")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=1000)
    raised_at = models.DateTimeField()
    raised_by = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=RulingOutcome.choices, blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.CharField(max_length=40, blank=True)
    ruling = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "unit"],
                name="one_open_score_appeal",
                condition=Q(outcome=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} × {self.unit_id}"


class BonusGround(models.TextChoices):
    """For what points are added (F-20, R-095)."""

    HARD_CASE = "hard_case", _("解决疑难问题")
    PROACTIVE = "proactive", _("主动治理成效")
    TOPIC_FALL = "topic_fall", _("每月一题诉求下降")
    ZERO_REQUEST = "zero_request", _("零诉求社区（村）")


class Bonus(models.Model):
    """加分: proposed by one, approved by another, capped by the scheme (F-20)."""

    month = models.CharField(max_length=7)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    ground = models.CharField(max_length=16, choices=BonusGround.choices)
    points = models.DecimalField(max_digits=4, decimal_places=2)
    evidence = models.CharField(max_length=500)
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=40)
    outcome = models.CharField(max_length=12, choices=RulingOutcome.choices, blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.CharField(max_length=40, blank=True)
    ruling = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0), name="bonus_adds"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.unit_id} +{self.points}"


class Talk(models.Model):
    """约谈 of a unit at the end of a month's ranking: when, what was said, what it undertakes
    (R-092). Append-only."""

    month = models.CharField(max_length=7)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    held_on = models.DateField()
    summary = models.CharField(max_length=1000)
    undertaking = models.CharField(max_length=1000)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "unit"], name="one_talk_per_month_and_unit")
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.unit_id}"
