"""Invented people for the fake Apollo, the same at every start."""

from dataclasses import dataclass, field
from typing import Any

FIRST = ["Ada", "Bruno", "Chiara", "Dara", "Emil", "Fatima", "Goran", "Hana", "Ivo", "Jun", "Katya", "Luis"]
LAST = ["Lovelind", "Moreno", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Sato", "Torres", "Urban", "Vogel"]
TITLES = ["Head of Growth", "CEO", "Marketing Manager", "Founder", None, "VP Sales"]
SENIORITY = {"Head of Growth": "head", "CEO": "c_suite", "Marketing Manager": "manager", "Founder": "founder"}
PLACES = [
    ("Berlin", "Germany", "Europe/Berlin"),
    ("Lisbon", "Portugal", "Europe/Lisbon"),
    ("Austin", "United States", "America/Chicago"),
]


@dataclass
class Person:
    """One of them: `number` decides everything; what a test wants otherwise it sets."""

    number: int
    email_status: str | None = "verified"
    is_known: bool = True  # enriching finds something
    is_locked: bool = False  # … but hands out no address
    is_catch_all: bool = False
    is_contact: bool = False  # saved by the team, address and all
    has_email: bool = True
    new_id: str = ""  # merged into another: answers under this one
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"64a{self.number:021x}"

    @property
    def first_name(self) -> str:
        return FIRST[self.number % len(FIRST)]

    @property
    def last_name(self) -> str:
        return f"{LAST[self.number % len(LAST)]}{self.number}"

    @property
    def title(self) -> str | None:
        return TITLES[self.number % len(TITLES)]

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@{self.domain}".lower()

    @property
    def domain(self) -> str:
        return f"firm{self.number % 7}.example"

    @property
    def place(self) -> tuple[str, str, str]:
        return PLACES[self.number % len(PLACES)]

    def found(self) -> dict[str, Any]:
        """As the current search shows somebody."""
        hidden = f"{self.last_name[:2]}***{self.last_name[-1]}"
        return {
            "id": self.id,
            "first_name": self.first_name,
            "last_name_obfuscated": hidden,
            "title": self.title,
            "last_refreshed_at": "2026-05-04T10:00:00.000+00:00",
            "has_email": self.has_email,
            "has_city": True,
            "has_state": True,
            "has_country": True,
            "has_direct_phone": "Maybe: please request direct dial",
            "organization": {"name": self._company, "has_industry": True, "has_employee_count": True},
        }

    def found_legacy(self) -> dict[str, Any]:
        """As the older search shows somebody: all but the address."""
        return {**self._whole(), "email": "email_not_unlocked@domain.com"}

    def contact(self) -> dict[str, Any]:
        """As somebody the team has saved."""
        return {
            **self._whole(),
            "id": f"65c{self.number:021x}",
            "person_id": self.id,
            "email_true_status": "Verified",
            "email_unsubscribed": False,
            "phone_numbers": [{"raw_number": "+49 30 000000", "sanitized_number": "+4930000000"}],
            **self.more,
        }

    def match(self) -> dict[str, Any]:
        """As enriching tells of somebody."""
        return {
            **self._whole(),
            "id": self.new_id or self.id,
            "email": "email_not_unlocked@domain.com" if self.is_locked else self.email,
            "email_domain_catchall": self.is_catch_all,
            "revealed_for_current_team": True,
            **self.more,
        }

    @property
    def _company(self) -> str:
        return f"Firm {self.number % 7} GmbH"

    def _whole(self) -> dict[str, Any]:
        city, country, zone = self.place
        return {
            "id": self.id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "name": f"{self.first_name} {self.last_name}",
            "linkedin_url": f"http://www.linkedin.com/in/person-{self.number}",
            "title": self.title,
            "headline": None,
            "email": self.email,
            "email_status": self.email_status,
            "extrapolated_email_confidence": None,
            "city": city,
            "state": city,
            "country": country,
            "time_zone": zone,
            "seniority": SENIORITY.get(self.title or "", "senior"),
            "departments": ["master_marketing"],
            "organization_id": f"5e0{self.number % 7:021x}",
            "organization": {
                "id": f"5e0{self.number % 7:021x}",
                "name": self._company,
                "primary_domain": self.domain,
                "website_url": f"http://www.{self.domain}",
                "industry": "information technology & services",
                "estimated_num_employees": 20 * (self.number % 7) + 5,
            },
            "employment_history": [],
        }
