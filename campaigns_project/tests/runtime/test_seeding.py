"""The demo data of a first start."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from campaigns import preflight
from campaigns.ledger import ledger
from campaigns.models import (
    Campaign,
    CampaignPlan,
    CampaignTombstone,
    Mailbox,
    Message,
    MetricDefinition,
    OperatorTask,
    Sender,
)
from campaigns_project.accounts.models import ServiceAccount
from campaigns_project.accounts.service_accounts import keys_of
from campaigns_project.runtime.demo.seeding import seed
from campaigns_project.webhooks.models import WebhookDelivery, WebhookEndpoint
from leads.models import LeadImport

pytestmark = pytest.mark.django_db


def test_the_demo_shows_senders_and_campaigns_in_several_states_and_what_is_left_of_one(
    settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    now = timezone.now()

    seed(now=now)

    marta, jan, nils = (Sender.objects.get(email__startswith=name) for name in ("marta@", "jan@", "nils@"))
    finished, draft, fetching, automatic = Campaign.objects.order_by("pk")
    counts = ledger(finished)
    assert (marta.status, jan.ramp_start, nils.status) == ("active", 10, "paused")
    assert nils.status_reason.startswith("bounce_guard: ")
    assert (finished.status, counts.adds_up, counts.failed > 0) == ("completed", True, True)
    assert not Message.objects.filter(attempted_at__gt=now).exists()
    assert (draft.total_recipients, draft.rankings.filter(score__gt=0).exists()) == (200, True)
    blocking = {problem.code for problem in preflight.check(fetching)}
    assert (fetching.status, fetching.lead_source["count"], blocking) == ("draft", 200, {"lead_source_unusable"})
    assert (automatic.status, automatic.enrolls_by_itself) == ("running", True)
    assert automatic.last_look["skipped"]["active_elsewhere"] > 0
    assert CampaignTombstone.objects.get().reason == "The fair was called off."
    plan = CampaignPlan.objects.get()
    assert (plan.campaigns.count(), OperatorTask.objects.count(), MetricDefinition.objects.count()) == (2, 5, 2)
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
