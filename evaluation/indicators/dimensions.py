"""七有五性: what of a good life a class of matters touches."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from knowledge.models import categories


class Dimension(models.TextChoices):
    """The seven 有 and the five 性, in their usual order."""

    CHILDCARE = "childcare", _("幼有所育")
    EDUCATION = "education", _("学有所教")
    WORK = "work", _("劳有所得")
    HEALTH = "health", _("病有所医")
    ELDERLY = "elderly", _("老有所养")
    HOUSING = "housing", _("住有所居")
    SUPPORT = "support", _("弱有所扶")
    CONVENIENCE = "convenience", _("便利性")
    LIVEABILITY = "liveability", _("宜居性")
    DIVERSITY = "diversity", _("多样性")
    FAIRNESS = "fairness", _("公正性")
    SAFETY = "safety", _("安全性")


def classes_of(dimension: str) -> list[int]:
    """The classes tagged with a dimension; a class may carry several."""
    with override(None):  # tags are data, in the city's language
        tag = str(Dimension(dimension).label)
    return [pk for pk, category in categories().items() if tag in category.dimensions]
