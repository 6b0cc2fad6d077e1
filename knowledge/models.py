"""What a matter can be about."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hotline.core.reference import remembered


class Category(models.Model):
    """A class of the three-level taxonomy (domain: 24 first-level classes, codes 2-2-2 digits).

    `default_level` and `default_urgency` propose how urgent a matter of this class is;
    `dimensions` are the 七有五性 tags it is counted under.
    """

    code = models.CharField(max_length=6, unique=True)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=120, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    depth = models.PositiveSmallIntegerField(help_text="1 to 3")
    default_level = models.CharField(max_length=8, blank=True)
    default_urgency = models.CharField(max_length=8, blank=True)
    lead_hint = models.CharField(
        max_length=120, blank=True, help_text="the line that usually leads"
    )
    dimensions = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    pinyin = models.CharField(max_length=120, blank=True, help_text="initials, for typing ahead")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(depth__gte=1, depth__lte=3), name="category_has_three_levels"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ClassGuide(models.Model):
    """诉求事项分类指引: what belongs to a class, what belongs elsewhere, what to ask the caller.

    A phrase of `excludes` may name the right class by its code; `confusable` are the codes of
    the classes that callers' words fit just as well.
    """

    category = models.OneToOneField(Category, models.CASCADE, related_name="guide")
    definition = models.CharField(max_length=200)
    includes = ArrayField(models.CharField(max_length=100), default=list)
    excludes = ArrayField(models.CharField(max_length=100), default=list)
    confusable = ArrayField(models.CharField(max_length=6), default=list)
    questions = ArrayField(models.CharField(max_length=100), default=list)

    def __str__(self) -> str:
        return f"guide {self.category_id}"


@remembered(Category)
def categories() -> dict[int, Category]:
    """Every class by id: a few hundred rows, read on every page."""
    return {category.pk: category for category in Category.objects.all()}


def category_path(category_id: int | None) -> str:
    """The class as people read it: 供热供暖 › 温度不达标."""
    names: list[str] = []
    known = categories()
    category = known.get(category_id) if category_id else None
    while category is not None:
        names.append(category.name)
        category = known.get(category.parent_id) if category.parent_id else None
    return " › ".join(reversed(names))


def category_by_code(code: str) -> Category | None:
    return next((c for c in categories().values() if c.code == code and c.is_active), None)


def ancestors(category: Category) -> list[Category]:
    """The classes above it, the first level first."""
    known, above = categories(), []
    parent_id = category.parent_id
    while parent_id is not None:
        above.append(known[parent_id])
        parent_id = above[-1].parent_id
    return above[::-1]


@remembered(ClassGuide)
def _guides() -> dict[int, ClassGuide]:
    return {guide.category_id: guide for guide in ClassGuide.objects.all()}


def guide_of(category: Category) -> ClassGuide | None:
    """The class's own guide; for a class without one that of the nearest class above it."""
    own = (c for c in [category, *reversed(ancestors(category))] if c.pk in _guides())
    return next((_guides()[c.pk] for c in own), None)
