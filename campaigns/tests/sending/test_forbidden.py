"""Whom a suppression forbids, asked of everybody who asks: the last look, enrollment, sending again, Python's own."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage
from campaigns.enrollment import Selection, enroll
from campaigns.models import Message, Recipient
from campaigns.sending.retry import retry_failed
from campaigns.tests.factories import CampaignFactory, LeadFactory, SuppressionFactory
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns.why import why_recipient
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead
from leads.suppression import find_suppression

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
CONTENT = Refused(554, "5.6.0 not like this", Stage.CONTENT, Kind.CONTENT)

# What is suppressed, for which campaign, until when from now; and whether that forbids a mail of this campaign to it.
CASES = [
    ("ana@acme.example", None, None, True),
    ("acme.example", None, None, True),
    ("ana@acme.example", "this", None, True),
    ("acme.example", "this", None, True),
    ("ana@acme.example", "other", None, False),
    ("acme.example", "other", None, False),
    ("ana@acme.example", None, HOUR, True),
    ("ana@acme.example", None, -HOUR, False),
    ("acme.example", "this", HOUR, True),
    ("acme.example", "this", -HOUR, False),
    ("ana@acme.example", "other", HOUR, False),
    ("mail.acme.example", None, None, False),
    ("example", None, None, False),
    ("cme.example", None, None, False),
    ("bo@acme.example", None, None, False),
]


@pytest.fixture
def now():
    return timezone.now()


def suppression_of(campaign, address, scope, expires, now):
    other = CampaignFactory(organization=campaign.organization)
    number = {"this": campaign.pk, "other": other.pk, None: None}[scope]
    SuppressionFactory(
        organization=campaign.organization,
        address=address,
        campaign_id=number,
        expires_at=now + expires if expires else None,
    )


def campaign_with_ana(now, **fields):
    campaign = started_campaign(people=1, now=now, **fields)
    Lead.objects.update(email="ana@acme.example", email_normalized="ana@acme.example")
    Recipient.objects.update(email_address="ana@acme.example")
    return campaign


@pytest.mark.parametrize(("address", "scope", "expires", "forbids"), CASES)
def test_the_last_look_lets_no_mail_through_that_is_forbidden(now, address, scope, expires, forbids):
    campaign = campaign_with_ana(now)
    suppression_of(campaign, address, scope, expires, now)
    road = Road()

    send_all(campaign, road)

    assert (len(road.backend.mails), Recipient.objects.get().exit_reason == "suppressed") == (not forbids, forbids)


@pytest.mark.parametrize(("address", "scope", "expires", "forbids"), CASES)
def test_enrollment_and_look_up_and_explanation_say_the_same(now, address, scope, expires, forbids):
    campaign = CampaignFactory()
    LeadFactory(organization=campaign.organization, email="ana@acme.example")
    suppression_of(campaign, address, scope, expires, now)

    result = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)

    found = find_suppression(campaign.organization, "ana@acme.example", campaign_id=campaign.pk, now=now)
    assert (result.enrolled, result.skipped) == ((0, {"suppressed": 1}) if forbids else (1, {}))
    assert (found is not None) is forbids


@pytest.mark.parametrize(("address", "scope", "expires", "forbids"), CASES)
def test_failed_mails_are_sent_again_to_those_alone_who_may_be_written_to(now, address, scope, expires, forbids):
    campaign = campaign_with_ana(now)
    send_all(campaign, Road(MemoryBackend(answers=[CONTENT])))
    suppression_of(campaign, address, scope, expires, now)

    done = retry_failed(campaign=campaign, actor=SYSTEM, now=now)

    assert (Message.objects.get().status, done.skipped) == (
        ("failed", {"suppressed": 1}) if forbids else ("pending", {})
    )


@pytest.mark.parametrize(("address", "scope", "expires", "forbids"), CASES)
def test_the_explanation_names_it_when_it_stands_in_the_way(now, address, scope, expires, forbids):
    campaign = campaign_with_ana(now)
    suppression_of(campaign, address, scope, expires, now)

    standing = why_recipient(Recipient.objects.get(), now=now)

    gate = next(gate for gate in standing.gates if gate.code == "suppression")
    assert gate.ok is not forbids
    assert ("for this campaign" in gate.sentence, "over on" in gate.sentence) == (
        (scope == "this", expires is not None) if forbids else (False, False)
    )


def test_several_that_forbid_the_same_person_count_that_person_once(now):
    campaign = CampaignFactory()
    LeadFactory(organization=campaign.organization, email="ana@acme.example")
    for address, scope in (("ana@acme.example", None), ("ana@acme.example", "this"), ("acme.example", "this")):
        suppression_of(campaign, address, scope, None, now)

    result = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)

    assert (result.enrolled, result.skipped) == (0, {"suppressed": 1})
