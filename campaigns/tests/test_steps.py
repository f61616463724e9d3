"""Editing what a campaign sends: what is refused, and that it is asked of the campaign as it is now."""

import pytest
from django.utils import timezone

from campaigns import lifecycle, steps
from campaigns.errors import StateConflict
from campaigns.models import Campaign, Recipient, Step, Variant
from campaigns.tests.factories import NOON, CampaignFactory, SenderFactory, StepFactory, VariantFactory
from campaigns.tests.sending.sending import Road, ready_campaign, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused, SeveralRefused, StateRefused

pytestmark = pytest.mark.django_db
WORDING = {"subject": "Hello {{ first_name }}", "body_html": "<p>Hello</p>"}


@pytest.fixture
def now():
    return timezone.now()


EDITS = {
    "add_step": lambda step: steps.add_step(
        campaign=step.campaign, wait_amount=1, wait_unit="days", wording=WORDING, actor=SYSTEM
    ),
    "edit_step": lambda step: steps.edit_step(step=step, wait_amount=9, wait_unit="hours", actor=SYSTEM),
    "remove_step": lambda step: steps.remove_step(step=step, actor=SYSTEM),
    "add_variant": lambda step: steps.add_variant(step=step, wording=WORDING, weight=1, actor=SYSTEM),
    "edit_variant": lambda step: steps.edit_variant(
        variant=step.variants.get(), changes={"subject": "Changed"}, actor=SYSTEM
    ),
    "remove_variant": lambda step: steps.remove_variant(variant=step.variants.get(), actor=SYSTEM),
    "set_senders": lambda step: steps.set_senders(campaign=step.campaign, senders=[], actor=SYSTEM),
}


def content():
    return list(Step.objects.values_list("wait_amount", "wait_unit", "variants__subject", "variants__is_active"))


@pytest.mark.parametrize("edit", EDITS)
def test_no_edit_reaches_a_campaign_that_ended_since_it_was_read(edit, now):
    campaign = started_campaign(now=now)
    step = campaign.steps.select_related("campaign").get()
    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=now)
    before, audited = content(), AuditLog.objects.count()

    with pytest.raises(StateConflict) as refused:
        EDITS[edit](step)

    assert refused.value.details["current_status"] == "stopped"
    assert (content(), campaign.campaign_senders.count(), AuditLog.objects.count()) == (before, 1, audited)


@pytest.mark.parametrize("edit", EDITS)
def test_no_edit_reaches_a_campaign_that_is_being_deleted(edit, now):
    campaign = ready_campaign(now=now)
    step = campaign.steps.select_related("campaign").get()
    Campaign.objects.filter(pk=campaign.pk).update(deleting_at=now)
    before = content()

    with pytest.raises(NotFound):
        EDITS[edit](step)

    assert content() == before


def test_a_step_is_not_removed_from_a_campaign_that_was_started_since_it_was_read(now):
    campaign = ready_campaign(steps=2, now=now)
    step = Step.objects.select_related("campaign").filter(campaign=campaign).first()
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    with pytest.raises(StateRefused) as refused:
        steps.remove_step(step=step, actor=SYSTEM)

    assert (refused.value.code, campaign.steps.count()) == ("step_in_use", 2)
    assert not Recipient.objects.filter(next_step=None).exists()


def test_a_step_removed_from_a_draft_leaves_no_gap():
    campaign = CampaignFactory()
    first, second, third = (StepFactory(campaign=campaign) for _ in range(3))

    steps.remove_step(step=second, actor=SYSTEM)

    assert list(campaign.steps.values_list("pk", "position")) == [(first.pk, 1), (third.pk, 2)]


def test_a_step_added_to_a_running_campaign_reaches_those_who_have_not_finished(now):
    campaign = started_campaign(people=2, now=now)
    road = Road()

    steps.add_step(campaign=campaign, wait_amount=0, wait_unit="days", wording=WORDING, actor=SYSTEM)
    send_all(campaign, road)

    assert len(road.backend.mails) == 4


def test_new_wording_is_a_new_version_and_a_new_weight_is_not():
    variant = VariantFactory()

    reworded = steps.edit_variant(variant=variant, changes={"subject": "Changed"}, actor=SYSTEM).version
    weighed = steps.edit_variant(variant=variant, changes={"weight": 5}, actor=SYSTEM).version
    same = steps.edit_variant(variant=variant, changes={"subject": variant.subject}, actor=SYSTEM).version

    assert (reworded, weighed, same) == (2, 2, 2)


def test_when_a_variant_was_changed_is_known_and_to_give_it_what_it_has_is_no_change():
    variant = VariantFactory()
    Variant.objects.update(updated_at=NOON)

    steps.edit_variant(variant=variant, changes={"subject": variant.subject}, actor=SYSTEM)
    same = Variant.objects.get().updated_at
    changed = steps.edit_variant(variant=variant, changes={"subject": "Changed"}, actor=SYSTEM).updated_at

    assert (same, changed > NOON) == (NOON, True)


