"""Pages are read by somebody who has signed in, at a frozen time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from hotline.core.models import Role, Staff, Unit
from tests import factories as make


@pytest.fixture(autouse=True)
def _small_city(db: None, settings: Settings) -> None:
    """The small city."""
    make.seed_reference()
    settings.SESSION_COOKIE_AGE = 90 * 86_400  # the clock moves by days while somebody reads


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    """The time of the pages: `clock.move_to(…)`. Starts when the factories' tickets do."""
    with time_machine.travel(make.AT, tick=False) as coordinates:
        yield coordinates


SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(clock: time_machine.Coordinates) -> SignIn:
    """`sign_in(role, unit)` is a browser in which somebody in this role is at work."""

    def signed_in(
        role: str = Role.AGENT, unit: Unit | None = None, *, staff: Staff | None = None
    ) -> Client:
        client = Client()
        client.force_login(staff or make.make_staff(role, unit))
        return client

    return signed_in
