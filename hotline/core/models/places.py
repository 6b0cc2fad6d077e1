"""The city's territory: city → district → street → community → grid."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AreaKind(models.TextChoices):
    CITY = "city", _("市")
    DISTRICT = "district", _("区")
    STREET = "street", _("街道（乡镇）")
    ZONE = "zone", _("功能区")
    COMMUNITY = "community", _("社区（村）")
    GRID = "grid", _("网格")


class Area(models.Model):
    """A piece of territory. `path` is the codes from the city down, each ended by a slash,
    so that everything inside an area is one prefix search."""

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=AreaKind.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = models.CharField(max_length=120, unique=True)
    pinyin = models.CharField(max_length=120, blank=True, help_text="initials, for typing ahead")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=AreaKind.values), name="area_kind_is_known"
            )
        ]
        indexes = [models.Index(fields=["kind", "name"], name="area_kind_name_typeahead")]

    def __str__(self) -> str:
        return self.name

    def code_at(self, depth: int) -> str | None:
        """The code of the ancestor at `depth` (0 the city, 1 the district, 2 the street)."""
        codes = self.path.rstrip("/").split("/")
        return codes[depth] if depth < len(codes) else None


class AreaAlias(models.Model):
    """What people call an area beside its official name."""

    area = models.ForeignKey(Area, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=80, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "name"], name="one_alias_per_area")]

    def __str__(self) -> str:
        return self.name


class AreaPopulation(models.Model):
    """Residents of an area in a year, with the source; estimates are marked and never ranked."""

    area = models.ForeignKey(Area, models.CASCADE, related_name="populations")
    year = models.PositiveSmallIntegerField()
    residents = models.PositiveIntegerField()
    is_estimate = models.BooleanField(default=False)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "year"], name="one_population_per_area_year")
        ]

    def __str__(self) -> str:
        return f"{self.area_id} {self.year}: {self.residents}"
