"""The numbers of the first page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns.tests.factories import CampaignDayFactory, OrganizationFactory, SenderFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.runtime import home_cards
from campaigns_project.tests.admin.browsers import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return member(organization, Role.VIEWER)


def happened(organization, *, days=0, **numbers):
    day = timezone.now().date() - timedelta(days=days)
    return CampaignDayFactory(campaign__organization=organization, day=day, **numbers)


def cards(client):
    return {card.label: card for card in client.get(reverse("admin:index")).context["numbers"].cards}


def test_each_number_says_what_it_is_a_part_of_and_how_it_was_before(organization, client):
    happened(organization, sent=1_000, bounced=9, replied=61, reached=400)
    happened(organization, days=8, sent=500, bounced=0, replied=22)
    SenderFactory(organization=organization, daily_limit=2_000)

    shown = cards(client)

    assert (shown["Sent today"].value, shown["Sent today"].meter) == ("1,000", (0, 2_000))
    assert shown["Sent today"].lines == (
        "400 people for the first time", "0 of 2,000 by senders with a daily limit",
    )  # fmt: skip
    assert shown["Replies, 7 days"].value == "61"
    assert shown["Replies, 7 days"].lines == (
        "6.2 % (61 of 991 delivered)", "▲ 1.8 points more than the 4.4 % in the 7 days before",
    )  # fmt: skip
    assert shown["Bounces, 7 days"].lines[0] == "0.9 % (9 of 1,000 sent)"
    assert not shown["Replies, 7 days"].is_early


def test_a_rate_of_few_mails_is_called_early(organization, client):
    happened(organization, sent=20, replied=2)

    page = client.get(reverse("admin:index"))

    assert "early" in page.content.decode()
    assert cards(client)["Replies, 7 days"].lines[1] == "Nothing was delivered in the 7 days before."


def test_others_count_nowhere(organization, client):
    happened(OrganizationFactory(), sent=500)

    assert cards(client)["Sent today"].value == "0"


@pytest.mark.parametrize("label", ["Sent today", "Replies, 7 days", "Bounces, 7 days", "New suppressions, 7 days"])
def test_each_number_leads_to_its_rows(organization, client, label):
    answer = client.get(cards(client)[label].url)

    assert answer.status_code == 200


def test_the_drawing_says_in_a_sentence_what_it_shows(organization, client):
    happened(organization, sent=40, bounced=1, replied=3)
    happened(organization, days=13, sent=2)

    page = client.get(reverse("admin:index"))

    drawn = page.context["numbers"].drawing
    assert drawn.sentence == "In these 14 days 42 mails were sent; 3 replies and 1 bounce came back."
    assert (len(drawn.columns), drawn.columns[-1].sent) == (14, 100.0)
    assert b"<figcaption" in page.content


def test_a_part_that_cannot_be_read_says_so_and_the_page_stands(organization, client):
    happened(organization, sent=5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaign_days SET day = 'infinity'")  # from which nothing can be subtracted

    page = client.get(reverse("admin:index"))

    shown = cards(client)
    assert (page.status_code, shown["Sent today"].trouble) == (200, home_cards.TROUBLE)
    assert (shown["New suppressions, 7 days"].value, page.context["numbers"].drawing) == ("0", None)
    assert "could not be read just now" in page.content.decode()
