"""Pages and dialogs of automatic enrollment, de-enrollment and bookings."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import automatic
from campaigns.de_enrollment import ask_for_run, work_on_run
from campaigns.models import Campaign, DeEnrollmentRun, Recipient
from campaigns.tests.automatic.test_automatic import automatic_campaign, person
from campaigns.tests.factories import CampaignFactory, RecipientFactory, StepFactory, SuppressionFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.admin.browsers import member, press

pytestmark = pytest.mark.django_db
RUNS = "admin:campaigns_deenrollmentrun"


@pytest.fixture
def campaign() -> Campaign:
    return automatic_campaign(timezone.now())


@pytest.fixture
def manager(campaign: Campaign) -> Any:
    return member(campaign.organization, Role.MANAGER)


def replied(campaign: Campaign) -> Recipient:
    step = campaign.steps.first() or StepFactory(campaign=campaign)
    recipient = RecipientFactory(campaign=campaign, next_step=step, replied_at=timezone.now())
    Campaign.objects.filter(pk=campaign.pk).update(total_recipients=1, active_leads_count=1)
    return recipient


def page_of(client: Any, name: str, *args: Any, **query: Any) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def test_the_page_says_whom_it_enrolls_and_who_stayed_out(manager, campaign):
    person(campaign)
    SuppressionFactory(organization=campaign.organization, address=person(campaign).email_normalized)
    automatic.look(campaign_id=campaign.pk, now=timezone.now())

    page = page_of(manager, "admin:campaigns_campaign_change", campaign.pk)

    assert "It enrolls everybody of “Acme”." in page
    assert "1 enrolled; left out for now: 1 suppressed: never to be written to." in page


def test_the_list_tells_automatic_ones_apart(manager, campaign):
    custom = CampaignFactory(organization=campaign.organization, name="By hand")

    narrowed = page_of(manager, "admin:campaigns_campaign_changelist", kind="custom")

    assert (custom.name in narrowed, campaign.name in narrowed) == (True, False)


def test_without_a_segment_people_are_put_in_by_hand_again(manager, campaign):
    address = reverse("admin:campaigns_campaign_standing_audience", args=[campaign.pk])

    press(manager, address, at_most="10")

    campaign.refresh_from_db()
    assert (campaign.is_automatic, campaign.standing_audience) == (False, {})


def test_the_page_of_de_enrollment_says_who_is_wrongly_in_and_then_all_clear(manager, campaign):
    replied(campaign)
    home, now = campaign.organization, timezone.now()
    for dry_run, said in ((True, "1 person is still in a campaign and must not be."), (False, "All clear: nobody")):
        run = ask_for_run(organization=home, actor=SYSTEM, now=now, dry_run=dry_run, in_background=False)
        work_on_run(run_id=run.pk, now=now)
        assert said in page_of(manager, f"{RUNS}_changelist")

    shown = page_of(manager, f"{RUNS}_change", run.pk)
    people = page_of(manager, "admin:campaigns_deenrollmentlog_changelist", run=run.pk)

    assert "1 replied left" in shown
    assert "taken out" in people


def test_the_dialog_says_beforehand_how_many_would_leave(manager, campaign):
    recipient = replied(campaign)
    address = reverse(f"{RUNS}_sweep")

    asked = manager.get(address).content.decode()
    press(manager, address, organization=campaign.organization_id, leads=recipient.email_address, dry_run="on")

    run = DeEnrollmentRun.objects.get()
    assert "Would take out now: 1 replied." in asked
    assert (run.lead_ids, run.is_dry_run) == ([recipient.lead_id], True)


def test_a_booking_is_noted_on_the_page_of_a_recipient(manager, campaign):
    recipient = RecipientFactory(campaign=campaign)
    Campaign.objects.filter(pk=campaign.pk).update(active_leads_count=1)

    press(manager, reverse("admin:campaigns_recipient_booked", args=[recipient.pk]))

    recipient.refresh_from_db()
    assert recipient.exit_reason == "booked"
    assert "Booked" in page_of(manager, "admin:campaigns_campaign_change", campaign.pk)
