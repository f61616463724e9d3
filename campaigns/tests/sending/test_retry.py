"""Failed mails that are sent again: which, to whom, and that the sum rule holds before and after."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from campaigns import lifecycle
from campaigns.content import errors as content_errors
from campaigns.content.errors import (
    AddressRefused,
    BodyRefused,
    HeaderRefused,
    HtmlInvalid,
    MergeValueMissing,
    SubjectEmpty,
    TemplateInvalid,
)
from campaigns.delivery import errors as delivery_errors
from campaigns.delivery.errors import EnvelopeRefused
from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage
from campaigns.enrollment import stop_recipient
from campaigns.enrollment.outrank import leave
from campaigns.ledger import ledger
from campaigns.models import Campaign, ExitReason, Message, Recipient
from campaigns.sending.reasons import OF_FAILED
from campaigns.sending.retry import retry_failed
from campaigns.tests.factories import CampaignFactory, RecipientFactory
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused as Mistaken
from campaigns_project.errors import StateRefused
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress

pytestmark = pytest.mark.django_db
CONTENT = Refused(554, "5.6.0 not like this", Stage.CONTENT, Kind.CONTENT)
DEAD = Refused(550, "5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD)


@pytest.fixture
def now():
    return timezone.now()


def failed_campaign(now, *, answers=(CONTENT, CONTENT, ACCEPTED), steps=2):
    """One whose server answered the first mails so; the others are in the middle of their sequence."""
    campaign = started_campaign(people=len(answers), steps=steps, now=now)
    for step in campaign.steps.filter(position__gt=1):
        step.wait_amount = 3
        step.save()
    send_all(campaign, Road(MemoryBackend(answers=list(answers))))
    assert ledger(campaign).adds_up
    return campaign


def retry(campaign, now, **which):
    return retry_failed(campaign=campaign, actor=SYSTEM, now=now, **which)


def test_failed_mails_leave_under_the_same_message_id_and_the_sequence_goes_on(now):
    campaign = failed_campaign(now)
    failed = set(Message.objects.filter(status="failed").values_list("message_id", flat=True))
    before = Campaign.objects.get()
    road = Road()

    done = retry(campaign, now)

    assert (done.retried, done.skipped, ledger(campaign).failed) == (2, {}, 0)
    assert (ledger(campaign).waiting, ledger(campaign).adds_up) == (5, True)
    assert Campaign.objects.get().active_leads_count == before.active_leads_count + 2 == 3
    assert set(Recipient.objects.values_list("status", "occupies", "exit_reason")) == {
        ("pending", True, ""), ("sent", True, "")
    }  # fmt: skip
    send_all(campaign, road)
    assert {mail.data.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode() for mail in road.backend.mails} == failed
    assert (ledger(campaign).sent, ledger(campaign).waiting, ledger(campaign).adds_up) == (3, 3, True)


def test_the_retry_is_in_the_audit_log_by_count(now):
    campaign = failed_campaign(now)

    retry(campaign, now, reason="template mended")

    entry = AuditLog.objects.get(action="campaign.failed_retried")
    assert (entry.after, entry.reason) == ({"retried": 2, "skipped": {}}, "template mended")


def test_a_dry_run_counts_the_same_and_changes_nothing(now):
    campaign = failed_campaign(now)
    before = list(Recipient.objects.order_by("pk").values()), list(Message.objects.order_by("pk").values())

    counted = retry(campaign, now, dry_run=True)

    assert (list(Recipient.objects.order_by("pk").values()), list(Message.objects.order_by("pk").values())) == before
    assert counted == retry(campaign, now)


def test_who_bounced_or_left_for_a_weightier_reason_is_not_written_to_again(now):
    campaign = failed_campaign(now, answers=[DEAD, CONTENT, CONTENT])
    leave(Recipient.objects.filter(status="failed").first().pk, reason=ExitReason.UNSUBSCRIBED, at=now)

    done = retry(campaign, now)

    assert (done.retried, done.skipped) == (1, {})
    assert set(Recipient.objects.exclude(status="pending").values_list("status", flat=True)) == {
        "bounced", "unsubscribed"
    }  # fmt: skip


def test_who_was_suppressed_or_taken_by_another_campaign_meanwhile_stays_out_and_is_counted(now):
    campaign = failed_campaign(now, answers=[CONTENT] * 5)
    first, second, third, fourth, _ = Recipient.objects.order_by("pk")
    suppress(organization=campaign.organization, address=first.email_address, reason=SuppressionReason.MANUAL)
    Lead.objects.filter(pk=second.lead_id).update(status="complained")
    RecipientFactory(campaign=CampaignFactory(organization=campaign.organization), lead=third.lead, occupies=True)
    dying = CampaignFactory(organization=campaign.organization, deleting_at=now)
    RecipientFactory(campaign=dying, lead=fourth.lead, occupies=True)

    done = retry(campaign, now)

    assert (done.retried, done.skipped) == (
        1,
        {"suppressed": 1, "complained": 1, "active_elsewhere": 1, "being_deleted_elsewhere": 1},
    )
    assert ledger(campaign).adds_up


def test_where_campaigns_may_overlap_a_lead_that_is_active_elsewhere_is_written_to_again(now):
    campaign = failed_campaign(now, answers=[CONTENT])
    Organization.objects.update(allows_overlap=True)
    lead = Recipient.objects.get().lead
    RecipientFactory(campaign=CampaignFactory(organization=campaign.organization), lead=lead, occupies=True)

    assert retry(campaign, now).retried == 1
    assert Recipient.objects.get(campaign=campaign).occupies is False


def test_the_mail_goes_to_the_address_as_it_was_corrected(now):
    campaign = failed_campaign(now, answers=[CONTENT], steps=1)
    Lead.objects.update(email="right@example.com", email_normalized="right@example.com")
    road = Road()

    retry(campaign, now)
    send_all(campaign, road)

    assert [mail.rcpt_to for mail in road.backend.mails] == ["right@example.com"]
    assert Recipient.objects.get().email_address == "right@example.com"


def test_who_was_given_an_address_that_had_its_mail_already_is_not_written_to_however_it_was_written(now):
    campaign = failed_campaign(now, answers=[ACCEPTED, CONTENT], steps=1)
    reached, failed = (Recipient.objects.get(messages__status=status) for status in ("sent", "failed"))
    Recipient.objects.filter(pk=reached.pk).update(email_address="John.Smith@acme.example")
    Lead.objects.filter(pk=failed.lead_id).update(
        email="john.smith@acme.example", email_normalized="john.smith@acme.example"
    )
    road = Road()

    told = retry(campaign, now)
    send_all(campaign, road)

    assert (told.skipped, road.backend.mails) == ({"already_enrolled": 1}, [])


def test_only_mails_that_failed_for_the_given_reasons_or_are_named_are_tried_again(now):
    campaign = failed_campaign(now, answers=[CONTENT] * 3)
    one, other, _ = Message.objects.order_by("pk")
    Message.objects.filter(pk=one.pk).update(reason="mailbox_full")

    assert retry(campaign, now, reasons=["mailbox_full"]).retried == 1
    assert retry(campaign, now, messages=[other.pk, one.pk]).retried == 1
    assert Message.objects.get(status="failed").pk not in {one.pk, other.pk}


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_reason_that_no_mail_can_have_is_refused_with_those_that_are_there(now, dry_run):
    campaign = failed_campaign(now)

    with pytest.raises(Mistaken) as refused:
        retry(campaign, now, reasons=["mailbox_full", "nope"], dry_run=dry_run)

    assert (refused.value.code, refused.value.details["known"]) == ("unknown_reason", ["content"])
    assert str(refused.value) == "No mail fails for “nope”. Those of this campaign failed for content."
    assert ledger(campaign).failed == 2


def test_a_mistyped_reason_is_refused_over_the_api_too(now):
    campaign = failed_campaign(now)
    client = key_client(Role.MANAGER, campaign.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/retry-failed", {"reasons": ["nope"]}, format="json")

    assert (answer.status_code, answer.json()["code"], answer.json()["known"]) == (400, "unknown_reason", ["content"])


def test_a_reason_that_nothing_failed_for_this_time_finds_nothing(now):
    campaign = failed_campaign(now)

    assert [retry(campaign, now, reasons=[reason]).retried for reason in ("mailbox_full", "merge_value_missing")] == [
        0, 0
    ]  # fmt: skip


def test_a_reason_of_an_older_release_is_taken_where_a_mail_has_it(now):
    campaign = failed_campaign(now)
    Message.objects.filter(status="failed").update(reason="of_old")

    assert retry(campaign, now, reasons=["of_old"]).retried == 2


def test_every_reason_for_which_a_mail_cannot_be_made_is_known_as_one():
    refused = [
        TemplateInvalid("x", line=1), MergeValueMissing("x"), SubjectEmpty(), HeaderRefused("x", "x"),
        AddressRefused("x", "x"), BodyRefused("x", "x"), HtmlInvalid("x"), EnvelopeRefused("x", "x"),
    ]  # fmt: skip

    assert {each.code for each in refused} <= OF_FAILED
    assert {type(each) for each in refused} == {
        kind for module in (content_errors, delivery_errors) for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Mistaken) and kind is not Mistaken
    }  # fmt: skip


def test_a_mail_that_was_given_up_after_many_tries_is_not_given_up_at_the_first(now):
    campaign = failed_campaign(now, answers=[CONTENT])
    Message.objects.update(attempts=30, lost_claims=3, first_deferred_at=now)

    retry(campaign, now)

    assert Message.objects.values_list("attempts", "lost_claims", "first_deferred_at", "fence").get() == (0, 0, None, 2)


@pytest.mark.parametrize("end", ["stop", "complete"])
def test_a_campaign_that_has_ended_is_not_opened_again(now, end):
    campaign = failed_campaign(now, answers=[CONTENT])
    if end == "stop":
        lifecycle.stop(campaign=campaign, actor=SYSTEM, now=now)
    else:
        lifecycle.complete_finished(now=now)

    with pytest.raises(StateRefused) as refused:
        retry(campaign, now)

    assert (refused.value.code, "Duplicate the campaign" in refused.value.hint) == ("state_conflict", True)


def test_in_a_paused_campaign_they_wait_until_it_is_resumed(now):
    campaign = failed_campaign(now)
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)

    assert retry(campaign, now).retried == 2
    assert (ledger(campaign).failed, ledger(campaign).adds_up) == (0, True)


def test_a_manager_retries_all_of_a_campaign_or_one_message_in_the_admin(now):
    campaign = failed_campaign(now)
    manager = member(campaign.organization, Role.MANAGER)
    message = Message.objects.filter(status="failed").first()
    page = reverse("admin:campaigns_campaign_retry_failed", args=[campaign.pk])

    assert "2 failed mails are made again" in manager.get(page).content.decode()
    press(manager, reverse("admin:campaigns_message_retry", args=[message.pk]), reason="")
    message.refresh_from_db()
    assert (message.status, ledger(campaign).failed) == ("pending", 1)
    press(manager, page, reason="")
    assert ledger(campaign).failed == 0


def test_a_message_whose_person_may_not_be_written_to_says_why_it_stays(now):
    campaign = failed_campaign(now, answers=[CONTENT])
    manager = member(campaign.organization, Role.MANAGER)
    Lead.objects.update(status="unsubscribed")

    answer = press(manager, reverse("admin:campaigns_message_retry", args=[Message.objects.get().pk]), reason="")

    assert "It stays where it is: 1 unsubscribed" in answer.content.decode()


def test_the_command_counts_and_refuses_by_exit_code(now):
    campaign = failed_campaign(now)
    stop_recipient(Recipient.objects.filter(status="sent").get().pk, reason=ExitReason.REPLIED, at=now)
    out = io.StringIO()

    call_command("retry_failed", str(campaign.pk), "--json", "--dry-run", stdout=out)
    with pytest.raises(CommandError) as mistyped:
        call_command("retry_failed", str(campaign.pk), "--reason", "nope")

    assert (json.loads(out.getvalue())["retried"], mistyped.value.returncode) == (2, 2)
    lifecycle.complete_finished(now=now)
    with pytest.raises(CommandError) as refused:
        call_command("retry_failed", str(campaign.pk))
    assert refused.value.returncode == 4


def test_retrying_one_message_is_not_offered_once_its_campaign_has_ended(now):
    campaign = failed_campaign(now, answers=(CONTENT,))
    manager = member(campaign.organization, Role.MANAGER)
    address = reverse("admin:campaigns_message_change", args=[Message.objects.get().pk])
    button = reverse("admin:campaigns_message_retry", args=[Message.objects.get().pk])

    running = manager.get(address).content.decode()
    Campaign.objects.update(status="completed", completed_at=now)
    ended = manager.get(address).content.decode()

    assert (button in running, button in ended) == (True, False)
