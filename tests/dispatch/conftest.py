"""Fixtures of dispatch's tests: the small city, as the kernel's tests have it."""

from tests.kernel.conftest import city, months

__all__ = ["city", "months"]
