"""Refusals of dispatch, as sentences."""

from . import orders

SENTENCES = {**orders.SENTENCES}
