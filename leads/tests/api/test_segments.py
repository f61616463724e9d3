"""Segments, bulk acts and the finer filters of leads, by the API."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    LeadTagFactory,
    MessageFactory,
    RecipientFactory,
    SegmentFactory,
    TagFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead, Segment, Suppression, Tag
from leads.tests.segments.test_reading import one

pytestmark = pytest.mark.django_db

ACME = one("company", "is", "acme")


def test_a_segment_is_made_told_counted_and_listed():
    client = key_client(Role.OPERATOR)
    lead = LeadFactory(organization=client.organization)
    LeadFactory(organization=client.organization, company="Beta")

    made = client.post("/api/v1/segments", {"name": "Acme", "rules": ACME}).json()
    path = f"/api/v1/segments/{made['id']}"

    assert made["words"] == "company is acme"
    assert client.get(f"{path}/count").json() == {"count": 1, "is_capped": False, "is_estimate": False}
    assert [each["id"] for each in client.get(f"{path}/members").json()["results"]] == [lead.pk]
    assert [each["id"] for each in client.get(f"/api/v1/leads?segment={made['id']}").json()["results"]] == [lead.pk]


def test_rules_are_tried_before_they_are_saved():
    client = key_client(Role.OPERATOR)
    LeadFactory(organization=client.organization)

    told = client.post("/api/v1/segments/preview", {"rules": ACME}).json()
    refused = client.post("/api/v1/segments/preview", {"rules": one("titel", "is", "x")})

    assert (told["count"], told["words"]) == (1, "company is acme")
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_field")
    assert "/groups/0/rules/0/field" in refused.json()["detail"]
    assert not Segment.objects.exists()


def test_a_segment_is_frozen_and_unfrozen_and_says_what_uses_it():
    client = key_client(Role.MANAGER)
    LeadFactory(organization=client.organization)
    segment = SegmentFactory(organization=client.organization, rules=ACME)
    SegmentFactory(organization=client.organization, name="Outer", rules=one("segment", "in", segment.pk))
    path = f"/api/v1/segments/{segment.pk}"

    assert client.post(f"{path}/freeze").json() == {"members": 1}
    assert client.post(f"{path}/freeze").json()["code"] == "segment_frozen"
    assert client.post(f"{path}/unfreeze").json()["frozen_at"] is None
    assert [use["name"] for use in client.get(f"{path}/uses").json()] == ["Outer"]
    assert client.delete(path).json()["code"] == "segment_in_use"


def test_the_list_of_segments_costs_as_many_queries_for_three_as_for_one():
    client = key_client()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/api/v1/segments")
        return len(captured)

    def another() -> None:
        tag = TagFactory(organization=client.organization)
        SegmentFactory(organization=client.organization, rules=one("tag", "any_of", [tag.pk]))

    another()
    queries()
    for_one = queries()
    another()
    another()

    assert queries() == for_one


def test_a_tag_that_a_segment_asks_for_is_not_deleted_but_merged():
    client = key_client(Role.MANAGER)
    old, new = (TagFactory(organization=client.organization, name=name) for name in ("old", "new"))
    LeadTagFactory(tag=old, lead__organization=client.organization)
    SegmentFactory(organization=client.organization, rules=one("tag", "any_of", [old.pk]))

    refused = client.delete(f"/api/v1/tags/{old.pk}")
    merged = client.post(f"/api/v1/tags/{old.pk}/merge", {"into": new.pk})

    assert (refused.status_code, refused.json()["code"]) == (409, "tag_in_use")
    assert (merged.json()["name"], merged.json()["lead_count"]) == ("new", 1)
    assert not Tag.objects.filter(pk=old.pk).exists()


def found(client: Any, query: str) -> list[str]:
    answer = client.get(f"/api/v1/leads?{query}")
    assert answer.status_code == 200, answer.json()
    return sorted(each["first_name"] for each in answer.json()["results"])


def test_leads_are_narrowed_by_tags_fields_and_what_happened():
    client = key_client()
    home = client.organization
    ana = LeadFactory(organization=home, first_name="Ana", email="ana@acme.example", custom={"plan": "gold"})
    bob = LeadFactory(organization=home, first_name="Bob", company="Beta", verification="verified")
    LeadFactory(organization=home, first_name="Eva", country="Spain")
    vip, cold = (TagFactory(organization=home, name=name) for name in ("vip", "cold"))
    for lead, tag in ((ana, vip), (bob, vip), (bob, cold)):
        LeadTagFactory(lead=lead, tag=tag)
    campaign = CampaignFactory(organization=home)
    MessageFactory(recipient=RecipientFactory(campaign=campaign, lead=ana), status="sent", sent_at="2026-03-01T12:00Z")

    expected = {
        "tag=vip": ["Ana", "Bob"], "tag=VIP,cold": ["Ana", "Bob"], "tag__all=vip,cold": ["Bob"],
        "tag__not=vip": ["Eva"], "tag=nothing": [], "tag__all=vip,nothing": [], "custom.plan=gold": ["Ana"],
        "custom.plan=Gold": [], "domain=acme.example": ["Ana"], "company=beta": ["Bob"], "country=SPAIN": ["Eva"],
        "email=ANA@acme.example": ["Ana"], "verification=verified,likely": ["Bob"],
        f"in_campaign={campaign.pk}": ["Ana"], f"not_in_campaign={campaign.pk}": ["Bob", "Eva"],
        "last_contacted__gte=2026-03-01": ["Ana"], "last_contacted__gte=2026-03-02": [],
        "last_contacted__lt=2026-03-02": ["Ana"], "not_contacted_since=2026-03-02": ["Ana", "Bob", "Eva"],
        "not_contacted_since=2026-03-01": ["Bob", "Eva"], "q=bo": ["Bob"], "q=ob": [], "segment=999999": [],
    }  # fmt: skip

    assert {query: found(client, query) for query in expected} == expected


@pytest.mark.parametrize("query", ["custom.Plan=x", "custom.plan=", "tags=x", "last_contacted__gte=soon"])
def test_a_filter_that_makes_no_sense_is_refused(query):
    assert key_client().get(f"/api/v1/leads?{query}").status_code == 400


def test_many_are_tagged_by_rules_and_suppressed_by_segment():
    client = key_client(Role.OPERATOR)
    lead = LeadFactory(organization=client.organization, email="ana@acme.example")
    LeadFactory(organization=client.organization, company="Beta")
    segment = SegmentFactory(organization=client.organization, rules=ACME)

    tagged = client.post("/api/v1/leads/bulk", {"act": "tag", "tags": ["vip"], "rules": ACME})
    untagged = client.post("/api/v1/leads/bulk", {"act": "untag", "tags": ["vip"], "lead_ids": [lead.pk]})
    suppressed = client.post("/api/v1/leads/bulk", {"act": "suppress", "segment": segment.pk})

    assert [answer.json() for answer in (tagged, untagged, suppressed)] == [{"changed": 1}] * 3
    assert list(Suppression.objects.values_list("address", flat=True)) == ["ana@acme.example"]


@pytest.mark.parametrize(
    "body",
    [
        {"act": "tag", "lead_ids": [1]},
        {"act": "suppress", "tags": ["x"], "lead_ids": [1]},
        {"act": "tag", "tags": ["x"]},
        {"act": "tag", "tags": ["x"], "lead_ids": [1], "segment": 1},
        {"act": "delete", "lead_ids": [1]},
    ],
)
def test_a_bulk_act_that_is_unclear_is_refused(body):
    assert key_client().post("/api/v1/leads/bulk", body).status_code == 400


def test_more_than_may_be_suppressed_at_a_time_are_refused_and_nobody_is(monkeypatch):
    monkeypatch.setattr("leads.bulk.MOST_SUPPRESSED", 1)
    client = key_client(Role.OPERATOR)
    LeadFactory.create_batch(2, organization=client.organization)

    answer = client.post("/api/v1/leads/bulk", {"act": "suppress", "rules": ACME})

    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_to_suppress")
    assert (Suppression.objects.count(), Lead.objects.count()) == (0, 2)
