"""Enrolling: who gets in, who does not, and the count of each reason."""

import pytest

from campaigns.enrollment import Selection, enroll
from campaigns.enrollment.take_in import foresee
from campaigns.errors import StateConflict
from campaigns.models import Job, Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LeadFactory,
    LeadTagFactory,
    OrganizationFactory,
    RecipientFactory,
    StepFactory,
    SuppressionFactory,
    TagFactory,
    VariantFactory,
)
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused

pytestmark = pytest.mark.django_db


def test_every_lead_is_enrolled_or_counted_under_its_reason():
    campaign = CampaignFactory()
    organization = campaign.organization
    free = LeadFactory(organization=organization)
    already = RecipientFactory(campaign=campaign).lead
    busy = RecipientFactory(campaign__organization=organization, occupies=True).lead
    by_address = LeadFactory(organization=organization, email="out@example.com")
    SuppressionFactory(organization=organization, address="out@example.com")
    by_domain = LeadFactory(organization=organization, email="ana@blocked.example")
    SuppressionFactory(organization=organization, address="blocked.example")
    left = LeadFactory(organization=organization, status="unsubscribed")
    foreign = LeadFactory()
    selection = Selection(
        lead_ids=tuple(lead.pk for lead in (free, already, busy, by_address, by_domain, left, foreign))
    )

    foreseen = foresee(campaign=campaign, selection=selection, now=NOON)
    result = enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=NOON)

    assert foreseen == (1, {reason: count for reason, count in result.skipped.items() if reason != "not_found"})
    assert (result.enrolled, result.skipped) == (
        1,
        {"already_enrolled": 1, "active_elsewhere": 1, "suppressed": 2, "unsubscribed": 1, "not_found": 1},
    )
    assert Recipient.objects.get(campaign=campaign, lead=free).occupies is True


def test_whom_a_campaign_under_deletion_still_has_is_told_apart_and_free_when_it_is_gone():
    campaign = CampaignFactory()
    dying = CampaignFactory(organization=campaign.organization, deleting_at=NOON)
    RecipientFactory(campaign=dying, occupies=True)

    before = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)
    dying.delete()
    after = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    assert (before.enrolled, before.skipped) == (0, {"being_deleted_elsewhere": 1})
    assert (after.enrolled, after.skipped) == (1, {})


def test_enrolling_twice_adds_nobody():
    campaign = CampaignFactory()
    LeadFactory(organization=campaign.organization)

    enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)
    second = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    campaign.refresh_from_db()
    assert (second.enrolled, second.skipped) == (0, {"already_enrolled": 1})
    assert (campaign.total_recipients, campaign.active_leads_count) == (1, 1)


def test_an_organization_that_allows_overlap_takes_busy_leads():
    campaign = CampaignFactory(organization=OrganizationFactory(allows_overlap=True))
    RecipientFactory(campaign__organization=campaign.organization, occupies=True)

    result = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    assert (result.enrolled, Recipient.objects.filter(campaign=campaign, occupies=True).count()) == (1, 0)


def test_leads_are_chosen_by_tag_and_by_filter():
    campaign = CampaignFactory()
    tagged = LeadFactory(organization=campaign.organization, email="a@100%sure.example")
    LeadTagFactory(lead=tagged, tag=TagFactory(organization=campaign.organization, name="VIP"))
    czech = LeadFactory(organization=campaign.organization, country="Czechia", company="50% off")
    LeadFactory(organization=campaign.organization)

    by_tag = enroll(campaign=campaign, selection=Selection(tag="vip"), actor=SYSTEM, now=NOON)
    by_filter = enroll(
        campaign=campaign, selection=Selection(filter={"country": "czechia", "q": "50%"}), actor=SYSTEM, now=NOON
    )

    assert (by_tag.enrolled, by_filter.enrolled) == (1, 1)
    assert set(Recipient.objects.values_list("lead", flat=True)) == {tagged.pk, czech.pk}


