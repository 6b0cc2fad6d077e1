"""通报: what was published about a month, kept as it was published."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.content import BulletinContent


class BulletinKind(models.TextChoices):
    MONTHLY = "monthly", _("月度通报")


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    def of_month(self, month: str) -> BulletinQuerySet:
        """The editions of a month's bulletin, the first one first."""
        return self.filter(kind=BulletinKind.MONTHLY, month=month).order_by("edition")


class Bulletin(models.Model):
    """One edition of a bulletin. Append-only: what was found to be wrong later is said in an
    erratum and in another edition, and this one stays.

    `data` is all of its content as published (`content`), `digest` the SHA-256 of it.
    `errata_known` is the number of the month's newest erratum when it was published: later ones
    are not in it. `is_specimen` (样张): no authority was configured to issue it.
    """

    kind = models.CharField(max_length=12, choices=BulletinKind.choices)
    month = models.CharField(max_length=7)
    edition = models.PositiveSmallIntegerField(help_text="1, 2, …; none replaces another")
    title = models.CharField(max_length=120)
    number = models.CharField(max_length=40)
    issuer = models.CharField(max_length=80)
    is_specimen = models.BooleanField()
    is_simulated = models.BooleanField()
    errata_known = models.PositiveSmallIntegerField()
    data = models.JSONField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=40)

    objects = BulletinQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "month", "edition"], name="one_bulletin_per_edition"
            ),
            models.CheckConstraint(condition=models.Q(edition__gte=1), name="editions_begin_at_1"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.kind} {self.edition}"

    @property
    def content(self) -> BulletinContent:
        return BulletinContent.from_json(self.data)


class FileKind(models.TextChoices):
    DOCX = "docx", "DOCX"
    XLSX = "xlsx", "XLSX"
    CSV = "csv", "CSV"
    JSON = "json", "JSON"
    # The second dataset of the open data: requests by class and area.
    REQUESTS_CSV = "req_csv", _("诉求量 CSV")
    REQUESTS_JSON = "req_json", _("诉求量 JSON")


class BulletinFile(models.Model):
    """A bulletin as a file, byte for byte as it was published; `digest` is the SHA-256 of `body`.
    Append-only."""

    bulletin = models.ForeignKey(Bulletin, models.PROTECT, related_name="files")
    kind = models.CharField(max_length=8, choices=FileKind.choices)
    name = models.CharField(max_length=80)
    content_type = models.CharField(max_length=100)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bulletin", "kind"], name="one_file_per_bulletin_and_kind"
            )
        ]

    def __str__(self) -> str:
        return self.name
