import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LeadAliasFactory,
    LeadFactory,
    LeadTagFactory,
    OrganizationFactory,
    RecipientFactory,
    SuppressionFactory,
    TagFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.protection import keyed
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead, Suppression, Tag
from leads.suppression import suppress_erased

pytestmark = pytest.mark.django_db


def test_a_lead_is_made_with_its_address_in_normal_form_and_its_tags():
    client = key_client(Role.OPERATOR)
    body = {
        "email": "Ana@Acme.EXAMPLE",
        "first_name": "Ana",
        "custom": {"industry": "Shipping"},
        "tags": ["vip", "new"],
    }

    answer = client.post("/api/v1/leads", body)

    assert answer.status_code == 201, answer.json()
    lead = Lead.objects.get()
    assert answer["Location"] == f"/api/v1/leads/{lead.pk}"
    assert (lead.email_normalized, lead.organization) == ("ana@acme.example", client.organization)
    assert (
        answer.json() | {"first_name": "Ana", "custom": {"industry": "Shipping"}, "tags": ["new", "vip"]}
        == answer.json()
    )


@pytest.mark.parametrize("key", ["", " ", "Stand", "a b"])
def test_a_further_field_needs_a_name_that_can_be_asked_for(key):
    answer = key_client().post("/api/v1/leads", {"email": "ana@acme.example", "custom": {key: "x"}})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/custom/{key}")
    assert not Lead.objects.exists()


