"""What a column of a file may become: the fields of a lead, and free fields under `custom`."""

import re
import unicodedata
from dataclasses import dataclass

CUSTOM_PREFIX = "custom."
IGNORE = "ignore"
FULL_NAME = "full_name"
DO_NOT_CONTACT = "do_not_contact"
CUSTOM_KEY_MAX = 100
CUSTOM_VALUE_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a lead that a column can fill; `max_length` counts characters, as the database does.

    Of a number (`company_size`) it counts those of the cell it is read from.
    """

    name: str
    label: str
    max_length: int


FIELDS: tuple[Field, ...] = (
    Field("email", "e-mail", 254),
    Field("first_name", "first name", 150),
    Field("last_name", "last name", 150),
    Field("company", "company", 200),
    Field("title", "title", 200),
    Field("phone", "phone", 50),
    Field("website", "website", 300),
    Field("linkedin_url", "LinkedIn address", 300),
    Field("city", "city", 120),
    Field("country", "country", 120),
    Field("timezone", "time zone", 64),
    Field("seniority", "seniority", 40),
    Field("industry", "industry", 120),
    Field("company_domain", "company website domain", 255),
    Field("company_size", "company size", 60),
)
BY_NAME = {field.name: field for field in FIELDS}
LEAD_FIELDS = tuple(BY_NAME)

# A full name fills first and last name; it is a target of columns, not a field that is stored.
OF_A_PERSON = (*LEAD_FIELDS, FULL_NAME)
# Nor is what says who must not be written to: those rows are suppressed.
TARGETS = (*OF_A_PERSON, DO_NOT_CONTACT)
OF_SEVERAL = frozenset({DO_NOT_CONTACT})  # any number of columns may say it, and one of them is enough
FULL_NAME_MAX = 300


def is_custom(target: str) -> bool:
    """Whether the target is a key under `custom`, such as `custom.industry`."""
    return target.startswith(CUSTOM_PREFIX)


def custom_key(text: str) -> str:
    """The key a header is kept under: `Company Size (2024)` -> `company_size_2024`; empty when nothing is left.

    Accents are dropped, letters of every script stay, so that templates can say `{{ custom.company_size_2024 }}`.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    key = re.sub(r"\W+", "_", unicodedata.normalize("NFC", plain).lower()).strip("_")
    return f"n{key}" if key[:1].isdigit() else key
