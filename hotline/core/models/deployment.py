"""What this installation is: one deployment is one city."""

from __future__ import annotations

from django.db import models


class Deployment(models.Model):
    """The one row that says which city this is and whether its tickets are invented."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    city_name = models.CharField(max_length=40, default="示例市")
    is_simulated = models.BooleanField(default=False)
    reference = models.CharField(max_length=20, blank=True, help_text="which reference data")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_deployment_is_one_city")
        ]

    def __str__(self) -> str:
        return self.city_name
