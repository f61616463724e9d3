import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Job
from campaigns.tests.factories import CampaignFactory, ProviderAccountFactory
from campaigns_project.audit.models import AuditLog

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments):
    out = StringIO()
    call_command("fetch_leads", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def code_of(*arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return refused.value.returncode


@pytest.fixture
def bare(db, apollo):
    """A campaign without a lead source."""
    campaign = CampaignFactory()
    ProviderAccountFactory(organization=campaign.organization, api_key="master-key")
    return campaign


def test_it_queues_a_fetch_and_leaves_its_entries(bare):
    out = run(bare.pk, "--filter", "person_titles=ceo", "--filter", "person_titles=founder", "--count", 3, "--yes")

    job = Job.objects.get()
    assert "8 people found; fetching 3 of them costs about 3 credits." in out
    assert (job.kind, job.status, job.total) == ("fetch", "queued", 3)
    assert job.state["source"]["filters"] == {"person_titles": ["ceo", "founder"]}
    entries = AuditLog.objects.order_by("pk").values_list("action", "via")
    assert [*entries][-2:] == [("campaign.lead_source_set", "fetch_leads"), ("campaign.fetch_requested", "fetch_leads")]


def test_a_dry_run_asks_and_changes_nothing(bare, apollo):
    told = json.loads(run(bare.pk, "--filter", "person_titles=ceo", "--count", 3, "--dry-run", "--json"))

    bare.refresh_from_db()
    assert (told["found"]["total"], told["found"]["about_credits"]) == (4, 3)
    assert (bare.lead_source, Job.objects.count(), dict(apollo.sold)) == ({}, 0, {})


def test_without_a_yes_nothing_is_spent_or_set(bare):
    assert code_of(bare.pk, "--filter", "person_titles=ceo", "--count", 3) == 7
    bare.refresh_from_db()
    assert bare.lead_source == {}


def test_what_will_not_count_has_to_be_acknowledged(bare):
    url = "https://app.apollo.io/#/people?personTitles[]=ceo&qOrganizationSearchListId=abc"

    assert code_of(bare.pk, "--url", url, "--count", 3, "--yes") == 2
    run(bare.pk, "--url", url, "--count", 3, "--yes", "--acknowledge", "qOrganizationSearchListId=abc")

    bare.refresh_from_db()
    assert bare.url == url


def test_exit_codes_say_what_kind_of_no_it_was(bare):
    assert code_of(999_999, "--filter", "person_titles=ceo", "--count", 3, "--yes") == 3
    assert code_of(bare.pk, "--yes") == 4
    assert code_of(bare.pk, "--filter", "person_titles", "--count", 3) == 2
    assert code_of(bare.pk, "--filter", "nonsense=1", "--count", 3) == 2
    assert code_of(bare.pk, "--filter", "person_titles=ceo", "--yes") == 2
