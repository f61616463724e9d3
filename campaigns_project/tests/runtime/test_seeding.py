"""The demo data of a first start."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count, F, Max, Min
from django.utils import timezone

from campaigns import preflight
from campaigns.ledger import ledger
from campaigns.models import (
    Campaign,
    CampaignPlan,
    CampaignTombstone,
    Job,
    Mailbox,
    Message,
    MetricDefinition,
    OperatorTask,
    Recipient,
    Sender,
)
from campaigns.sending.work import due_campaigns
from campaigns.tests.factories import CampaignFactory, MembershipFactory, OrganizationFactory, UserFactory
from campaigns_project.accounts.models import Membership, Organization, ServiceAccount
from campaigns_project.accounts.service_accounts import keys_of
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.demo.login import EMAIL, login_file
from campaigns_project.runtime.demo.resetting import reset
from campaigns_project.runtime.demo.seeding import seed
from campaigns_project.webhooks.models import WebhookDelivery, WebhookEndpoint
from leads.imports.retention import is_any_due
from leads.models import LeadImport, Suppression
from tracking.models import CampaignDay, EmailEvent, InboundMail

pytestmark = pytest.mark.django_db


def test_a_demo_made_anew_shows_senders_and_campaigns_in_several_states_and_what_is_left_of_one(
    settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    now = timezone.now()
    made_up = {"organization__is_demo": True, "campaign_id": "harbor-directory"}
    earlier = CampaignFactory(status="running", started_at=now, **made_up)
    owner = MembershipFactory(organization=earlier.organization, user__email=EMAIL).user

    reset(actor=SYSTEM, now=now)

    assert not Organization.objects.filter(pk=earlier.organization_id).exists()
    assert (Membership.objects.get().user, login_file().exists()) == (owner, False)

    marta, jan, nils = (Sender.objects.get(email__startswith=name) for name in ("marta@", "jan@", "nils@"))
    finished, put_away, held_up, running, draft, fetching, automatic = Campaign.objects.order_by("pk")
    counts = [ledger(each) for each in (finished, held_up, running)]
    assert (marta.status, jan.ramp_start, nils.status) == ("active", 10, "paused")
    assert nils.status_reason.startswith("bounce_guard: ")
    assert [each.adds_up for each in counts] == [True] * 3
    assert (finished.status, counts[0].failed, finished.emails_replied > 0) == ("completed", 0, True)
    assert (put_away.status, put_away.recipients.inside().count(), put_away.emails_sent) == ("archived", 0, 24)
    assert (held_up.status, held_up.status_code, counts[1].failed > 0) == ("paused", "no_sender", True)
    assert (running.status, len(due_campaigns(now=now)), counts[2].sent > 160) == ("running", 1, True)
    assert Recipient.objects.due(now).filter(campaign=running).count() >= 400
    assert not Message.objects.filter(attempted_at__gt=now).exists()
    days = CampaignDay.objects.aggregate(first=Min("day"), last=Max("day"), number=Count("day", distinct=True))
    assert (now.date() - days["first"]).days in range(18, 24) and days["number"] > 15
    assert running.campaign_id == f"harbor-directory-{running.created_at:%Y-%m-%d}"
    _assert_that_things_came_in_the_order_of_their_numbers()
    followed_up = Message.objects.filter(step__position=2, status="sent")
    assert not followed_up.filter(recipient__replied_at__lt=F("sent_at")).exists()
    broken = Job.objects.get(status="failed")
    assert (broken.kind, "There is no tag" in broken.error_message) == ("rank", True)
    assert (draft.total_recipients, draft.rankings.filter(score__gt=0).exists()) == (200, True)
    blocking = {problem.code for problem in preflight.check(fetching)}
    assert (fetching.status, fetching.lead_source["count"], blocking) == ("draft", 200, {"lead_source_unusable"})
    assert (automatic.status, automatic.enrolls_by_itself) == ("running", True)
    assert automatic.last_look["skipped"]["active_elsewhere"] > 0
    assert CampaignTombstone.objects.get(organization_ref=finished.organization_id).reason == "The fair was called off."
    plan = CampaignPlan.objects.get()
    assert (plan.campaigns.count(), OperatorTask.objects.count(), MetricDefinition.objects.count()) == (3, 5, 2)
    assert OperatorTask.objects.filter(due_at__date=now.date()).count() == 1
    assert [day > now.date() for day in finished.organization.blackout_days] == [True]
    mailbox, endpoint = Mailbox.objects.get(), WebhookEndpoint.objects.get()
    assert (mailbox.status, mailbox.host) == ("paused", "imap.example.com")
    assert (endpoint.status, endpoint.is_disabled_by_system) == ("disabled", False)
    assert list(WebhookDelivery.objects.values_list("endpoint", "status")) == [(endpoint.pk, "abandoned")]
    review = LeadImport.objects.get(status="draft")
    assert (review.dry_run_status, review.dry_run["created"], review.dry_run["problems"]) == ("succeeded", 6, 3)
    home, account = finished.organization, ServiceAccount.objects.get()
    assert (home.values_kept_days, home.details_kept_days) == (365, 180)
    assert (account.role, account.name, keys_of(account).count()) == ("viewer", "Example (nobody has its key)", 1)


def _assert_that_things_came_in_the_order_of_their_numbers() -> None:
    for model, moment in ((EmailEvent, "created_at"), (InboundMail, "received_at"), (Suppression, "created_at")):
        moments = list(model.objects.order_by("pk").values_list(moment, flat=True))
        assert len(set(moments)) > 3 and moments == sorted(moments)
    written_to = Recipient.objects.filter(sent_at__isnull=False)
    assert not written_to.filter(lead__lead_import__finished_at__gte=F("sent_at")).exists()
    assert not written_to.filter(lead__created_at__gte=F("created_at")).exists()
    assert not is_any_due(now=timezone.now() + timedelta(days=5))


@pytest.mark.parametrize("somebodys_own", [OrganizationFactory, UserFactory])
def test_the_demo_is_not_made_anew_where_somebody_has_something_of_their_own(somebodys_own: Any) -> None:
    demo = CampaignFactory(organization__is_demo=True, status="running", started_at=timezone.now())
    somebodys_own()

    with pytest.raises(StateRefused, match="besides the demo's owner"):
        reset(actor=SYSTEM, now=timezone.now())

    demo.refresh_from_db()
    assert demo.status == "running"


def test_nothing_is_made_up_where_people_are() -> None:
    UserFactory()

    with pytest.raises(StateRefused, match="There are people already"):
        seed(now=timezone.now())

    assert not Organization.objects.exists()
