"""The verbs of dispatch: who may do what to a ticket, and where it must stand."""

from . import orders

__all__ = ["orders"]
