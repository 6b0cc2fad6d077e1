"""履职清单: what a street, a community or a department may be asked to do."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class ListedKind(models.TextChoices):
    STREET = "street", _("街道（乡镇）")
    COMMUNITY = "community", _("社区（村）")
    DEPARTMENT = "department", _("部门")


class Stance(models.TextChoices):
    """What the list says about the listed units' part in a matter."""

    LEADS = "leads", _("主责")
    ASSISTS = "assists", _("配合")
    NOT_DUTY = "not_duty", _("不得派给")


class DutyList(models.Model):
    """One edition of a list, for all units of a kind (departments: of a line), in force from a
    day until the next edition (R-038, R-040)."""

    code = models.CharField(max_length=32)
    edition = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=80)
    unit_kind = models.CharField(max_length=12, choices=ListedKind.choices)
    line = models.CharField(max_length=24, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "edition"], name="one_duty_list_edition"),
            models.UniqueConstraint(
                fields=["unit_kind", "line"],
                name="one_duty_list_in_force",
                condition=models.Q(valid_to__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.edition}"


class DutyItem(models.Model):
    """An item of a list: the classes it speaks of (the longest code that fits a matter decides)
    and the units' part in them."""

    duty_list = models.ForeignKey(DutyList, models.CASCADE, related_name="items")
    code = models.CharField(max_length=24)
    text = models.CharField(max_length=200)
    categories = ArrayField(models.CharField(max_length=6))
    stance = models.CharField(max_length=8, choices=Stance.choices)
    basis = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["duty_list", "code"], name="one_item_per_code")
        ]

    def __str__(self) -> str:
        return self.code
