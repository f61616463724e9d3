from datetime import timedelta

from campaigns_project.accounts.models import Organization
from leads.imports.remembering import remember, remembered
from leads.models import ImportMapping
from leads.tests.imports.conftest import NOON

HEADER = ["E-Mail", "Color"]


def test_a_header_is_known_again_in_another_order_and_case(organization: Organization):
    remember(
        organization=organization, header=HEADER, mapping={"E-Mail": "email"}, words={}, file_name="a.csv", now=NOON
    )

    found = remembered(organization=organization, header=["color", "EMAIL"])

    assert found is not None
    assert (found.mapping, found.file_name, found.used_at) == ({"E-Mail": "email"}, "a.csv", NOON)


def test_the_last_decision_counts(organization: Organization):
    for day, color in enumerate(("custom.color", "ignore")):
        remember(
            organization=organization,
            header=HEADER,
            mapping={"E-Mail": "email", "Color": color},
            words={},
            file_name=f"{day}.csv",
            now=NOON + timedelta(days=day),
        )

    assert list(ImportMapping.objects.values_list("file_name", "mapping")) == [
        ("1.csv", {"E-Mail": "email", "Color": "ignore"})
    ]


def test_another_header_and_another_organization_know_nothing_of_it(organization: Organization):
    other = Organization.objects.create(name="Other", slug="other")
    remember(organization=organization, header=HEADER, mapping={}, words={}, file_name="a.csv", now=NOON)

    assert remembered(organization=organization, header=["E-Mail"]) is None
    assert remembered(organization=other, header=HEADER) is None
