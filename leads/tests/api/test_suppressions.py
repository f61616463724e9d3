import pytest
from django.utils import timezone

from campaigns.tests.factories import CampaignFactory, LeadFactory, RecipientFactory, SuppressionFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client
from leads.models import Suppression

pytestmark = pytest.mark.django_db


def test_suppressing_an_address_takes_the_person_out_of_every_campaign():
    client = key_client(Role.OPERATOR)
    recipient = RecipientFactory(campaign__organization=client.organization, lead__email="ana@acme.example")

    answer = client.post("/api/v1/suppressions", {"address": "Ana@Acme.example", "reason": "unsubscribed"})

    recipient.refresh_from_db()
    assert (answer.status_code, answer.json()["address"]) == (201, "ana@acme.example")
    assert recipient.status == "unsubscribed"


def test_doing_it_twice_answers_what_is_there():
    client = key_client()
    first = client.post("/api/v1/suppressions", {"address": "ana@acme.example", "reason": "legal"})

    second = client.post("/api/v1/suppressions", {"address": "ana@acme.example"})

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("address", ["", "ana@", "not a domain", "a\nb@acme.example"])
def test_what_is_neither_address_nor_domain_is_refused(address):
    assert key_client().post("/api/v1/suppressions", {"address": address}).status_code == 400


@pytest.mark.parametrize(
    ("address", "code"),
    [("*.acme.example", "invalid_wildcard"), ("a*@acme.example", "invalid_wildcard"),
     ("a@acme.example; b@acme.example", "several_emails")],
)  # fmt: skip
def test_what_would_stop_nobody_is_refused_by_its_code(address, code):
    answer = key_client().post("/api/v1/suppressions", {"address": address})

    assert (answer.status_code, answer.json()["code"], Suppression.objects.count()) == (400, code, 0)


def test_everybody_at_a_domain_is_the_domain():
    answer = key_client().post("/api/v1/suppressions", {"address": "*@acme.example"})

    assert (answer.status_code, answer.json()["address"]) == (201, "acme.example")


def test_a_list_is_read_as_people_write_it():
    written = ["Email", "Jane <jane@acme.example>", "a@x.example; b@x.example", "*.beta.example", "www.beta.example"]

    answer = key_client().post("/api/v1/suppressions/bulk", {"addresses": written}).json()

    assert (answer["added"], [(each["index"], each["address"]) for each in answer["invalid"]]) == (
        4,
        [(3, "*.beta.example")],
    )
    assert set(Suppression.objects.values_list("address", flat=True)) == {
        "jane@acme.example", "a@x.example", "b@x.example", "beta.example",
    }  # fmt: skip


@pytest.mark.parametrize("reason", ["%00", "asked%0Afor", "%1b"])
def test_a_reason_is_one_line_of_characters_that_can_be_read(reason):
    client = key_client()
    address = f"/api/v1/suppressions/{SuppressionFactory(organization=client.organization).pk}"

    answer = client.delete(f"{address}?reason={reason}")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?reason")
    assert client.get(address).status_code == 200


def test_a_reason_is_as_long_as_a_change_message_at_most():
    client = key_client()
    address = f"/api/v1/suppressions/{SuppressionFactory(organization=client.organization).pk}"

    too_long = client.delete(f"{address}?reason={'x' * 201}")
    just_right = client.delete(f"{address}?reason={'x' * 200}")

    assert (too_long.status_code, too_long.json()["errors"][0]["pointer"]) == (400, "?reason")
    assert "at most 200 characters; this one has 201" in too_long.json()["detail"]
    assert just_right.status_code == 204


@pytest.mark.parametrize("reason", ["unsubscribed", "complaint", "legal"])
def test_what_a_person_asked_for_a_manager_alone_takes_back_with_a_reason(reason):
    manager = key_client(Role.MANAGER)
    suppression = SuppressionFactory(organization=manager.organization, reason=reason)
    address = f"/api/v1/suppressions/{suppression.pk}"

    assert key_client(Role.OPERATOR, manager.organization).delete(f"{address}?reason=asked").status_code == 403
    assert manager.delete(address).json()["code"] == "reason_missing"
    assert manager.delete(f"{address}?reason=asked+for+it").status_code == 204
    assert AuditLog.objects.get(action="suppression.removed").reason == "asked for it"


