"""Fixtures of the kernel's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from hotline.core.partitions import ensure_months
from hotline.core.reference import forget_all
from tests.factories import AT, days, seed_reference

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def months(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The partitions the small city asks for, made once instead of in every test."""
    with django_db_blocker.unblock():
        ensure_months(AT.date() - days(62), AT.date() + days(92))


@pytest.fixture
def city(months: None, db: None) -> None:
    """The small reference city, with nothing remembered from the test before."""
    forget_all()
    seed_reference()
