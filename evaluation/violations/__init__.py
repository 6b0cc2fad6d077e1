"""Refusals of evaluation, as sentences."""

from . import calling, links, months, pleas, schemes

SENTENCES = {
    **calling.SENTENCES,
    **links.SENTENCES,
    **months.SENTENCES,
    **pleas.SENTENCES,
    **schemes.SENTENCES,
}