@pytest.mark.parametrize("domain", ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example"])
def test_a_domain_is_found_however_it_is_written(domain):
    client = key_client()
    lead = LeadFactory(
        organization=client.organization, email="ina@münchen.example", email_normalized="ina@xn--mnchen-3ya.example",
        domain="xn--mnchen-3ya.example", company_domain="xn--mnchen-3ya.example",
    )  # fmt: skip
    LeadFactory(organization=client.organization)
    client.post("/api/v1/suppressions", {"address": "münchen.example"})
    rules = {"groups": [{"rules": [{"field": "domain", "operator": "is", "value": domain}]}]}
    others = {"exclude": [{"rules": [{"field": "company_domain", "operator": "is_any_of", "value": [domain]}]}]}
    campaign = CampaignFactory(organization=client.organization, status="draft")

    for asked in (f"email=ina@{domain}", f"domain={domain}", f"q=ina@{domain}", f"q={domain}", f"q=@{domain}"):
        assert [each["id"] for each in client.get(f"/api/v1/leads?{asked}").json()["results"]] == [lead.pk], asked
    assert client.post("/api/v1/segments/preview", {"rules": rules}).json()["count"] == 1
    assert client.post("/api/v1/segments/preview", {"rules": others}).json()["count"] == 1
    assert len(client.get(f"/api/v1/suppressions?domain={domain}").json()["results"]) == 1
    enrolled = client.post(f"/api/v1/campaigns/{campaign.pk}/recipients", {"filter": {"email_domain": domain}}).json()
    assert enrolled["skipped"] == {"suppressed": 1}


def test_number_and_address_of_a_merged_lead_lead_to_the_one_that_stays():
    client = key_client()
    kept = LeadFactory(organization=client.organization, email="ana@acme.example")
    LeadAliasFactory(organization=client.organization, lead=kept, old_id=4711, email_normalized="a@old.example")
    theirs = LeadAliasFactory(email_normalized="x@old.example", old_id=4712)

    by_number = client.get("/api/v1/leads/4711")
    assert (by_number.status_code, by_number["Location"]) == (301, f"/api/v1/leads/{kept.pk}")
    assert client.get("/api/v1/leads/lookup?email=A@old.example").json()["id"] == kept.pk
    assert client.get(f"/api/v1/leads/{theirs.old_id}").status_code == 404
    assert client.get("/api/v1/leads/lookup?email=x@old.example").status_code == 404


def test_of_an_erased_address_it_is_not_said_that_a_lead_could_be_made():
    client = key_client()
    suppress_erased(organization=client.organization, lead_id=0, addresses=["ana@acme.example"], at=NOON)

    answer = client.get("/api/v1/leads/lookup?email=ana@acme.example")

    assert (answer.status_code, answer.json()["hint"]) == (404, "The person was erased, and is not to come back.")


def test_a_second_lead_with_the_same_address_is_refused_at_its_field():
    client = key_client()
    LeadFactory(organization=client.organization, email="ana@acme.example")

    answer = client.post("/api/v1/leads", {"email": "ANA@acme.example"})

    assert (answer.status_code, answer.json()["code"]) == (400, "not_unique")
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/email", "not_unique")]


@pytest.mark.parametrize("way", ["post", "patch"])
def test_whoever_gives_the_address_of_another_lead_is_told_its_number(way):
    client = key_client()
    LeadFactory(email="ana@acme.example")
    there = LeadFactory(organization=client.organization, email="ana@acme.example")
    path = "" if way == "post" else f"/{LeadFactory(organization=client.organization).pk}"

    answer = getattr(client, way)(f"/api/v1/leads{path}", {"email": "Ana@ACME.example"}).json()

    assert (answer["status"], answer["code"], answer["lead"]) == (400, "not_unique", there.pk)
    assert client.get(f"/api/v1/leads/{answer['lead']}").json()["email"] == "ana@acme.example"


@pytest.mark.parametrize("way", ["post", "patch"])
def test_no_lead_gets_the_address_of_somebody_who_was_merged_into_another(way):
    client = key_client(Role.OPERATOR)
    alias = LeadAliasFactory(lead__organization=client.organization, email_normalized="old@acme.example")
    path = "" if way == "post" else f"/{LeadFactory(organization=client.organization).pk}"

    answer = getattr(client, way)(f"/api/v1/leads{path}", {"email": "Old@acme.example"})

    assert (answer.status_code, answer.json()["code"], answer.json()["lead"]) == (
        409, "merged_address", alias.lead_id,
    )  # fmt: skip
    assert not Lead.objects.filter(email_normalized="old@acme.example").exists()


def test_a_lead_takes_its_own_earlier_address_back_and_keeps_the_one_it_has():
    client = key_client(Role.OPERATOR)
    alias = LeadAliasFactory(lead__organization=client.organization, email_normalized="old@acme.example")
    before = LeadFactory(organization=client.organization, email="had@acme.example")
    LeadAliasFactory(lead=alias.lead, organization=client.organization, email_normalized="had@acme.example")

    codes = [
        client.patch(f"/api/v1/leads/{lead}", {"email": email}).status_code
        for lead, email in ((alias.lead_id, "old@acme.example"), (before.pk, "HAD@acme.example"))
    ]

    assert codes == [200, 200]


def test_the_merges_of_another_organization_hinder_nobody():
    LeadAliasFactory(email_normalized="old@acme.example")

    assert key_client().post("/api/v1/leads", {"email": "old@acme.example"}).status_code == 201


def test_the_same_person_may_be_a_lead_of_two_organizations():
    LeadFactory(email="ana@acme.example")

    assert key_client().post("/api/v1/leads", {"email": "ana@acme.example"}).status_code == 201


@pytest.mark.parametrize(
    "address", ["", "ana", "ana@", "a b@acme.example", "ana@acme..example", "a\u0000@acme.example"]
)
def test_what_is_no_address_is_refused(address):
    answer = key_client().post("/api/v1/leads", {"email": address})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/email"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "Ana\r\nBcc: all@acme.example"),
        ("company", "Acme\u0000"),
        ("title", "x" * 201),
        ("website", "javascript:alert(1)"),
        ("linkedin_url", "ftp://acme.example"),
        ("custom", {"Company Size": "10"}),
        ("custom", {"a\u0000b": "10"}),
        ("custom", {"size": "1\u00000"}),
        ("custom", {"size": "x" * 5_001}),
        ("custom", {f"k{number}": "" for number in range(101)}),
        ("custom", ["size"]),
        ("tags", "vip"),
        ("tags", ["x" * 61]),
        ("tags", [{"name": "vip"}]),
    ],
)
def test_what_a_field_cannot_hold_is_refused_at_that_field(field, value):
    answer = key_client().post("/api/v1/leads", {"email": "ana@acme.example", field: value})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")
    assert not Lead.objects.exists()


def test_a_further_field_with_an_empty_text_is_not_there():
    client = key_client(Role.OPERATOR)
    made = client.post("/api/v1/leads", {"email": "ana@acme.example", "custom": {"industry": "Ships", "hall": " "}})

    changed = client.patch(f"/api/v1/leads/{made.json()['id']}", {"custom": {"industry": "", "hall": "3"}})

    assert made.json()["custom"] == {"industry": "Ships"}
    assert changed.json()["custom"] == Lead.objects.get().custom == {"hall": "3"}