def test_what_an_operator_added_an_operator_removes():
    operator = key_client(Role.OPERATOR)
    suppression = SuppressionFactory(organization=operator.organization, reason="manual")

    assert operator.delete(f"/api/v1/suppressions/{suppression.pk}?reason=by+mistake").status_code == 204


def test_one_for_a_campaign_until_a_time_is_kept_as_such():
    client = key_client(Role.OPERATOR)
    campaign = CampaignFactory(organization=client.organization)
    given = {"address": "ana@acme.example", "campaign_id": campaign.pk, "expires_at": "2099-01-01T00:00:00Z"}

    made = client.post("/api/v1/suppressions", given).json()

    assert {name: made[name] for name in given} == given


@pytest.mark.parametrize("path", ["", "/bulk", "/check"])
def test_a_campaign_of_another_organization_is_not_there(path):
    client = key_client(Role.OPERATOR)
    given = {
        "campaign_id": CampaignFactory().pk,
        **({"addresses": ["a@b.example"]} if path else {"address": "b.example"}),
    }

    answer = client.post(f"/api/v1/suppressions{path}", given)

    assert (answer.status_code, Suppression.objects.count()) == (404, 0)


@pytest.mark.parametrize("given", [{"expires_at": "2001-01-01T00:00:00Z"}, {"reason": "erased"}])
def test_what_cannot_be_meant_is_refused(given):
    assert key_client().post("/api/v1/suppressions", {"address": "ana@acme.example", **given}).status_code == 400


def test_a_list_is_tried_and_then_done():
    client = key_client(Role.OPERATOR)
    RecipientFactory(campaign__organization=client.organization, lead__email="ana@acme.example")
    given = {"addresses": ["acme.example", "bo@x.example", "bo@x.example", "nonsense"], "reason": "legal"}

    tried = client.post("/api/v1/suppressions/bulk", {**given, "dry_run": True}).json()
    before = Suppression.objects.count()
    done = client.post("/api/v1/suppressions/bulk", given).json()

    counts = {"added": 2, "known": 0, "twice": 1, "active": 1}
    assert {**tried, "invalid": 1} == {**counts, "dry_run": True, "invalid": 1, "leads": 1}
    assert (before, {name: done[name] for name in counts}) == (0, counts)
    assert [entry["index"] for entry in done["invalid"]] == [3]


def test_each_row_of_a_list_may_say_why_and_what_led_to_it_and_the_weightier_reason_counts():
    client = key_client(Role.OPERATOR)
    SuppressionFactory(organization=client.organization, address="old@x.example", reason="import", source="crm")
    rows = [
        {"address": "ana@x.example", "reason": "hard_bounce", "source": "bounce log"},
        {"address": "Ana@x.example", "reason": "complaint", "source": "feedback loop"},
        {"address": "bo@x.example", "reason": "manual", "source": "call"},
        {"address": "acme.example"},
        {"address": "old@x.example", "reason": "legal", "source": "letter"},
    ]
    given = {"entries": rows, "reason": "unsubscribed", "source": "list of May"}

    tried = client.post("/api/v1/suppressions/bulk", {**given, "dry_run": True}).json()
    done = client.post("/api/v1/suppressions/bulk", given).json()

    assert [(each["added"], each["known"], each["twice"]) for each in (tried, done)] == [(3, 1, 1)] * 2
    assert set(Suppression.objects.values_list("address", "reason", "source")) == {
        ("ana@x.example", "complaint", "feedback loop"),
        ("bo@x.example", "unsubscribed", "call"),
        ("acme.example", "unsubscribed", "list of May"),
        ("old@x.example", "legal", "letter"),
    }


