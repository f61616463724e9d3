"""A world with one of everything in it, and a stranger's beside it."""

from dataclasses import dataclass
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import Group
from django.test import Client
from django_q.models import OrmQ, Schedule, Task
from django_q.signing import SignedPackage
from knox.models import AuthToken

from campaigns.models import CampaignTombstone
from campaigns.tests import factories
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.workers import heartbeat
from leads.models import LeadImportPart
from tracking.models import RawEvent


@dataclass
class World:
    """One organization with a row of every model that belongs to one."""

    organization: Any
    campaign: Any
    step: Any
    variant: Any
    lead: Any
    recipient: Any
    message: Any
    sender: Any
    rows: list[Any]


def make_world(**campaign: Any) -> World:
    """Everything there is, once, in an organization of its own."""
    organization = factories.OrganizationFactory()
    draft = factories.CampaignFactory(organization=organization, **campaign)
    variant = factories.VariantFactory(step__campaign=draft)
    recipient = factories.RecipientFactory(campaign=draft)
    message = factories.MessageFactory(recipient=recipient, step=variant.step, variant=variant)
    lead_tag = factories.LeadTagFactory(lead=recipient.lead)
    used = factories.CampaignSenderFactory(campaign=draft)
    lead_import = factories.LeadImportFactory(
        organization=organization, options={"header": ["E-mail"], "targets": ["email"]}
    )
    raw = factories.RawLeadFactory(lead_import=lead_import, row_number=2, payload=["x"])
    problem = factories.StagedLeadFactory(
        raw_lead=raw, status="problem", problem_code="bad", problem_message="Bad.", email_normalized=""
    )
    account = factories.ServiceAccountFactory(organization=organization)
    rows = [
        organization, draft, variant, variant.step, recipient, recipient.lead, message, lead_tag, lead_tag.tag, used,
        used.sender, lead_import, raw, problem,
        LeadImportPart.objects.create(lead_import=lead_import, number=0, content=b"x"),
        factories.SuppressionFactory(organization=organization),
        factories.ProviderAccountFactory(organization=organization),
        factories.EmailTemplateFactory(organization=organization),
        factories.LinkFactory(campaign=draft),
        factories.InstantlyAccountFactory(organization=organization),
        factories.JobFactory(campaign=draft),
        factories.EventFactory(message=message),
        account,
        factories.IdempotentRequestFactory(organization=organization, user=account.user),
        factories.MembershipFactory(organization=organization),
        record(action="campaign.created", entity=draft, organization_id=organization.pk, actor=SYSTEM),
        _tombstone(organization),
    ]  # fmt: skip
    return World(organization, draft, variant.step, variant, recipient.lead, recipient, message, used.sender, rows)


def make_installation() -> list[Any]:
    """A row of every table that belongs to the installation as a whole."""
    person = factories.UserFactory()
    task = {"id": "1" * 32, "name": "echo", "func": "campaigns_project.workers.tasks.echo", "args": (), "kwargs": {}}
    heartbeat.beat(kind="tick", name="tick@here", pid=1)
    times = {"started": factories.NOON, "stopped": factories.NOON}
    tried = {"username": person.email, "ip_address": "192.0.2.1", "user_agent": "x", "path_info": "/admin/login/"}
    return [
        person,
        AuthToken.objects.create(user=person)[0],
        Group.objects.create(name="x"),
        factories.SecondFactorFactory(user=person),
        OrmQ.objects.create(key="fairlead", payload=SignedPackage.dumps(task), lock=factories.NOON),
        Schedule.objects.create(func="x", name="x"),
        Task.objects.create(id="a" * 32, name="good", func="x", success=True, **times),
        Task.objects.create(id="b" * 32, name="bad", func="x", success=False, result="no", **times),
        AccessAttempt.objects.create(failures_since_start=1, get_data="", post_data="", **tried),
        AccessLog.objects.create(**tried),
        AccessFailureLog.objects.create(**tried),
        RawEvent.objects.create(event_type="open", message_ref=1, source="pixel"),
    ]


@pytest.fixture
def root(db: None) -> Client:
    """A browser of a system administrator."""
    return client_of(factories.UserFactory(is_superuser=True))


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def stranger(db: None) -> World:
    """Another organization, with everything in it."""
    return make_world()


def _tombstone(organization: Any) -> CampaignTombstone:
    doomed = factories.CampaignFactory(organization=organization)
    key = doomed.pk
    doomed.delete()
    return CampaignTombstone.objects.get(pk=key)
