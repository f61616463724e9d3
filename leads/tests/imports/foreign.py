"""Writes a CSV as a foreign system would export it: `python -m leads.tests.imports.foreign OUT.csv [ROWS]`.

UTF-8 with a byte order mark, Spanish headers, one column no field knows, commas and quotation marks inside quoted
cells, names from all over Europe. Every address is its own and ends in `.example`.
"""

# ruff: noqa: RUF001

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

HEADER = ("Nombre", "Apellidos", "Correo electrónico", "Empresa", "Cargo", "Teléfono", "Ciudad", "País", "Almacén")
_FIRST = (
    "Íñigo",
    "Zoë",
    "Jürgen",
    "Šárka",
    "Łukasz",
    "Győző",
    "Åsa",
    "Çağrı",
    "Renée",
    "Ana",
    "Олена",
    "Νίκος",
    "花子",
)
_LAST = (
    "Muñoz Ibáñez",
    "O'Brien",
    "Größmann",
    "Říhová",
    "Świątek",
    "Szőke",
    "Sjöberg",
    "Öztürk",
    "Шевченко",
    "Ioannou",
)
_FIRMS = (
    'Talleres "El Faro", S.L.',
    "Weiß & Söhne, GmbH",
    "Harbor Foods, Inc.",
    "Čedok, a.s.",
    "Señal Única",
    "Ünal A.Ş.",
)
_TITLES = ("Directora, Compras", "Jefe de almacén", "Gerente", "Responsable de «marketing»")
_PLACES = (("Málaga", "España"), ("Köln", "Alemania"), ("Łódź", "Polonia"), ("Plzeň", "Chequia"), ("Évora", "Portugal"))


def foreign_rows(count: int) -> Iterator[tuple[str, ...]]:
    """`count` people, always the same ones."""
    for number in range(count):
        yield (
            _FIRST[number % len(_FIRST)],
            _LAST[number // 3 % len(_LAST)],
            f"persona.{number}@empresa-{number % 400}.example",
            _FIRMS[number // 7 % len(_FIRMS)],
            _TITLES[number // 5 % len(_TITLES)],
            f"+34 900 {number % 1000:03d} {number // 1000 % 1000:03d}",
            *_PLACES[number // 11 % len(_PLACES)],
            "Alimentación, bebidas" if number % 2 else "",
        )


def write_foreign(path: Path, *, rows: int = 10_000) -> Path:
    """Write the file and give its path back."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        writer.writerows(foreign_rows(rows))
    return path


if __name__ == "__main__":
    write_foreign(Path(sys.argv[1]), rows=int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
