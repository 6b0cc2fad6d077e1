"""Fixtures of the whole test suite, in sections: the stack, the database, speed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from hotline import localstack
from hotline.localstack import paths

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from pytest_django import DjangoDbBlocker

# === The stack ============================================================================
# pytest-django reads the settings before any conftest, so the throw-away servers are written
# into them here, before the first connection. The developer's own data is never touched: the
# stack lives in a temporary folder. Run in several processes (-n), each has servers of its own, so
# no test meets another's messages; who only hands out the tests needs none.

_stack = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    hands_out = bool(config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"))
    if not (config.option.collectonly or hands_out or os.environ.get("DATABASE_URL")):
        _stack.enter_context(localstack.throwaway())
        _use_the_stack()


def pytest_unconfigure(config: pytest.Config) -> None:
    _stack.close()


def _use_the_stack() -> None:
    """Tests flush as owner, so `default` connects as owner; refusals use `as_app_role`."""
    from django.conf import settings

    for alias in ("default", "owner"):
        settings.DATABASES[alias].update(
            HOST=str(paths.run_folder()), USER=paths.OWNER_ROLE, PASSWORD="", PORT=""
        )
    # The same for the processes that tests start.
    os.environ["DATABASE_URL"] = paths.database_url(paths.OWNER_ROLE)
    os.environ["DATABASE_APP_URL"] = paths.database_url(paths.APP_ROLE)
    if not os.environ.get("REDIS_URL"):
        settings.CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"] = paths.broker_url()
        settings.CACHES["default"]["LOCATION"] = os.environ["CACHE_URL"] = paths.cache_url()


# === The database =========================================================================


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The application role gets in the test database what it gets in the real one."""
    from django.db import connections

    from hotline.ops.management.commands.grants import grant

    if os.environ.get("DATABASE_APP_URL"):
        with django_db_blocker.unblock():
            grant(paths.APP_ROLE)
            connections["owner"].close()  # nobody may be connected when the database is dropped


@pytest.fixture(autouse=True)
def _nothing_remembered(request: pytest.FixtureRequest) -> None:
    """A test's rows are gone with it; what was counted of them goes too."""
    marked = request.node.get_closest_marker("django_db")
    if marked or {"db", "transactional_db"} & {*request.fixturenames}:
        from evaluation import memos

        memos.forget()


@pytest.fixture
def as_app_role(db: None) -> Callable[[], AbstractContextManager[Connection]]:
    """`with as_app_role() as connection:` is a psycopg2 connection to the test database as
    `hotline_app`, the role that the running site has: what it may not do fails here.

    It sees committed rows only: use it with `@pytest.mark.django_db(transaction=True)`, or for
    refusals, which need no rows.
    """
    import psycopg2
    from django.db import connection as owner

    address = os.environ.get("DATABASE_APP_URL")
    if not address:
        pytest.skip("DATABASE_APP_URL names no application role for the external database")
    name = owner.settings_dict["NAME"]

    @contextmanager
    def connect() -> Iterator[Connection]:
        connection = psycopg2.connect(address, dbname=name)
        try:
            yield connection
        finally:
            connection.close()

    return connect


# === What differs from a running site =====================================================


@pytest.fixture(autouse=True, scope="session")
def settings_of_tests() -> Iterator[None]:
    """Argon2 is slow on purpose and no test is about its strength; static files are named as
    they lie in the tree, because nobody has collected them in a fresh clone."""
    from django.conf import settings
    from django.test import override_settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={**settings.STORAGES, "staticfiles": plain},
    ):
        yield
