"""Which unit of the fictitious city leads: by the line for utilities and departments, by the place
for what a street handles. A stand-in for the dispatch catalogue, without a database."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where the matter is: the codes of the district and of the street."""

    district: str
    street: str


STREET = "{street}"
# The longest prefix of the class's code decides.
LEADS: dict[str, str] = {
    "01": "ent-heat",
    "02": "ent-water",
    "0204": "ent-drain",
    "03": "ent-power",
    "0304": "{district}-urban",
    "04": "ent-gas",
    "05": STREET,
    "0505": "{district}-housing",
    "06": "{district}-housing",
    "0606": STREET,
    "07": STREET,
    "08": "{district}-urban",
    "09": STREET,
    "10": STREET,
    "1003": "city-transport",
    "11": "city-transport",
    "1101": "ent-bus",
    "1102": "ent-metro",
    "1104": "{district}-urban",
    "1105": "city-traffic-police",
    "12": "{district}-ecology",
    "1202": STREET,
    "1203": STREET,
    "13": "{district}-housing",
    "1303": "city-planning",
    "14": "{district}-market",
    "15": "{district}-labour",
    "1502": "city-labour",
    "16": "{district}-health",
    "1604": "city-insurance",
    "17": "{district}-education",
    "18": "{district}-civil",
    "1805": "city-disabled",
    "19": STREET,
    "1904": "{district}-police",
    "1905": "{district}-police",
    "20": "{district}-police",
    "21": STREET,
    "22": "{district}-parks",
    "2203": "city-water",
    "23": "city-culture",
    "2303": "city-sport",
    "2304": "city-telecom",
    "2305": "city-post",
    "24": "city-government",
}


def lead(category: str, place: Place) -> str:
    """The code of the unit that leads a matter of this class at this place. Raises KeyError for a
    class outside the taxonomy."""
    pattern = LEADS.get(category[:4]) or LEADS[category[:2]]
    return pattern.format(district=place.district, street=place.street)


def mistaken(category: str, place: Place) -> str:
    """Where a dispatcher in a hurry sends it: the street gets what belongs to a line, and the
    district what belongs to the street."""
    right = lead(category, place)
    return place.district if right == place.street else place.street