def test_a_patch_changes_what_it_names_and_nothing_else():
    client = key_client()
    lead = LeadFactory(organization=client.organization, company="Acme", title="CEO")

    answer = client.patch(f"/api/v1/leads/{lead.pk}", {"company": "Umbrella"})

    assert (answer.status_code, answer.json()["company"], answer.json()["title"]) == (200, "Umbrella", "CEO")


def test_a_patch_keeps_what_changed_in_the_database_since_it_was_read():
    client = key_client()
    lead = LeadFactory(organization=client.organization)
    Lead.objects.update(status="bounced")

    client.patch(f"/api/v1/leads/{lead.pk}", {"company": "Umbrella"})

    lead.refresh_from_db()
    assert (lead.status, lead.company) == ("bounced", "Umbrella")


def test_tags_are_replaced_by_name_in_any_case():
    client = key_client()
    kept = TagFactory(organization=client.organization, name="VIP")
    lead = LeadTagFactory(lead__organization=client.organization, tag__name="old").lead

    answer = client.patch(f"/api/v1/leads/{lead.pk}", {"tags": ["vip", "İstanbul", "İstanbul"]})

    assert answer.json()["tags"] == ["VIP", "İstanbul"]
    assert lead.lead_tags.filter(tag=kept).exists()


def test_a_tag_of_the_same_name_in_another_organization_is_left_alone():
    client = key_client()
    lead = LeadFactory(organization=client.organization)
    other = TagFactory(name="vip")

    client.patch(f"/api/v1/leads/{lead.pk}", {"tags": ["vip"]})

    tag = lead.lead_tags.get().tag
    assert (tag.name, tag.organization) == ("vip", client.organization)
    assert not other.lead_tags.exists()


def test_a_lead_is_found_by_its_address_in_another_spelling():
    client = key_client()
    lead = LeadFactory(organization=client.organization, email="ana@acme.example")

    assert client.get("/api/v1/leads/lookup?email=ANA@Acme.example").json()["id"] == lead.pk
    assert client.get("/api/v1/leads/lookup?email=nobody@acme.example").status_code == 404
    assert client.get("/api/v1/leads/lookup").json()["errors"][0]["pointer"] == "?email"
    assert client.get("/api/v1/leads/lookup?email=ana").json()["code"] == "invalid_address"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ana@", ["ana"]),
        ("q=umbr", ["bob"]),
        ("tag=VIP", ["ana"]),
        ("tag=none", []),
        ("status=bounced", ["bob"]),
        ("status=ok,bounced", ["bob", "ana"]),
        ("company=UMBRELLA", ["bob"]),
        ("country=Czechia", ["ana"]),
        ("created_at__gte=2026-01-01T00:00:00Z", ["bob", "ana"]),
        ("created_at__lt=2026-01-01T00:00:00Z", []),
        ("status=ok&company=Umbrella", []),
    ],
)
def test_leads_are_filtered(query, found):
    client = key_client()
    ana = LeadFactory(organization=client.organization, email="ana@acme.example", first_name="A", country="Czechia")
    LeadTagFactory(lead=ana, tag__name="vip")
    LeadFactory(organization=client.organization, email="bob@acme.example", company="Umbrella", status="bounced")

    leads = client.get(f"/api/v1/leads?{query}").json()["results"]

    assert [lead["email"].partition("@")[0] for lead in leads] == found


