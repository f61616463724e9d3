"""A CSV as a data vendor sends it: twelve columns, two of them our user's own, one row of a hundred with a problem."""

import csv
from collections.abc import Iterator
from pathlib import Path

HEADER = (
    *("First Name", "Last Name", "Email", "Company", "Job Title", "Phone", "Website", "LinkedIn", "City", "Country"),
    *("Employees", "Signal"),
)
_FIRST = ("Ana", "Bob", "Zoë", "Jürgen", "Šárka", "Łukasz", "Renée", "Grace", "Omar", "Mei", "Ivo", "Åsa")
_LAST = ("Miller", "O'Brien", "Größmann", "Říhová", "Świątek", "Sjöberg", "Öztürk", "Ioannou", "Smith", "Novák")
_FIRMS = ("Harbor Foods, Inc.", "Weiß & Söhne GmbH", "Čedok, a.s.", "Northwind Traders", 'Talleres "El Faro", S.L.')
_TITLES = ("Head of Operations", "Buyer, EMEA", "CEO", "Facility Manager", "VP Marketing", "Owner")
_PLACES = (
    ("Málaga", "Spain"),
    ("Köln", "Germany"),
    ("Łódź", "Poland"),
    ("Plzeň", "Czechia"),
    ("Leeds", "United Kingdom"),
)
_SIGNALS = ("opened a second site", "", "is hiring", "moved offices, 2026", "")


def write_people(path: Path, rows: int) -> None:
    """Write `rows` people, always the same ones."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        writer.writerows(_people(rows))


def _people(rows: int) -> Iterator[tuple[str, ...]]:
    for n in range(rows):
        first, last = _FIRST[n % len(_FIRST)], _LAST[n // 7 % len(_LAST)]
        site = f"firm{n % 40_000}.example"
        city, country = _PLACES[n // 11 % len(_PLACES)]
        yield (
            first, last, _address(n, site), f"{_FIRMS[n % len(_FIRMS)]} {n % 40_000}", _TITLES[n // 3 % len(_TITLES)],
            f"+49 {n % 1_000_000:06} {n % 90:02}", f"www.{site}", f"https://www.linkedin.com/in/person-{n}", city,
            country, str(10 + n % 900), _SIGNALS[n % len(_SIGNALS)],
        )  # fmt: skip


def _address(n: int, site: str) -> str:
    match n % 300:
        case 17:
            return f"person{n}(at){site}"
        case 117:
            return ""
        case 217:
            return f"Person{n - 1}@firm{(n - 1) % 40_000}.example"
        case _:
            return f"person{n}@{site}"
