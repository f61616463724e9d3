"""Enrolling, choosing senders and taking people out, on the pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, CampaignSender, Recipient
from campaigns.tests.factories import (
    JobFactory,
    LeadFactory,
    LeadTagFactory,
    RecipientFactory,
    SenderFactory,
    SuppressionFactory,
    TagFactory,
)
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import press


def enroll_dialog(campaign: Any) -> str:
    return reverse("admin:campaigns_campaign_enroll", args=[campaign.pk])


def after(client: Client, answer: Any) -> str:
    """The page one is led to, with what it says."""
    assert answer.has_header("HX-Redirect"), answer.content.decode()
    return client.get(answer["HX-Redirect"]).content.decode()


def test_leads_with_a_tag_are_enrolled_and_the_answer_counts_who_was_left_out_and_why(
    operator: Client, campaign: Any
) -> None:
    tag = TagFactory(organization=campaign.organization)
    for number in range(3):
        lead = LeadFactory(organization=campaign.organization, email=f"tagged{number}@example.com")
        LeadTagFactory(lead=lead, tag=tag)
    SuppressionFactory(organization=campaign.organization, address="tagged0@example.com")
    LeadFactory(organization=campaign.organization)

    page = after(operator, press(operator, enroll_dialog(campaign), way="tag", tag=tag.pk))

    assert "2 enrolled; left out: 1 suppressed: never to be written to." in page
    assert Recipient.objects.filter(campaign=campaign).count() == 3


@pytest.mark.parametrize(
    ("asked", "enrolled"),
    [
        ({"way": "everyone"}, 2),
        ({"way": "filter", "country": "Spain"}, 1),
        ({"way": "filter", "title_holds": "chief"}, 1),
        ({"way": "filter", "email_domain": "acme.example"}, 1),
        ({"way": "filter", "country": "Spain", "title_holds": "chief"}, 0),
    ],
)
def test_each_way_to_choose_takes_those_it_says(operator: Client, campaign: Any, asked: Any, enrolled: int) -> None:
    LeadFactory(organization=campaign.organization, email="a@acme.example", country="Spain")
    LeadFactory(organization=campaign.organization, country="Czechia", title="Chief of Staff")

    page = after(operator, press(operator, enroll_dialog(campaign), **asked))

    assert f"{enrolled} enrolled" in page


def test_leads_by_their_numbers_are_enrolled_and_unknown_ones_counted(operator: Client, campaign: Any) -> None:
    lead = LeadFactory(organization=campaign.organization)
    stranger = LeadFactory()

    page = after(operator, press(operator, enroll_dialog(campaign), way="ids", ids=f"{lead.pk}, {stranger.pk}\n999999"))

    assert "1 enrolled; left out: 2 no such lead in this organization." in page


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"way": "tag"}, "No tag is chosen. Choose one, or another way."),
        ({"way": "filter"}, "The filter asks for nothing. Fill in a field, or choose everyone."),
        ({"way": "ids", "ids": "12, ana"}, "“ana” is not the number of a lead."),
        ({"way": "ids", "ids": ""}, "No number is given."),
        ({"way": "ids", "ids": "9" * 5_000}, "is not the number of a lead."),
    ],
)
def test_an_unclear_choice_is_refused_in_the_dialog(operator: Client, campaign: Any, asked: Any, refusal: str) -> None:
    answer = press(operator, enroll_dialog(campaign), **asked)

    assert "HX-Redirect" not in answer
    assert refusal in answer.content.decode()
    assert Recipient.objects.count() == 1


def test_a_campaign_that_has_ended_offers_no_enrollment_and_refuses_one(operator: Client, campaign: Any) -> None:
    Campaign.objects.update(status="completed")

    buttons = operator.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).context["buttons"]
    answer = press(operator, enroll_dialog(campaign), way="everyone").content.decode()

    assert [button["title"] for button in buttons] == ["Duplicate"]
    assert "A campaign that is completed cannot be given new recipients." in answer


def test_the_senders_of_a_campaign_are_exactly_those_chosen(manager: Client, campaign: Any) -> None:
    other = SenderFactory(organization=campaign.organization)

    page = after(
        manager,
        press(manager, reverse("admin:campaigns_campaign_choose_senders", args=[campaign.pk]), senders=[other.pk]),
    )

    assert f"The campaign is sent by {other.email}." in page
    assert list(CampaignSender.objects.values_list("sender", flat=True)) == [other.pk]


def test_a_recipient_is_taken_out_with_the_reason_on_record(operator: Client, campaign: Any) -> None:
    recipient = Recipient.objects.get()

    page = after(
        operator,
        press(
            operator, reverse("admin:campaigns_recipient_de_enroll", args=[recipient.pk]), reason="asked by telephone"
        ),
    )

    assert "gets nothing more from “Autumn”" in page
    assert Recipient.objects.get().exit_reason == "de_enrolled"
    assert AuditLog.objects.get(action="recipient.de_enrolled").reason == "asked by telephone"


def test_taking_somebody_out_needs_a_reason(operator: Client, campaign: Any) -> None:
    press(operator, reverse("admin:campaigns_recipient_de_enroll", args=[Recipient.objects.get().pk]), reason=" ")

    assert Recipient.objects.get().status == "pending"


def test_whoever_has_left_cannot_be_taken_out_again(operator: Client, campaign: Any) -> None:
    address = reverse("admin:campaigns_recipient_de_enroll", args=[Recipient.objects.get().pk])
    press(operator, address, reason="first")

    answer = press(operator, address, reason="second")

    assert "has left the campaign already" in answer.content.decode()


def test_a_recipients_page_says_why_in_a_sentence(operator: Client, campaign: Any) -> None:
    out = RecipientFactory(
        campaign=campaign, status="failed", exit_reason="failed", exited_at=campaign.created_at, error_message="550 no"
    )

    page = operator.get(reverse("admin:campaigns_recipient_change", args=[out.pk])).content.decode()

    assert "Out: a mail could not be sent. 550 no" in page


def test_a_campaigns_list_of_recipients_stands_in_its_frame(operator: Client, campaign: Any) -> None:
    RecipientFactory()

    page = operator.get(reverse("admin:campaigns_recipient_changelist"), {"campaign": campaign.pk})

    assert [row.campaign for row in page.context["cl"].result_list] == [campaign]
    assert [tab["title"] for tab in page.context["tabs"] if tab["is_active"]] == ["Recipients"]


def test_a_run_of_sending_that_skipped_mails_is_told_under_jobs(manager: Client, campaign: Any) -> None:
    counts = {"planned": 1_200, "sent": 1_190, "skipped": 10, "failed": 0}
    JobFactory(campaign=campaign, organization=campaign.organization, kind="send", result=counts)

    page = manager.get(reverse("admin:campaigns_job_changelist")).content.decode()

    assert "1,200 planned; 1,190 sent; 10 skipped" in page
