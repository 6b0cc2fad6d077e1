"""What an agent has typed and not yet submitted."""

from __future__ import annotations

from django.db import models

from hotline.core.fields import EncryptedTextField
from hotline.core.models import Staff


class Draft(models.Model):
    """An unfinished form, kept on the server at every pause in typing. Encrypted whole: it holds
    a caller's name and number. Deleted on submission."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="drafts")
    form = models.CharField(max_length=40, help_text="registration, reply:NUMBER, …")
    content = EncryptedTextField(help_text="JSON of the form's fields")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["staff", "form"], name="one_draft_per_form")]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.form}"