@pytest.mark.parametrize(
    ("given", "where"),
    [({}, ""), ({"addresses": ["x.example"], "entries": [{"address": "y.example"}]}, ""), ({"entries": []}, "/entries"),
     ({"entries": [{"address": "x.example"}] * 1_001}, "/entries"),
     ({"entries": [{"address": "x.example", "reason": "erased"}]}, "/entries/0/reason"),
     ({"entries": [{"address": "x.example"}, {"address": "y.example", "note": "?"}]}, "/entries/1/note")],
)  # fmt: skip
def test_a_list_in_two_ways_or_none_or_with_a_row_that_cannot_be_meant_changes_nothing(given, where):
    answer = key_client().post("/api/v1/suppressions/bulk", given)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"], Suppression.objects.count()) == (400, where, 0)


def test_suppressions_are_found_by_domain_scope_campaign_source_and_end():
    client = key_client()
    of = {"organization": client.organization}
    campaign = CampaignFactory(**of)
    person = SuppressionFactory(address="ana@acme.example", campaign_id=campaign.pk, **of)
    domain = SuppressionFactory(address="acme.example", source="letter", **of)
    ends = SuppressionFactory(address="bo@notacme.example", expires_at="2099-01-01T00:00Z", **of)

    def found(query):
        return [row["id"] for row in client.get(f"/api/v1/suppressions?{query}").json()["results"]]

    assert found("domain=acme.example") == [domain.pk, person.pk]
    assert found("scope=campaign") == found(f"campaign={campaign.pk}") == [person.pk]
    assert found("scope=organization") == [ends.pk, domain.pk]
    assert (found("source=letter"), found("expires=true")) == ([domain.pk], [ends.pk])


def test_a_check_says_of_every_address_whether_and_why_not():
    client = key_client(Role.OPERATOR)
    SuppressionFactory(organization=client.organization, address="ana@acme.example", reason="unsubscribed")
    SuppressionFactory(organization=client.organization, address="umbrella.example", reason="legal")
    SuppressionFactory(address="bob@acme.example")
    asked = ["ANA@acme.example", "carl@umbrella.example", "bob@acme.example", "nonsense"]

    answer = client.post("/api/v1/suppressions/check", {"addresses": asked}).json()

    assert [(item["address"], item["allowed"], item["code"], item["suppressed"]) for item in answer] == [
        ("ANA@acme.example", False, "unsubscribed", "ana@acme.example"),
        ("carl@umbrella.example", False, "legal", "umbrella.example"),
        ("bob@acme.example", True, "", ""),
        ("nonsense", False, "invalid_address", ""),
    ]


def test_a_check_names_what_holds_in_single_campaigns_alone():
    client = key_client(Role.OPERATOR)
    own, ended = CampaignFactory(organization=client.organization), CampaignFactory(organization=client.organization)
    given = {"organization": client.organization, "reason": "manual"}
    one = SuppressionFactory(**given, address="ana@acme.example", campaign_id=own.pk)
    all_there = SuppressionFactory(**given, address="acme.example", campaign_id=own.pk)
    SuppressionFactory(**given, address="ana@acme.example", campaign_id=ended.pk, expires_at=timezone.now())
    SuppressionFactory(address="ana@acme.example", campaign_id=CampaignFactory().pk)
    asked = {"addresses": ["Ana@acme.example", "bo@x.example"]}

    ana, bo = client.post("/api/v1/suppressions/check", asked).json()
    there, _ = client.post("/api/v1/suppressions/check", {**asked, "campaign_id": own.pk}).json()

    assert (ana["allowed"], {each["id"] for each in ana["only_in_campaigns"]}) == (True, {one.pk, all_there.pk})
    assert {each["campaign_id"] for each in ana["only_in_campaigns"]} == {own.pk}
    assert (bo["only_in_campaigns"], there["allowed"], there["suppression"]["id"]) == ([], False, one.pk)


def test_a_check_changes_nothing():
    client = key_client(Role.OPERATOR)
    LeadFactory(organization=client.organization, email="ana@acme.example")

    client.post("/api/v1/suppressions/check", {"addresses": ["ana@acme.example"]})

    assert not Suppression.objects.exists()


def test_suppressions_are_filtered_by_reason():
    client = key_client()
    SuppressionFactory(organization=client.organization, reason="legal")
    kept = SuppressionFactory(organization=client.organization, reason="complaint")

    found = client.get("/api/v1/suppressions?reason=complaint,unsubscribed").json()["results"]

    assert [row["id"] for row in found] == [kept.pk]
