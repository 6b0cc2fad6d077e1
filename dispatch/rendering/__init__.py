"""How dispatch's events read."""

from . import orders

__all__ = ["orders"]
