"""Ranking on a campaign's pages, and enrollment by segment and of the best."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Campaign, LeadRanking, Recipient
from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    LeadRankingFactory,
    LeadTagFactory,
    SegmentFactory,
    TagFactory,
)
from campaigns_project.tests.admin.browsers import press
from leads.tests.segments.test_reading import one

POINTS = [{"field": "city", "operator": "is", "value": "Brno", "points": 10}]


def rules_page(campaign: Any) -> str:
    return reverse("admin:campaigns_campaign_ranking", args=[campaign.pk])


def typed(city: str, points: Any) -> dict[str, Any]:
    row = {"field": "city", "operator": "is", "value": city, "points": points}
    return {"rules-0-kind": "groups", "rules-0-match": "any", **{f"rules-0-0-{name}": row[name] for name in row}}


def test_rules_are_saved_and_the_leads_ranked_by_them(operator: Client, campaign: Any) -> None:
    best = LeadFactory(organization=campaign.organization, city="Brno", first_name="Best")
    LeadFactory(organization=campaign.organization)

    answer = operator.post(rules_page(campaign), {**typed("Brno", "10"), "_rank": ""}, follow=True)

    page = answer.content.decode()
    assert (LeadRanking.objects.get(rank=1).lead, LeadRanking.objects.count()) == (best, 3)
    assert ("3 leads are ranked." in page, "city is Brno <b>+10</b>" in page) == (True, True)


def test_rules_are_saved_without_ranking_anybody(operator: Client, campaign: Any) -> None:
    operator.post(rules_page(campaign), typed("Brno", "-10"))

    campaign.refresh_from_db()
    assert [rule["points"] for rule in campaign.ranking_rules] == [-10]
    assert not LeadRanking.objects.exists()


def test_a_segment_that_is_gone_is_said_beside_the_choice_and_nothing_is_saved(operator: Client, campaign: Any) -> None:
    page = operator.post(rules_page(campaign), {**typed("Brno", "10"), "_rank": "", "segment": "0"}).content.decode()

    campaign.refresh_from_db()
    assert ("That choice is not one of the available choices." in page, campaign.ranking_rules) == (True, [])


@pytest.mark.parametrize(("points", "said"), [("many", "Points are a whole number"), ("", "Points are a whole number")])
def test_a_rule_without_sensible_points_is_refused_beside_its_row(
    operator: Client, campaign: Any, points: str, said: str
) -> None:
    page = operator.post(rules_page(campaign), typed("Brno", points)).content.decode()

    assert (page.count(said), "see what is said beside it" in page) == (1, True)  # said once, beside the row
    assert 'value="Brno"' in page


def test_the_line_under_the_rules_tells_the_most_points(operator: Client, campaign: Any) -> None:
    address = reverse("admin:campaigns_campaign_ranking_most", args=[campaign.pk])

    assert "can have is 10 points" in operator.post(address, typed("Brno", "10")).content.decode()
    assert "Fill in the rules" in operator.post(address, typed("", "10")).content.decode()


def test_the_ranking_costs_as_many_queries_for_three_as_for_one(operator: Client, campaign: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(f"{reverse('admin:campaigns_leadranking_changelist')}?campaign={campaign.pk}")
        return len(captured)

    LeadRankingFactory(campaign=campaign)
    queries()
    for_one = queries()
    LeadRankingFactory.create_batch(2, campaign=campaign)

    assert queries() == for_one


def test_the_best_of_a_segment_are_enrolled_from_the_dialog_which_tells_who_they_are(
    operator: Client, campaign: Any
) -> None:
    home = campaign.organization
    best, second, unwanted = (LeadFactory(organization=home, city="Brno", first_name=name) for name in "ABC")
    LeadTagFactory(lead=unwanted, tag=TagFactory(organization=home, name="no"))
    for rank, lead in enumerate((unwanted, best, second), 1):
        LeadRankingFactory(campaign=campaign, lead=lead, rank=rank, score=10)
    Campaign.objects.filter(pk=campaign.pk).update(ranking_rules=POINTS)
    segment = SegmentFactory(organization=home, rules=one("city", "is", "brno"))
    asked = {"way": "segment", "segment": segment.pk, "exclude_tag": unwanted.lead_tags.get().tag_id, "top": 1}

    line = press(operator, reverse("admin:campaigns_campaign_audience", args=[campaign.pk]), **asked).content.decode()
    press(operator, reverse("admin:campaigns_campaign_enroll", args=[campaign.pk]), **asked)

    said = f"<b>1 lead</b> selected; the best by the ranking: {best} (10). All of them would be enrolled."
    assert said in " ".join(line.split())
    assert list(Recipient.objects.filter(lead__city="Brno").values_list("lead", flat=True)) == [best.pk]


def test_the_dialog_says_beforehand_who_would_stay_out_and_an_enrollment_of_nobody_is_no_success(
    operator: Client, campaign: Any
) -> None:
    Recipient.objects.update(occupies=True)
    other = CampaignFactory(organization=campaign.organization)
    asked = {"way": "everyone"}

    line = press(operator, reverse("admin:campaigns_campaign_audience", args=[other.pk]), **asked).content.decode()
    press(operator, reverse("admin:campaigns_campaign_enroll", args=[other.pk]), **asked)
    page = operator.get(reverse("admin:campaigns_campaign_change", args=[other.pk]))

    told = "<b>1 lead</b> selected. Of them <b>nobody</b> would be enrolled; left out: 1 active in another campaign."
    assert told in " ".join(line.split())
    (message,) = page.context["messages"]
    assert (message.level_tag, str(message)) == ("warning", "0 enrolled; left out: 1 active in another campaign.")


def test_without_rules_the_dialog_offers_no_best_and_a_segment_must_be_chosen(operator: Client, campaign: Any) -> None:
    address = reverse("admin:campaigns_campaign_enroll", args=[campaign.pk])

    opened, answered = operator.get(address).content.decode(), press(operator, address, way="segment").content.decode()

    assert ('name="top"' in opened, "No segment is chosen." in answered) == (False, True)


def test_the_list_says_how_many_recipients_are_not_ranked(operator: Client, campaign: Any) -> None:
    listed = f"{reverse('admin:campaigns_leadranking_changelist')}?campaign={campaign.pk}"
    nobody = operator.get(listed).content.decode()
    LeadRankingFactory(campaign=campaign, lead__organization=campaign.organization)
    one = operator.get(listed).content.decode()
    LeadRankingFactory(campaign=campaign, lead=Recipient.objects.get().lead, rank=2)
    all_of_them = operator.get(listed).content.decode()

    assert ["1 recipient is not ranked." in page for page in (nobody, one, all_of_them)] == [False, True, False]