def test_in_a_running_campaign_they_are_due_after_the_first_wait():
    campaign = CampaignFactory(running=True)
    step = StepFactory(campaign=campaign, wait_amount=2, wait_unit="hours")
    LeadFactory(organization=campaign.organization)

    enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    recipient = Recipient.objects.get()
    assert (recipient.next_step, recipient.next_send_at) == (step, NOON + step.wait)


def test_it_is_reported_by_a_job_and_audited():
    campaign = CampaignFactory()
    LeadFactory(organization=campaign.organization)

    result = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    assert Job.objects.get() == result.job
    assert (result.job.status, result.job.result) == ("succeeded", {"enrolled": 1, "skipped": {}})
    assert AuditLog.objects.about(campaign).get().action == "campaign.enrolled"


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        (Selection(), "selection_unclear"),
        (Selection(everyone=True, tag="x"), "selection_unclear"),
        (Selection(tag="nobody"), "unknown_tag"),
        (Selection(filter={"colour": "red"}), "unknown_filter"),
        (Selection(filter={"country": " "}), "empty_filter"),
        (Selection(filter={"status": "happy"}), "unknown_status"),
    ],
)
def test_an_unclear_selection_is_refused_and_changes_nothing(selection, code):
    campaign = CampaignFactory()
    LeadFactory(organization=campaign.organization)

    with pytest.raises(Refused) as refused:
        enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=NOON)

    assert (refused.value.code, Recipient.objects.count(), Job.objects.count()) == (code, 0, 0)


def test_a_campaign_that_has_ended_takes_nobody():
    campaign = CampaignFactory(status="stopped")

    with pytest.raises(StateConflict):
        enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)


def running_with(*bodies, **fields):
    campaign = CampaignFactory(running=True, **fields)
    for position, body in enumerate(bodies, start=1):
        VariantFactory(step=StepFactory(campaign=campaign, position=position), body_html=body, body_text="")
    return campaign


def test_nobody_comes_into_a_running_campaign_who_lacks_a_value_one_of_its_mails_shows():
    campaign = running_with(
        "<p>{{ company | default: 'you' }}</p>",
        "<p>{% if city %}{{ custom.offer }}{% endif %} {{ title | default: phone }}</p>",
    )
    people = {
        "all there": {"city": "Brno", "custom": {"offer": "tea"}, "title": "CEO", "company": ""},
        "not shown": {"title": "CEO"},
        "fallback": {"phone": "1"},
        "no offer": {"city": "Brno", "title": "CEO", "custom": {"offer": "  "}},
        "neither": {},
        "100 % sure": {"city": "Brno", "title": "%s", "custom": {"offer": "%(x)s"}},
    }
    for name, fields in people.items():
        LeadFactory(organization=campaign.organization, last_name=name, **fields)
    busy = RecipientFactory(campaign__organization=campaign.organization, occupies=True).lead

    foreseen = foresee(campaign=campaign, selection=Selection(everyone=True), now=NOON)
    result = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    assert (result.enrolled, result.skipped) == (4, {"merge_value_missing": 2, "active_elsewhere": 1})
    assert foreseen == (result.enrolled, result.skipped)
    names = campaign.recipients.values_list("lead__last_name", flat=True)
    assert set(names) == {"all there", "not shown", "fallback", "100 % sure"} - {busy.last_name}


def test_a_draft_takes_everybody_and_leaves_the_question_to_pre_flight():
    campaign = CampaignFactory()
    VariantFactory(step__campaign=campaign, body_html="<p>{{ city }}</p>")
    LeadFactory(organization=campaign.organization)

    assert enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON).enrolled == 1


def test_a_variant_that_is_switched_off_asks_for_nothing():
    campaign = running_with("<p>Hi</p>")
    VariantFactory(step=campaign.steps.get(), label="B", is_active=False, body_html="<p>{{ city }}</p>")
    LeadFactory(organization=campaign.organization)

    assert enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON).enrolled == 1
