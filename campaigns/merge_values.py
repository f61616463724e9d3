"""The values that merge fields take for one lead."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import connection
from django.db.models import BooleanField, Case, F, Q, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Trim
from django.db.models.lookups import Exact

from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS
from campaigns.models import Sender
from campaigns_project.accounts.models import Organization
from campaigns_project.database.arrays import bigints
from leads.models import Lead

# A third of the time of `json.loads`, for a text that is surely JSON and nothing behind it.
_decoded = json.JSONDecoder().raw_decode


class Person(NamedTuple):
    """A recipient and what mails are made of: the columns alone, since a chunk reads hundreds of them."""

    recipient: int
    lead: int
    email_address: str
    email: str
    email_normalized: str
    first_name: str
    last_name: str
    company: str
    title: str
    phone: str
    website: str
    linkedin_url: str
    city: str
    country: str
    seniority: str
    industry: str
    company_domain: str
    custom: str  # JSON; most wordings ask for none of it

    @property
    def full_name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.first_name} {self.last_name}".strip()


def people_of(recipients: Iterable[int]) -> dict[int, Person]:
    """Those recipients that are still there, by id; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [bigints(recipients)])
        # The last column is jsonb, which Django has the driver leave as text.
        return {row[0]: Person(*row) for row in cursor.fetchall()}


# Lead by lead: for a chunk of a thousand the planner would rather read all leads, up to some hundred thousand of them.
_PEOPLE = f"""
SELECT recipient.id, lead.id, recipient.email_address, {", ".join(f"lead.{name}" for name in Person._fields[3:])}
FROM campaign_recipients recipient CROSS JOIN LATERAL (SELECT * FROM leads WHERE id = recipient.lead_id LIMIT 1) lead
WHERE recipient.id = ANY(%s::bigint[])
"""  # noqa: S608 - names of our own


def lead_values(lead: Lead) -> dict[str, str]:
    """Every field of `lead` a template may use; custom ones as `custom.name`."""
    return {**{name: getattr(lead, name) for name in LEAD_FIELDS}, **_custom_values(lead.custom or {})}


class Wanted:
    """Some of the merge fields, read from person after person."""

    def __init__(self, fields: Collection[str]):
        self._columns = sorted(LEAD_FIELDS.intersection(fields))
        self._custom = {name.removeprefix(CUSTOM_PREFIX) for name in fields if name.startswith(CUSTOM_PREFIX)}

    def values(self, person: Person) -> dict[str, str]:
        """What `lead_values` gives for these fields."""
        values: dict[str, str] = {name: getattr(person, name) for name in self._columns}
        if self._custom:
            custom: Mapping[str, object] = _decoded(person.custom)[0] or {}
            values.update(_custom_values({name: value for name, value in custom.items() if name in self._custom}))
        return values


def _custom_values(custom: Mapping[str, object]) -> dict[str, str]:
    return {f"{CUSTOM_PREFIX}{name}": str(value) for name, value in custom.items() if value is not None}


def mail_values(sender: Sender, organization: Organization, unsubscribe_url: str) -> dict[str, str]:
    """The fields that come from who sends it."""
    return {
        "sender_name": sender.name or sender.email,
        "sender_email": sender.email,
        "unsubscribe_url": unsubscribe_url,
        "organization_name": organization.name,
        "postal_address": organization.postal_address,
    }


def presence(fields: Iterable[str], *, lead: str = "lead__") -> dict[str, Case]:
    """Annotations `has_0`, `has_1`, ... in the order of `fields`: whether the lead has a value there.

    `lead` is the way to the lead's columns; empty in a query of leads.
    Recipients that agree in all of them need one rendering between them to learn whether a value is missing.
    """
    return {f"has_{number}": _is_present(field, lead) for number, field in enumerate(fields)}


def _is_present(field: str, lead: str) -> Case:
    if field == "full_name":
        absent = Q(**{f"{lead}first_name": "", f"{lead}last_name": ""})
        return Case(When(absent, then=Value(False)), default=Value(True), output_field=BooleanField())
    text: KeyTextTransform | F
    if field.startswith(CUSTOM_PREFIX):
        text = KeyTextTransform(field.removeprefix(CUSTOM_PREFIX), f"{lead}custom")
    else:
        text = F(f"{lead}{field}")
    blank = Q(Exact(Trim(Coalesce(text, Value(""), output_field=TextField())), Value("")))
    return Case(When(blank, then=Value(False)), default=Value(True), output_field=BooleanField())
