"""Columns that hold personal data: encrypted, found by keyed hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from hotline.core.privacy import crypto

if TYPE_CHECKING:
    _Base = models.Field[Any, Any]
else:
    _Base = models.BinaryField


class EncryptedTextField(_Base):
    """Text that is clear in Python and encrypted in the database; the bytes carry the version
    of the key, so keys can be changed while old rows stay readable (design §7)."""

    def from_db_value(self, value: Any, *_args: Any) -> str | None:
        return None if value is None else crypto.decrypt(bytes(value), settings.ENCRYPTION_KEYS)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, bytes | memoryview):
            return super().get_db_prep_value(value, connection, prepared)
        encrypted = crypto.encrypt(value, settings.ENCRYPTION_KEYS)
        return super().get_db_prep_value(encrypted, connection, prepared)

    def value_to_string(self, obj: models.Model) -> str:
        raise NotImplementedError("personal data is not serialised")

    def to_python(self, value: Any) -> Any:
        return value


def exact_hash(value: str) -> bytes:
    """What an encrypted value is found by; the hash key is apart from the encryption key."""
    return crypto.keyed_hash(value, settings.HASH_KEYS)


def exact_hashes(value: str) -> list[bytes]:
    """The hashes under every key in use: what a look-up compares with, so that rows written
    before a change of keys are found."""
    return crypto.keyed_hashes(value, settings.HASH_KEYS)