@pytest.mark.parametrize("query", ["status=gone", "status=ok,gone", "created_at__gte=yesterday", "q=%00"])
def test_a_filter_that_makes_no_sense_is_refused(query):
    answer = key_client().get(f"/api/v1/leads?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"?{query.partition('=')[0]}"


def test_a_lead_in_no_campaign_is_deleted_and_its_suppression_stays():
    client = key_client(Role.MANAGER)
    lead = LeadFactory(organization=client.organization)
    SuppressionFactory(organization=client.organization, address=lead.email_normalized)

    assert client.delete(f"/api/v1/leads/{lead.pk}").status_code == 204
    assert (Lead.objects.count(), Suppression.objects.count()) == (0, 1)


def test_a_lead_in_a_campaign_is_not_deleted_and_the_campaign_is_named():
    client = key_client(Role.MANAGER)
    recipient = RecipientFactory(campaign__organization=client.organization)

    answer = client.delete(f"/api/v1/leads/{recipient.lead_id}")

    assert (answer.status_code, answer.json()["code"]) == (409, "lead_in_campaign")
    assert answer.json()["campaigns"] == [recipient.campaign_id]
    assert Lead.objects.count() == 1


def test_an_operator_deletes_no_lead():
    client = key_client(Role.OPERATOR)
    lead = LeadFactory(organization=client.organization)

    assert client.delete(f"/api/v1/leads/{lead.pk}").status_code == 403


def test_the_audit_log_names_the_key_and_the_fields_and_keeps_no_personal_data():
    client = key_client(Role.MANAGER)
    lead_id = client.post("/api/v1/leads", {"email": "ana@acme.example", "first_name": "Ana"}).json()["id"]
    client.patch(f"/api/v1/leads/{lead_id}", {"first_name": "Anna"})
    client.delete(f"/api/v1/leads/{lead_id}")

    rows = AuditLog.objects.filter(entity_type="lead").order_by("pk")

    assert [(row.action, row.actor_kind, row.actor_name) for row in rows] == [
        ("lead.created", "key", "test manager"),
        ("lead.changed", "key", "test manager"),
        ("lead.deleted", "key", "test manager"),
    ]
    assert rows[1].after == {"first_name": keyed("Anna", organization_id=client.organization.pk)}
    assert "acme" not in str(list(rows.values("before", "after", "entity_name", "reason"))).lower()


def test_leads_with_tags_take_no_query_per_row():
    client = key_client()
    LeadTagFactory(lead__organization=client.organization)
    with CaptureQueriesContext(connection) as one:
        client.get("/api/v1/leads")
    LeadTagFactory.create_batch(2, lead__organization=client.organization)
    with CaptureQueriesContext(connection) as three:
        client.get("/api/v1/leads")

    assert len(one) == len(three)


def test_a_lead_says_whether_it_is_suppressed_and_a_list_is_narrowed_by_it():
    client = key_client()
    LeadFactory(organization=client.organization, email="ana@acme.example")
    LeadFactory(organization=client.organization, email="bob@beta.example")
    LeadFactory(organization=client.organization, email="eva@gone.example")
    SuppressionFactory(organization=client.organization, address="ana@acme.example", reason="manual")
    SuppressionFactory(organization=client.organization, address="beta.example", reason="legal")
    SuppressionFactory(organization=client.organization, address="eva@gone.example", expires_at="2026-01-01T00:00:00Z")
    SuppressionFactory(address="gone.example")

    def found(query=""):
        return {lead["email"]: lead["suppressed"] for lead in client.get(f"/api/v1/leads{query}").json()["results"]}

    assert found() == {"ana@acme.example": True, "bob@beta.example": True, "eva@gone.example": False}
    assert found("?suppressed=true") == {"ana@acme.example": True, "bob@beta.example": True}
    assert found("?suppressed=false") == {"eva@gone.example": False}
    assert client.get("/api/v1/leads/lookup?email=ana@acme.example").json()["suppressed"] is True
    assert client.get("/api/v1/leads?suppressed=perhaps").status_code == 400


def test_a_lead_has_a_time_zone_that_exists():
    client = key_client()

    made = client.post("/api/v1/leads", {"email": "ana@acme.example", "timezone": "Asia/Tokyo"})
    refused = client.post("/api/v1/leads", {"email": "bob@acme.example", "timezone": "Mars/Olympus"})

    assert (made.status_code, made.json()["timezone"]) == (201, "Asia/Tokyo")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/timezone")


def test_leads_of_another_organization_do_not_show():
    LeadFactory(organization=OrganizationFactory())

    assert key_client().get("/api/v1/leads").json()["results"] == []


def test_a_tag_is_made_changed_counted_and_deleted():
    client = key_client(Role.MANAGER)
    made = client.post("/api/v1/tags", {"name": "vip", "color": "#0ea5e9"}).json()
    LeadTagFactory(lead__organization=client.organization, tag=Tag.objects.get())

    renamed = client.patch(f"/api/v1/tags/{made['id']}", {"name": "VIP"}).json()

    assert (made["lead_count"], renamed["lead_count"], renamed["name"]) == (0, 1, "VIP")
    assert client.delete(f"/api/v1/tags/{made['id']}").status_code == 204
    assert (Tag.objects.count(), Lead.objects.count()) == (0, 1)


def test_a_tag_of_the_same_name_in_another_case_is_refused():
    client = key_client()
    TagFactory(organization=client.organization, name="vip")

    answer = client.post("/api/v1/tags", {"name": "VIP"})

    assert (answer.status_code, answer.json()["code"]) == (400, "not_unique")


def test_a_tag_s_color_is_checked():
    assert key_client().post("/api/v1/tags", {"name": "vip", "color": "red"}).json()["errors"][0]["pointer"] == "/color"
