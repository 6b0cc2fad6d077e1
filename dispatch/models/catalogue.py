"""派单目录: which unit leads which matter where, by version; and precedents set by rulings."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from hotline.core.models import Area, Unit
from hotline.core.working_time import TimeUnit
from knowledge.models import Category


class CatalogueVersion(models.Model):
    """One edition of the catalogue. A draft has no `valid_from`; a published edition never
    changes, so an order that names it can be explained for ever (R-039)."""

    number = models.PositiveIntegerField(unique=True)
    note = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=40)
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=40, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, valid_from__isnull=True)
                | Q(published_at__isnull=False, valid_from__isnull=False),
                name="published_version_has_a_first_day",
            ),
            ExclusionConstraint(
                name="one_catalogue_in_force",
                expressions=[
                    (
                        Func(F("valid_from"), F("valid_to"), Value("[)"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(valid_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"catalogue {self.number}"


class CatalogueEntry(models.Model):
    """Matters of a class in an area: who leads, who co-operates, how urgent, by what limit, and on
    what basis. `lead` and `cooperators` are targets as `routing` reads them: `street`, `district`,
    `bureau:<line>`, `city:<line>`, `enterprise:<line>`, `unit:<code>`, `community`. An empty area
    is the whole city; an empty basis is never stored: 无公布依据 is said aloud."""

    version = models.ForeignKey(CatalogueVersion, models.CASCADE, related_name="entries")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+", db_index=False)
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="+", db_index=False)
    lead = models.CharField(max_length=40)
    cooperators = ArrayField(models.CharField(max_length=40), default=list)
    level = models.CharField(max_length=8, blank=True)
    urgency = models.CharField(max_length=8, blank=True)
    limit_amount = models.PositiveIntegerField(null=True, help_text="another law's limit (R-058)")
    limit_unit = models.CharField(
        max_length=16, blank=True, choices=[(u.value, u.value) for u in TimeUnit]
    )
    basis = models.CharField(max_length=200)
    remark = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "category", "area"],
                name="one_entry_per_class_and_area",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=~Q(basis=""), name="entry_names_its_basis"),
            models.CheckConstraint(
                condition=Q(limit_amount__isnull=True, limit_unit="")
                | (Q(limit_amount__gt=0) & ~Q(limit_unit="")),
                name="entry_limit_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category_id} → {self.lead}"


class Precedent(models.Model):
    """A ruling that decides like cases until it is ended: the class and area it speaks of, and
    the unit it named."""

    category = models.ForeignKey(Category, models.PROTECT, related_name="+", db_index=False)
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    objection = models.OneToOneField(
        "dispatch.Objection", models.PROTECT, null=True, related_name="precedent"
    )
    clause = models.CharField(max_length=500, help_text="the ruling, as it will be quoted")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=40)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category", "area"],
                name="one_precedent_in_force",
                nulls_distinct=False,
                condition=Q(valid_to__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"precedent {self.category_id} → {self.unit_id}"
