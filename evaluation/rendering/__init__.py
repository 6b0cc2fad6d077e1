"""How evaluation's events read."""

from . import calling, links, months, pleas, schemes

__all__ = ["calling", "links", "months", "pleas", "schemes"]
