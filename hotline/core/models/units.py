"""The units that handle matters, and the hotline itself."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .places import Area


class UnitKind(models.TextChoices):
    HOTLINE = "hotline", _("热线中心")
    DISTRICT = "district", _("区")
    STREET = "street", _("街道（乡镇）")
    COMMUNITY = "community", _("社区（村）")
    CITY_DEPARTMENT = "city_department", _("市级部门")
    DISTRICT_DEPARTMENT = "district_department", _("区级部门")
    ENTERPRISE = "enterprise", _("公共服务企业")
    OFFICE = "office", _("街道内设机构")
    LIAISON = "liaison", _("央地军地联络机构")
    SECOND_RECEIVER = "second_receiver", _("二次接单单位（物业企业、产权单位）")


# They assist the unit above them; what they do is done in its name. A property company or
# an owner is a second receiver (双派双考): it has a part and a date of its own, never the matter.
ASSISTING_KINDS = (UnitKind.COMMUNITY, UnitKind.OFFICE, UnitKind.SECOND_RECEIVER)


class AssessmentGroup(models.TextChoices):
    """Units are compared inside one group only (R-091)."""

    STREET_TOWN = "street_town", _("街道乡镇")
    DISTRICT = "district", _("区")
    CITY_DEPARTMENT = "city_department", _("市级部门")
    ENTERPRISE = "enterprise", _("公共服务企业")
    # Scored beside the units that ask them (双派双考), shown to those concerned, never published.
    SECOND_RECEIVER = "second_receiver", _("二次接单单位（不公布）")
    NONE = "none", _("不参评")


class UnitQuerySet(models.QuerySet["Unit"]):
    def in_force(self, on: dt.date) -> UnitQuerySet:
        """Units that exist on a day; dissolved ones stay in the table for history."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)

    def can_lead(self, on: dt.date) -> UnitQuerySet:
        """A community, a street's office or a second receiver assists and never leads (R-040);
        the hotline dispatches to others."""
        return self.in_force(on).exclude(kind__in=[*ASSISTING_KINDS, UnitKind.HOTLINE])


class Unit(models.Model):
    """A handling unit. Never deleted: reorganised units end and name their successor."""

    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=20, choices=UnitKind.choices)
    group = models.CharField(
        max_length=20, choices=AssessmentGroup.choices, default=AssessmentGroup.NONE
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="units", help_text="its territory"
    )
    line = models.CharField(
        max_length=24, blank=True, help_text="the line of duty of a department or enterprise"
    )
    is_round_the_clock = models.BooleanField(default=False, help_text="R-041")
    pinyin = models.CharField(max_length=120, blank=True, help_text="initials, for typing ahead")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    objects = UnitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=models.F("valid_from")),
                name="unit_ends_after_it_begins",
            ),
            # What a community or a street's office does is done in the street's name.
            models.CheckConstraint(
                condition=~Q(kind__in=["community", "office"]) | Q(group="none"),
                name="communities_are_never_assessed",
            ),
            models.CheckConstraint(
                condition=Q(kind="second_receiver", group__in=["second_receiver", "none"])
                | (~Q(kind="second_receiver") & ~Q(group="second_receiver")),
                name="second_receivers_in_a_group_of_their_own",
            ),
        ]

    def __str__(self) -> str:
        return self.name
