"""The verbs of evaluation: who may do what to a ticket, and where it must stand."""

from . import calling, pleas

__all__ = ["calling", "pleas"]
