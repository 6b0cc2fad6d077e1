"""Refusals of dispatch, as sentences."""

from . import (
    assisting,
    catalogue,
    coordination,
    instructing,
    liaison,
    onsite,
    orders,
    spreadsheets,
    time_asked,
)

SENTENCES = {
    **assisting.SENTENCES,
    **catalogue.SENTENCES,
    **coordination.SENTENCES,
    **instructing.SENTENCES,
    **liaison.SENTENCES,
    **onsite.SENTENCES,
    **orders.SENTENCES,
    **spreadsheets.SENTENCES,
    **time_asked.SENTENCES,
}
