"""What a chunk reads of a person for the wording is what `lead_values` gives."""

import json

import pytest

from campaigns.content import fields
from campaigns.merge_values import Person, Wanted, lead_values
from leads.imports.fields import LEAD_FIELDS
from leads.models import Lead

CUSTOM = {"industry": "Shipping", "a.b": 3, "yes": True, "none": None, "list": [1, {"c": 2}], "unused": "x"}
FIELDS = {"first_name", "full_name", "email", *(f"custom.{name}" for name in CUSTOM if name != "unused")}
OTHERS = {"custom.absent", "unheard_of", "postal_address"}


@pytest.mark.parametrize("custom", [CUSTOM, {}, None])
def test_the_fields_of_a_wording_are_read_as_all_fields_are(custom):
    lead = Lead(email="Ada@x.example", first_name="Ada", last_name="Byron", company="Acme", custom=custom)
    columns = {name: getattr(lead, name, "") for name in Person._fields}
    person = Person(**{**columns, "recipient": 1, "lead": 2, "custom": json.dumps(custom)})

    read = Wanted(FIELDS | OTHERS).values(person)

    assert read == {name: value for name, value in lead_values(lead).items() if name in FIELDS}
    assert read["full_name"] == "Ada Byron"


def test_a_mail_can_show_what_an_import_fills_by_name():
    assert {*LEAD_FIELDS} - fields.LEAD_FIELDS == {"timezone", "company_size"}  # a rule for sending, and a number
