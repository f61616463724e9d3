import pytest

from leads.imports.names import split_full_name


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ana Novak", "Ana", "Novak"),
        ("Ana Maria Novak", "Ana Maria", "Novak"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Ana de la Cruz", "Ana", "de la Cruz"),
        ("Dr. Ana Novak", "Ana", "Novak"),
        ("Ing. Jiří Novák Ph.D.", "Jiří", "Novák"),
        ("Novák, Jiří", "Jiří", "Novák"),
        ("Martin Luther King, Jr.", "Martin Luther", "King"),
        ("Van Morrison", "Van", "Morrison"),
        ("Cher", "Cher", ""),
        ("Dr. Who", "Who", ""),
        ("山田太郎", "山田太郎", ""),
        ("  Ana   Novak ", "Ana", "Novak"),
        ("", "", ""),
    ],
)
def test_full_name_is_split(name: str, first: str, last: str):
    assert split_full_name(name) == (first, last)
