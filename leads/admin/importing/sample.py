"""The file that the first step of an import offers, to see what one looks like."""

import csv
import io
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.formulas import guard

ROWS = [
    ["email", "first_name", "last_name", "company", "title", "country", "industry"],
    ["ana.marin@acme.example", "Ana", "Marin", "Acme", "Head of Sales", "Spain", "Shipping"],
    ["petr.novak@globex.example", "Petr", "Novák", "Globex", "CEO", "Czechia", "Energy"],
]


@dataclass(frozen=True)
class Sample:
    """The file, and what it is in a few words."""

    name: str
    words: str
    text: str


def sample_for(request: HttpRequest) -> Sample:
    """A small file that imports as it is; for those of the demo 20 people, with rows to find and to correct."""
    if held_roles(request).scope(Organization.objects.filter(is_demo=True), Role.OPERATOR).exists():
        text = (settings.BASE_DIR / "samples" / "twenty.csv").read_text(encoding="utf-8")
        return Sample("twenty-people.csv", "20 made-up people, three rows broken on purpose", text)
    out = io.StringIO()
    csv.writer(out).writerows([guard(cell) for cell in row] for row in ROWS)
    return Sample("sample-leads.csv", "two people", out.getvalue())
