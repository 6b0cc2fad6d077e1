"""Small tables that change rarely and are read on every act: kept in the process for seconds.

A change made in this process is seen at once; one made elsewhere within `SECONDS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db.models import Model
from django.db.models.signals import post_delete, post_save

T = TypeVar("T")
SECONDS = 30.0
_all: list[Remembered] = []


class Remembered(Generic[T]):
    """The result of `load`, loaded again when older than `SECONDS` or forgotten."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._value: T | None = None
        self._until = 0.0
        _all.append(self)

    def __call__(self) -> T:
        if self._value is None or time.monotonic() >= self._until:
            self._value = self._load()
            self._until = time.monotonic() + SECONDS
        return self._value

    def forget(self) -> None:
        self._value = None


def remembered(*models: type[Model]) -> Callable[[Callable[[], T]], Remembered[T]]:
    """Decorator: remember a loader's result until one of `models` is saved here."""

    def wrap(load: Callable[[], T]) -> Remembered[T]:
        value = Remembered(load)

        def forget(**_kwargs: object) -> None:
            value.forget()

        for model in models:
            post_save.connect(forget, sender=model, weak=False)
            post_delete.connect(forget, sender=model, weak=False)
        return value

    return wrap


def forget_all() -> None:
    """After a bulk load, and between tests."""
    for value in _all:
        value.forget()
