import io
from typing import Any

import pytest
from django_q.models import OrmQ

from campaigns.models import Campaign, Recipient
from campaigns.tasks import enroll_imported
from campaigns.tests.factories import NOON, CampaignFactory, LeadFactory, OrganizationFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.imports.options import ImportOptions
from leads.imports.previewing import dry_run
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.models import LeadImport, Suppression

pytestmark = pytest.mark.django_db
PEOPLE = b"email\nana@acme.example\nbob@acme.example\nout@acme.example\nbad\n"


def imported(campaign: Campaign) -> LeadImport:
    made = receive(
        organization=campaign.organization,
        stream=io.BytesIO(PEOPLE),
        file_name="people.csv",
        options=ImportOptions(enroll_into=campaign.pk),
        actor=SYSTEM,
        now=NOON,
        in_background=False,
    )
    return run_import(lead_import_id=made.pk, now=NOON)


def test_people_of_an_import_are_enrolled_into_the_draft_it_names(django_capture_on_commit_callbacks: Any):
    draft = CampaignFactory()
    LeadFactory(organization=draft.organization, email="elsewhere@acme.example")
    LeadFactory(organization=draft.organization, email="ana@acme.example")
    Suppression.objects.create(organization=draft.organization, address="out@acme.example")

    with django_capture_on_commit_callbacks(execute=True):
        done = imported(draft)
    (task,) = OrmQ.objects.all()
    for _ in range(2):
        enroll_imported(*task.task["args"])

    assert task.task["func"] == "campaigns.tasks.enroll_imported"
    assert sorted(Recipient.objects.values_list("email_address", flat=True)) == ["ana@acme.example", "bob@acme.example"]
    done.refresh_from_db()
    assert done.options["enrollment"] == {
        "campaign": draft.pk,
        "enrolled": 0,
        "skipped": {"already_enrolled": 2, "suppressed": 1},
    }


def test_campaign_started_meanwhile_gets_nobody_and_the_import_says_so():
    draft = CampaignFactory()
    done = imported(draft)
    Campaign.objects.update(status="running", started_at=NOON)

    enroll_imported(done.pk)

    done.refresh_from_db()
    assert done.options["enrollment"]["refused"] == f"Campaign {draft.pk} is no draft any more: nobody was enrolled."
    assert not Recipient.objects.exists()


@pytest.mark.parametrize("is_stranger", [True, False])
def test_import_into_what_is_no_draft_of_ours_is_refused_before_it_begins(is_stranger: bool):
    campaign = CampaignFactory() if is_stranger else CampaignFactory(running=True)
    organization = OrganizationFactory() if is_stranger else campaign.organization
    options = ImportOptions(enroll_into=campaign.pk)
    given: dict[str, Any] = {"organization": organization, "file_name": "people.csv", "options": options}

    with pytest.raises(Refused) as refused:
        receive(stream=io.BytesIO(PEOPLE), actor=SYSTEM, now=NOON, **given)
    with pytest.raises(Refused):
        dry_run(stream=io.BytesIO(PEOPLE), **given)

    assert refused.value.code == ("unknown_campaign" if is_stranger else "campaign_not_draft")
    assert not LeadImport.objects.exists()