def test_the_only_active_variant_of_a_step_is_neither_switched_off_nor_removed():
    variant = VariantFactory()
    VariantFactory(step=variant.step, label="B", is_active=False)

    with pytest.raises(StateRefused) as off:
        steps.edit_variant(variant=variant, changes={"is_active": False}, actor=SYSTEM)
    with pytest.raises(StateRefused) as removed:
        steps.remove_variant(variant=variant, actor=SYSTEM)

    assert (off.value.code, removed.value.code) == ("last_variant", "variant_in_use")
    assert Variant.objects.filter(pk=variant.pk, is_active=True).exists()


def test_a_variant_somebody_got_is_not_removed(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    send_all(campaign, Road())
    sent = Variant.objects.first()
    VariantFactory(step=sent.step, label="B")

    with pytest.raises(StateRefused) as refused:
        steps.remove_variant(variant=sent, actor=SYSTEM)

    assert (refused.value.code, Variant.objects.filter(pk=sent.pk).exists()) == ("variant_in_use", True)


def test_an_eleventh_variant_is_refused():
    step = VariantFactory().step
    for _ in range(9):
        steps.add_variant(step=step, wording=WORDING, weight=1, actor=SYSTEM)

    with pytest.raises(StateRefused) as refused:
        steps.add_variant(step=step, wording=WORDING, weight=1, actor=SYSTEM)

    assert (refused.value.code, "".join(step.variants.values_list("label", flat=True))) == (
        "too_many_variants",
        "ABCDEFGHIJ",
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": " "}, "subject_missing"),
        ({"body_html": "", "body_text": " "}, "body_missing"),
        ({"subject": "{{ frist_name }}"}, "unknown_merge_field"),
        ({"body_html": "{% if company %}never closed"}, "template_invalid"),
    ],
)
def test_a_wording_that_cannot_be_used_changes_nothing(change, code):
    variant = VariantFactory()
    before = content()

    with pytest.raises(Refused) as refused:
        steps.edit_variant(variant=variant, changes=change, actor=SYSTEM)

    assert (refused.value.code, content(), AuditLog.objects.count()) == (code, before, 0)


def test_everything_that_is_wrong_in_a_wording_is_told_at_once():
    wrong = {"subject": "", "body_html": "{% if %}", "body_text": "{{ nobody }} {{ somebody }}"}

    with pytest.raises(SeveralRefused) as refused:
        steps.check_wording(wrong)

    told = [(problem["code"], problem["field"]) for problem in refused.value.details["problems"]]
    assert told == [
        ("subject_missing", "subject"),
        ("template_invalid", "body_html"),
        ("unknown_merge_field", "body_text"),
        ("unknown_merge_field", "body_text"),
    ]
    assert (refused.value.code, refused.value.details["field"]) == ("subject_missing", "subject")
    assert str(refused.value).count("Fields of your own are written {{ custom.name }}.") == 1


def test_a_wording_of_nothing_but_mistakes_is_told_of_some():
    wrong = " ".join(f"{{{{ nobody_{number} }}}}" for number in range(500))

    with pytest.raises(SeveralRefused) as refused:
        steps.check_wording({"subject": "Hello", "body_text": wrong})

    assert len(refused.value.parts) == steps.MOST_TOLD


def test_a_campaign_uses_exactly_the_senders_it_was_given(now):
    campaign = ready_campaign(now=now)
    kept = campaign.campaign_senders.get().sender
    added = SenderFactory(organization=campaign.organization)

    steps.set_senders(campaign=campaign, senders=[kept, added], actor=SYSTEM)
    steps.set_senders(campaign=campaign, senders=[added], actor=SYSTEM)

    assert list(campaign.campaign_senders.values_list("sender_id", flat=True)) == [added.pk]
    rows = AuditLog.objects.filter(action="campaign.senders_set").order_by("id")
    assert [row.after["senders"] for row in rows] == [sorted([kept.pk, added.pk]), [added.pk]]


def test_whose_sender_was_taken_out_is_written_to_by_another(now):
    campaign = started_campaign(people=2, steps=2, now=now)
    first = campaign.campaign_senders.get().sender
    road = Road()
    campaign.steps.filter(position=2).update(wait_amount=1, wait_unit="hours")
    send_all(campaign, road)
    other = SenderFactory(organization=campaign.organization)

    steps.set_senders(campaign=campaign, senders=[other], actor=SYSTEM)
    Recipient.objects.update(next_send_at=now)
    send_all(campaign, road)

    assert [mail.mail_from for mail in road.backend.mails] == [first.email] * 2 + [other.email] * 2
