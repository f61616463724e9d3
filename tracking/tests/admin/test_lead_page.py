"""The page of a lead and the page on which another is put into it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import LeadNote, LeadUserStatus, Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    EventFactory,
    LeadChangeFactory,
    LeadFactory,
    LeadNoteFactory,
    MessageFactory,
    OrganizationFactory,
    RecipientFactory,
    StepFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member, press
from leads.models import Lead, LeadChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization(db: None) -> Any:
    return OrganizationFactory()


@pytest.fixture
def lead(organization: Any) -> Any:
    return LeadFactory(organization=organization, email="ana@acme.example", company="Acme")


@pytest.fixture
def operator(organization: Any) -> Client:
    return member(organization, Role.OPERATOR)


@pytest.fixture
def manager(organization: Any) -> Client:
    return member(organization, Role.MANAGER)


def shown(client: Client, lead: Lead, **asked: str) -> str:
    return client.get(reverse("admin:leads_lead_change", args=[lead.pk]), asked).content.decode()


def merge_url(lead: Lead) -> str:
    return reverse("admin:leads_lead_merge", args=[lead.pk])


def test_somebody_nothing_happened_with_has_a_page_that_says_so(operator, lead):
    page = shown(operator, lead)

    assert "Nothing sent yet." in page
    assert "In no campaign yet." in page


def test_a_change_by_hand_is_told_with_what_stood_there_before(operator, lead):
    operator.post(
        reverse("admin:leads_lead_change", args=[lead.pk]),
        {"email": lead.email, "first_name": lead.first_name, "last_name": lead.last_name, "company": "Acme GmbH"},
    )

    assert LeadChange.objects.values_list("changes", "source").get() == ({"company": ["Acme", "Acme GmbH"]}, "person")
    assert "company “Acme” → “Acme GmbH”" in shown(operator, lead)


def test_a_note_and_a_status_are_kept_from_the_small_forms_of_the_page(operator, lead):
    for act, said in (("write_note", {"text": "Called."}), ("set_status", {"status": "interested"})):
        address = reverse(f"admin:leads_lead_{act}", args=[lead.pk])
        answer = operator.post(address, {**said, "_form_submitted": "on"})
        assert answer["Location"] == reverse("admin:leads_lead_change", args=[lead.pk])

    assert LeadNote.objects.get().text == "Called."
    assert LeadUserStatus.objects.get().status == "interested"
    page = shown(operator, lead)
    assert "Called." in page
    assert "Interested" in page


def test_a_viewer_sees_no_form_to_write_with(organization, lead):
    page = shown(member(organization, Role.VIEWER), lead)

    assert "Keep note" not in page
    assert merge_url(lead) not in page


def test_one_part_of_the_timeline_is_shown_alone(operator, organization, lead):
    message = MessageFactory(recipient__lead=lead, recipient__campaign__organization=organization)
    EventFactory(message=message, event_type="click")

    page = shown(operator, lead, show="clicks")

    assert "Clicked a link in step 1" in page
    assert "was sent" not in page


def test_a_part_or_a_place_there_is_none_of_is_not_found(operator, lead):
    address = reverse("admin:leads_lead_timeline", args=[lead.pk])

    assert [operator.get(address, asked).status_code for asked in ({"show": "x"}, {"before": "x"})] == [404, 404]


def test_what_is_older_comes_as_a_part_of_the_page_without_a_second_heading_for_its_day(operator, lead):
    for number in range(60):
        LeadChangeFactory(lead=lead, created_at=NOON, changes={"company": [str(number), "x"]})

    first = operator.get(reverse("admin:leads_lead_change", args=[lead.pk]))
    older = operator.get(first.context["older_url"]).content.decode()

    assert first.content.decode().count("<li>\n        <time") == 50
    assert older.count("<time class") == 10
    assert "fl-day" not in older
    assert "Load older" not in older


def test_a_page_of_a_lead_in_more_campaigns_costs_no_more_queries(operator, organization):
    counts = []
    for number in (1, 3):
        lead = LeadFactory(organization=organization)
        for _ in range(number):
            campaign = CampaignFactory(organization=organization, running=True)
            recipient = RecipientFactory(campaign=campaign, lead=lead, next_step=StepFactory(campaign=campaign))
            EventFactory(message=MessageFactory(recipient=recipient))
            LeadNoteFactory(lead=lead, campaign=campaign)
        shown(operator, lead)
        with CaptureQueriesContext(connection) as queries:
            shown(operator, lead)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_person_is_taken_out_of_all_campaigns_at_once(operator, organization, lead):
    for _ in range(2):
        RecipientFactory(lead=lead, campaign__organization=organization)

    press(operator, reverse("admin:leads_lead_de_enroll_everywhere", args=[lead.pk]), reason="asked for it")
    again = press(operator, reverse("admin:leads_lead_de_enroll_everywhere", args=[lead.pk]), reason="twice")

    assert set(Recipient.objects.values_list("exit_reason", flat=True)) == {"de_enrolled"}
    assert "is in no campaign any more" in again.content.decode()


def test_a_merge_is_looked_at_and_then_done(manager, organization, lead):
    other = LeadFactory(organization=organization, email="ana@old.example", company="Old & Co", title="CEO")

    page = manager.get(merge_url(lead), {"other": "ANA@old.example"}).content.decode()
    untouched = Lead.objects.count()
    done = manager.post(merge_url(lead), {"other": other.pk, "choice:company": "other"})

    assert "Old &amp; Co" in page
    assert untouched == 2
    assert done["Location"] == reverse("admin:leads_lead_change", args=[lead.pk])
    assert Lead.objects.values_list("pk", "company", "title").get() == (lead.pk, "Old & Co", "CEO")
    assert "ana@old.example was merged into this lead" in shown(manager, lead)


@pytest.mark.parametrize("wanted", ["nobody@acme.example", "999999999", "no address"])
def test_a_lead_there_is_none_of_is_refused_on_the_page(manager, lead, wanted):
    answer = manager.get(merge_url(lead), {"other": wanted})

    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


def test_a_merge_that_cannot_be_done_now_says_why_and_does_nothing(manager, organization, lead):
    other = LeadFactory(organization=organization)
    recipient = RecipientFactory(lead=other, campaign__organization=organization)
    MessageFactory(recipient=recipient, in_hand=True)

    asked = manager.get(merge_url(lead), {"other": other.pk}).content.decode()
    done = manager.post(merge_url(lead), {"other": other.pk}).content.decode()

    assert all("A mail to one of the two is with a worker" in page for page in (asked, done))
    assert Lead.objects.count() == 2


def test_merging_needs_a_manager_and_another_organizations_lead_is_not_found(operator, manager, lead):
    stranger = LeadFactory(email="stranger@globex.example")

    assert operator.get(merge_url(lead)).status_code == 403
    assert "There is no lead" in manager.get(merge_url(lead), {"other": stranger.pk}).content.decode()
    assert manager.get(merge_url(stranger)).status_code == 404
