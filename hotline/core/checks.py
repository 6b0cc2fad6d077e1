"""What must be right before the site starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from hotline.core.privacy import crypto


def keys_are_usable(**_options: Any) -> list[CheckMessage]:
    """The keys that personal data is encrypted and hashed with can be read."""
    try:
        crypto.check_keys(settings.ENCRYPTION_KEYS, settings.HASH_KEYS)
    except crypto.BadKey as error:
        return [Error(str(error), hint="ENCRYPTION_KEYS, HASH_KEYS", id="hotline.E001")]
    return []
