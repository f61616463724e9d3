"""Notes and statuses: kept in the campaign the lead was put into last, by and for the one who says them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import LeadNote, LeadUserStatus, Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LeadFactory,
    LeadNoteFactory,
    LeadUserStatusFactory,
    MembershipFactory,
    RecipientFactory,
    UserFactory,
)
from campaigns.working_with_leads import add_note, latest_campaign, set_status
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from campaigns_project.tests.admin.browsers import client_of, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(db: None) -> Any:
    return LeadFactory()


def enrolled(lead: Any, **fields: Any) -> Any:
    return RecipientFactory(lead=lead, campaign=CampaignFactory(organization=lead.organization, **fields)).campaign


def test_without_a_campaign_it_is_that_of_the_latest_living_enrollment(lead):
    first, second = enrolled(lead), enrolled(lead)
    enrolled(lead, deleting_at=NOON)
    Recipient.objects.filter(campaign=first).update(created_at=NOON - timedelta(days=1))
    Recipient.objects.filter(campaign=second).update(created_at=NOON)

    assert latest_campaign(lead) == second
    assert add_note(lead=lead, text="Called.", author=None, actor=SYSTEM).campaign == second
    assert set_status(lead=lead, user=UserFactory(), status="done", actor=SYSTEM).campaign == second


def test_somebody_in_no_campaign_can_be_written_about(lead):
    assert add_note(lead=lead, text="Called.", author=None, actor=SYSTEM).campaign is None


@pytest.mark.parametrize(("text", "code"), [("  \n", "note_empty"), ("x" * 20_001, "note_too_long")])
def test_a_note_that_is_none_is_refused(lead, text, code):
    with pytest.raises(Refused) as refused:
        add_note(lead=lead, text=text, author=None, actor=SYSTEM)

    assert refused.value.code == code


def test_another_organizations_campaign_is_refused(lead):
    with pytest.raises(Refused) as refused:
        add_note(lead=lead, text="Called.", campaign=CampaignFactory(), author=None, actor=SYSTEM)

    assert refused.value.code == "other_organization"


def test_a_status_said_again_replaces_the_one_before(lead):
    user = UserFactory()
    for status in ("to_do", "interested"):
        set_status(lead=lead, user=user, status=status, actor=SYSTEM)

    assert LeadUserStatus.objects.values_list("status", flat=True).get() == "interested"
    assert AuditLog.objects.filter(action__startswith="leaduserstatus").count() == 2


def test_each_operator_has_a_status_of_their_own(lead):
    for status in ("to_do", "interested"):
        set_status(lead=lead, user=UserFactory(), status=status, actor=SYSTEM)

    assert LeadUserStatus.objects.count() == 2


def test_a_status_there_is_none_of_is_refused(lead):
    with pytest.raises(Refused) as refused:
        set_status(lead=lead, user=UserFactory(), status="happy", actor=SYSTEM)

    assert refused.value.code == "unknown_lead_status"


def test_the_words_of_a_note_are_not_in_the_audit_log(lead):
    add_note(lead=lead, text="Is in hospital.", author=None, actor=SYSTEM)

    entry = AuditLog.objects.get(action="leadnote.created")
    assert "hospital" not in f"{entry.before}{entry.after}{entry.entity_name}"


def test_a_note_is_changed_by_whoever_wrote_it_and_by_a_manager_alone(lead):
    author, colleague = (MembershipFactory(organization=lead.organization, role=Role.OPERATOR).user for _ in range(2))
    manager = MembershipFactory(organization=lead.organization, role=Role.MANAGER).user
    note = LeadNoteFactory(lead=lead, created_by=author)
    page = reverse("admin:campaigns_leadnote_change", args=[note.pk])

    texts = []
    for user in (author, colleague, manager):
        client_of(user).post(page, {"text": f"by {user.pk}"})
        texts.append(LeadNote.objects.get().text)
    refused = press(client_of(colleague), reverse("admin:campaigns_leadnote_remove", args=[note.pk]))
    press(client_of(author), reverse("admin:campaigns_leadnote_remove", args=[note.pk]))

    assert texts == [f"by {author.pk}", f"by {author.pk}", f"by {manager.pk}"]
    assert refused.status_code == 403
    assert not LeadNote.objects.exists()


def test_a_key_changes_its_own_rows_and_a_managers_key_all(lead):
    operator, manager = (key_client(role, lead.organization) for role in (Role.OPERATOR, Role.MANAGER))
    own = operator.post("/api/v1/lead-statuses", {"lead": lead.pk, "status": "to_do"}).json()
    others = LeadUserStatusFactory(lead=lead)

    answers = [
        operator.patch(f"/api/v1/lead-statuses/{own['id']}", {"status": "done"}).status_code,
        operator.patch(f"/api/v1/lead-statuses/{others.pk}", {"status": "done"}).status_code,
        manager.patch(f"/api/v1/lead-statuses/{others.pk}", {"status": "done"}).status_code,
        operator.delete(f"/api/v1/lead-statuses/{others.pk}").status_code,
        operator.delete(f"/api/v1/lead-statuses/{own['id']}").status_code,
    ]

    assert answers == [200, 403, 200, 403, 204]


def test_lists_are_narrowed_by_lead_campaign_and_status(lead):
    campaign = enrolled(lead)
    mine = LeadUserStatusFactory(lead=lead, campaign=campaign, status="interested")
    LeadUserStatusFactory(lead=LeadFactory(organization=lead.organization))
    client = key_client(Role.VIEWER, lead.organization)

    for asked in ({"lead": lead.pk}, {"campaign": campaign.pk}, {"status": "interested"}, {"user": mine.user_id}):
        found = client.get("/api/v1/lead-statuses", asked).json()["results"]
        assert [row["id"] for row in found] == [mine.pk]


def test_notes_of_a_campaign_under_deletion_are_not_there(lead):
    LeadNoteFactory(lead=lead, campaign=enrolled(lead, deleting_at=NOON))

    assert key_client(Role.VIEWER, lead.organization).get("/api/v1/notes").json()["results"] == []


@pytest.mark.parametrize("address", ["/api/v1/notes", "/api/v1/lead-statuses"])
def test_lists_of_more_rows_cost_no_more_queries(lead, address):
    client = key_client(Role.VIEWER, lead.organization)
    counts = []
    for number in (1, 2):
        for _ in range(number):
            LeadNoteFactory(lead=lead, campaign=enrolled(lead), created_by=UserFactory())
            LeadUserStatusFactory(lead=lead, campaign=enrolled(lead))
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(address).json()["results"]) == {1: 1, 2: 3}[number]
        counts.append(len(queries))

    assert counts[0] == counts[1]
