"""Made-up people in the shape of a bought directory: the same ones each time, at addresses that cannot exist."""

import csv
import io
import random
import re
import unicodedata

FIRST = (
    "Ada Aino Alma Anouk Arne Björn Carla Clara Dario Edda Elin Emil Enzo Erik Fabian Femke Freya Gábor Greta "
    "Hanne Henrik Ida Ilja Ines Jakub Jana Joost Jürgen Kaisa Katrin Lars Lene Léa Luca Magda Maja Marek Matteo "
    "Mila Nadia Niels Nora Olga Oskar Paula Petr Pia Rasmus René Rita Sofie Søren Tilda Tomas Ulla Vera Viktor "
    "Wanda Yara Zoë"
)
LAST = (
    "Aalto Adler Baker Bergström Bianchi Brandt Carlsen Costa Dahl de-Vries Dvořák Eriksen Falk Fischer Gallo "
    "Grey Haas Hansen Horák Ivanov Jansen Jensen Kask Keller Kowalski Kruse Larsen Lind Maier Marino Meyer Moreau "
    "Müller Nagy Nilsson Novák Olsen Petersen Peltonen Quist Rasmussen Ricci Rossi Sand Schmidt Sørensen Storm "
    "Svoboda Tamm Thomsen Urban Vasquez Virtanen Vogel Wagner Weiss Winter Young Zeman Zimmer"
)
NAMES = (
    "Albatross Anchor Beacon Breakwater Capstan Compass Cormorant Crane Current Driftwood Estuary Fathom Fjord "
    "Gannet Halyard Headland Heron Jetty Kestrel Keel Lagoon Lighthouse Mainsail Mooring Narwhal Osprey Pelican "
    "Petrel Plover Quay Rudder Sandbar Seabird Skerry Spinnaker Tern Trawler Windlass"
)
TRADES = ("Shipping", "Freight", "Yards", "Marine", "Logistics", "Fisheries", "Ferries", "Cargo")
TITLES = (
    "Port Manager", "Head of Operations", "Logistics Manager", "Fleet Manager", "Purchasing Manager", "Yard Manager",
    "Chief Operating Officer", "Managing Director", "Harbor Master", "Dispatcher", "Office Manager", "Sales Director",
)  # fmt: skip
PLACES = (
    ("Hamburg", "Germany"), ("Rotterdam", "Netherlands"), ("Antwerp", "Belgium"), ("Gdańsk", "Poland"),
    ("Göteborg", "Sweden"), ("Aarhus", "Denmark"), ("Bergen", "Norway"), ("Turku", "Finland"), ("Tallinn", "Estonia"),
    ("Riga", "Latvia"), ("Le Havre", "France"), ("Genoa", "Italy"), ("Bilbao", "Spain"), ("Porto", "Portugal"),
)  # fmt: skip
# Of addresses; an import goes by them, and mails that leave in that order should not all go to one first name.
SHAPES = ("{first}.{last}", "{first[0]}.{last}", "{last}", "{last}.{first}")
HEADER = ("Email", "First name", "Last name", "Company", "Title", "City", "Country")


def directory(number: int) -> bytes:
    """A CSV of `number` people."""
    chance = random.Random(7)  # noqa: S311 - made-up people, not a secret
    pairs = chance.sample([(first, last) for first in FIRST.split() for last in LAST.split()], number)
    companies = NAMES.split()
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(HEADER)
    taken: set[str] = set()
    for first, last in pairs:
        company = f"{chance.choice(companies)} {chance.choice(TRADES)}"
        names = {"first": _plain(first), "last": _plain(last)}
        address = f"{chance.choice(SHAPES).format(**names)}@{_plain(company)}.example"
        if address in taken:
            address = f"{SHAPES[0].format(**names)}@{_plain(company)}.example"
        taken.add(address)
        rows.writerow([address, first, last.replace("-", " "), company, chance.choice(TITLES), *chance.choice(PLACES)])
    return out.getvalue().encode()


def _plain(words: str) -> str:
    """As it would stand in an address: letters of ASCII, and a hyphen for everything between them."""
    flat = unicodedata.normalize("NFKD", words.lower().replace("ø", "o")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", flat).strip("-")
