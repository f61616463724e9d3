"""A request with an Idempotency-Key: done once, and answered as the first time."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.utils import timezone

from campaigns.tests.factories import CampaignFactory, MembershipFactory, OrganizationFactory
from campaigns_project.accounts.models import Organization, ServiceAccount
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.idempotency.forget import forget_answers, remove_old
from campaigns_project.idempotency.models import IdempotentRequest
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.webhooks.models import WebhookEndpoint
from leads.models import Lead, LeadImport, Tag

pytestmark = pytest.mark.django_db

KEY = {"HTTP_IDEMPOTENCY_KEY": "5f3c9a52-0f0e-4b61-9c3e-0d2a7a5b9d11"}
TAGS = "/api/v1/tags"


@pytest.fixture
def client():
    return key_client(Role.OWNER)


def back_in_time(**ago):
    """As if all requests had begun so much earlier."""
    started = timezone.now() - timedelta(**ago)
    IdempotentRequest.objects.update(started_at=started)


def told(answer):
    return answer.status_code, answer.json()["code"]


def test_the_same_request_is_answered_as_the_first_time_and_does_nothing(client):
    first = client.post(TAGS, {"name": "vip"}, **KEY)
    acts = AuditLog.objects.count()
    again = client.post(TAGS, {"name": "vip"}, **KEY)

    assert first.status_code == 201
    assert (again.status_code, again.content, again["Location"]) == (201, first.content, first["Location"])
    assert again["Content-Type"] == first["Content-Type"]
    assert (again["Idempotency-Replayed"], "Idempotency-Replayed" in first) == ("true", False)
    assert (again["Cache-Control"], again["API-Version"]) == (first["Cache-Control"], first["API-Version"])
    assert again["X-Request-ID"] != first["X-Request-ID"]
    assert (Tag.objects.count(), AuditLog.objects.count()) == (1, acts)


def test_an_answer_without_a_body_is_given_again(client):
    tag = Tag.objects.create(organization=client.organization, name="old")

    answers = [client.delete(f"{TAGS}/{tag.pk}", **KEY) for _ in range(2)]

    assert [(each.status_code, each.content, each.get("Content-Type")) for each in answers] == [(204, b"", None)] * 2
    assert answers[1]["Idempotency-Replayed"] == "true"


def test_without_the_header_nothing_is_kept(client):
    client.post(TAGS, {"name": "vip"})

    assert client.post(TAGS, {"name": "vip"}).status_code == 400
    assert not IdempotentRequest.objects.exists()


def test_reading_does_not_mind_the_header(client):
    answers = [client.get(TAGS, HTTP_IDEMPOTENCY_KEY=key) for key in ("a", "a", '"')]

    assert [each.status_code for each in answers] == [200] * 3
    assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize("key", ["", "a" * 256, '"a'])
def test_a_header_that_is_no_key_is_refused_and_nothing_is_done(client, key):
    answer = client.post(TAGS, {"name": "vip"}, HTTP_IDEMPOTENCY_KEY=key)

    assert told(answer) == (400, "idempotency_key_malformed")
    assert not Tag.objects.exists()


@pytest.mark.parametrize("depth", [9_990, 9_997, 20_000])
def test_a_body_that_is_nested_too_deeply_is_no_fault_of_ours(client, depth):
    answer = client.post(TAGS, "[" * depth + "]" * depth, content_type="application/json", **KEY)

    assert answer.status_code == 400


def test_the_same_key_with_another_request_is_refused(client):
    campaign = CampaignFactory(organization=client.organization)
    client.post(TAGS, {"name": "vip"}, **KEY)

    others = [
        client.post(TAGS, {"name": "other"}, **KEY),
        client.post("/api/v1/templates", {"name": "vip"}, **KEY),
        client.patch(f"{TAGS}/{Tag.objects.get().pk}", {"name": "vip"}, **KEY),
        client.delete(f"/api/v1/campaigns/{campaign.pk}?confirm_name=x", **KEY),
    ]

    assert {told(each) for each in others} == {(422, "idempotency_key_reused")}
    assert "POST /api/v1/tags" in others[0].json()["detail"]
    assert list(Tag.objects.values_list("name", flat=True)) == ["vip"]


def test_another_query_is_another_request(client):
    campaign = CampaignFactory(organization=client.organization)
    answers = [client.delete(f"/api/v1/campaigns/{campaign.pk}?reason={why}&token=x", **KEY) for why in "ab"]

    assert [each.status_code for each in answers] == [400, 400]  # refused, so that the key was free again
    assert "idempotency" not in answers[1].json()["code"]


def test_what_was_refused_did_nothing_and_leaves_its_key_free(client):
    refused = client.post(TAGS, {"nme": "vip"}, **KEY)
    missing = client.patch(f"{TAGS}/999", {"name": "vip"}, **KEY)
    mended = client.post(TAGS, {"name": "vip"}, **KEY)

    assert [refused.status_code, missing.status_code, mended.status_code] == [400, 404, 201]


def test_who_may_not_do_it_uses_no_key_up(client):
    viewer = key_client(Role.VIEWER, client.organization)
    nobody = key_client(Role.VIEWER, client.organization)
    nobody.credentials()

    answers = [viewer.post(TAGS, {"name": "vip"}, **KEY), nobody.post(TAGS, {"name": "vip"}, **KEY)]

    assert [each.status_code for each in answers] == [403, 401]
    assert not IdempotentRequest.objects.exists()


def test_keys_of_another_account_or_organization_are_others(client):
    elsewhere, colleague = key_client(Role.OWNER), key_client(Role.MANAGER, client.organization)
    given = {client: "a", colleague: "b", elsewhere: "a"}

    made = [each.post(TAGS, {"name": name}, **KEY) for each, name in given.items()]

    assert [each.status_code for each in made] == [201] * 3
    assert not any("Idempotency-Replayed" in each for each in made)
    assert Tag.objects.count() == 3


def test_a_person_of_two_organizations_has_the_same_key_once_in_each():
    here, there = OrganizationFactory.create_batch(2)
    person = MembershipFactory(organization=here, role=Role.OWNER).user
    MembershipFactory(organization=there, user=person, role=Role.OWNER)
    browser = client_of(person)

    for _ in range(2):
        for home in (here, there):
            given = {"content_type": "application/json", "HTTP_X_ORGANIZATION": home.slug, **KEY}
            assert browser.post(TAGS, {"name": "vip"}, **given).status_code == 201

    assert sorted(Tag.objects.values_list("organization", flat=True)) == sorted([here.pk, there.pk])


def test_a_secret_that_is_shown_once_is_shown_again_and_kept_encrypted(client):
    first, again = [
        client.post("/api/v1/webhook-endpoints", {"url": "https://hooks.example.com/in"}, **KEY) for _ in range(2)
    ]

    assert first.json()["secret"] == again.json()["secret"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT idempotent_requests::text FROM idempotent_requests")
        assert first.json()["secret"] not in cursor.fetchone()[0]
    assert WebhookEndpoint.objects.count() == 1


def test_an_answer_whose_encryption_key_is_gone_is_not_made_up(client, settings):
    client.post(TAGS, {"name": "vip"}, **KEY)
    row = IdempotentRequest.objects.get()

    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    IdempotentRequest.objects.update(fingerprint=fingerprint_now(row, client))
    answer = client.post(TAGS, {"name": "vip"}, **KEY)

    assert told(answer) == (409, "idempotency_answer_not_kept")
    assert answer.json()["location"] == f"{TAGS}/{Tag.objects.get().pk}"


def fingerprint_now(row, client):
    from campaigns_project.idempotency.asked import Asked

    content = [[], ["json", {"name": "vip"}]]
    return Asked(row.organization_id, row.user_id, "", "POST", TAGS, content, "").fingerprints[0]


def test_a_file_is_made_once_and_not_kept(client):
    lead = Lead.objects.create(organization=client.organization, email="a@b.example", email_normalized="a@b.example")

    first, again = [client.post(f"/api/v1/leads/{lead.pk}/export", **KEY) for _ in range(2)]

    assert first["Content-Type"] == "application/zip"
    assert told(again) == (409, "idempotency_answer_not_kept")
    assert again.json()["first_status"] == 200
    assert AuditLog.objects.filter(action="lead.exported").count() == 1


def test_a_very_long_answer_is_not_kept(client, monkeypatch):
    monkeypatch.setattr("campaigns_project.idempotency.settle.MOST_KEPT", 10)

    first, again = [client.post(TAGS, {"name": "vip"}, **KEY) for _ in range(2)]

    assert (first.status_code, *told(again)) == (201, 409, "idempotency_answer_not_kept")
    assert IdempotentRequest.objects.get().body == ""


def upload(client, content=b"email\nnew@acme.example\n", **more):
    file = SimpleUploadedFile("new.csv", content)
    return client.post("/api/v1/imports", {"file": file, "tags": "vip", **more}, format="multipart", **KEY)


def test_an_upload_is_the_same_by_its_content(client, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 4  # on the disk, as a large one
    first, again, other = upload(client), upload(client), upload(client, b"email\nother@acme.example\n")
    field = upload(client, tags="new")

    assert (first.status_code, again.content) == (202, first.content)
    assert [told(other), told(field)] == [(422, "idempotency_key_reused")] * 2
    assert LeadImport.objects.get().total_rows == 1


def test_a_fault_before_anything_was_done_leaves_the_key_free(client, monkeypatch):
    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("campaigns_project.rest.viewsets.record", broken)
        failed = client.post(TAGS, {"name": "vip"}, **KEY)
    again = client.post(TAGS, {"name": "vip"}, **KEY)

    assert (failed.status_code, again.status_code, "Idempotency-Replayed" in again) == (500, 201, False)


def broken(**_given):
    raise RuntimeError("a fault of ours")


def test_a_fault_after_something_was_done_keeps_the_key_and_says_what(client, monkeypatch):
    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("rest_framework.response.Response.rendered_content", property(lambda _answer: broken()))
        failed = client.post(TAGS, {"name": "vip"}, **KEY)
    again = client.post(TAGS, {"name": "vip"}, **KEY)

    assert failed.status_code == 500
    assert told(again) == (409, "idempotency_outcome_unknown")
    assert again.json()["acts"] == [
        {"action": "tag.created", "entity_type": "tag", "entity_id": str(Tag.objects.get().pk)}
    ]
    assert again.json()["first_request_id"] == failed["X-Request-ID"]
    assert Tag.objects.count() == 1


def test_what_could_not_be_kept_was_done_and_is_told(client, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("campaigns_project.rest.idempotency.settle", lost)
        first = client.post(TAGS, {"name": "vip"}, **KEY)
    at_once = client.post(TAGS, {"name": "vip"}, **KEY)
    back_in_time(minutes=6)
    later = client.post(TAGS, {"name": "vip"}, **KEY)

    assert first.status_code == 201
    assert (*told(at_once), at_once["Retry-After"]) == (409, "idempotency_request_running", "1")
    assert told(later) == (409, "idempotency_outcome_unknown")
    assert f"tag.created (tag {first.json()['id']})" in later.json()["detail"]


def lost(*_given):
    raise OperationalError("server closed the connection unexpectedly")


def test_acts_of_an_earlier_request_of_the_same_id_are_not_taken_for_those_of_this(client):
    named = {"HTTP_X_REQUEST_ID": "always-the-same"}
    client.post(TAGS, {"name": "other"}, **named)
    client.post(TAGS, {"name": "vip"}, **named, **KEY)
    row = IdempotentRequest.objects.get()
    IdempotentRequest.objects.update(
        status="running", response_status=None, answered_at=None, body="", acts_after=AuditLog.objects.latest("pk").pk
    )
    back_in_time(minutes=6)

    answer = client.post(TAGS, {"name": "vip"}, **KEY)

    assert (answer.json()["acts"], row.acts_after > 0) == ([], True)
    assert "has nothing of it" in answer.json()["detail"]


def test_after_a_day_the_key_is_free_whether_it_was_removed_or_not(client):
    client.post(TAGS, {"name": "vip"}, **KEY)
    back_in_time(hours=24)

    answer = client.post(TAGS, {"name": "new"}, **KEY)

    assert (answer.status_code, "Idempotency-Replayed" in answer) == (201, False)


def test_what_is_a_day_old_is_removed(client, monkeypatch):
    monkeypatch.setattr("campaigns_project.idempotency.forget.BATCH", 2)
    for number in range(3):
        client.post(TAGS, {"name": f"t{number}"}, HTTP_IDEMPOTENCY_KEY=str(number))
    back_in_time(hours=24)
    client.post(TAGS, {"name": "new"}, HTTP_IDEMPOTENCY_KEY="young")

    assert remove_old() == 3
    assert IdempotentRequest.objects.count() == 1


def test_a_deleted_account_or_organization_leaves_nothing(client):
    client.post(TAGS, {"name": "vip"}, **KEY)
    key_client(Role.MANAGER, client.organization).post(TAGS, {"name": "b"}, **KEY)

    ServiceAccount.objects.earliest("pk").user.delete()
    assert IdempotentRequest.objects.count() == 1
    Organization.objects.filter(pk=client.organization.pk).delete()
    assert not IdempotentRequest.objects.exists()


def test_forgotten_answers_of_an_organization_are_gone_and_their_keys_stay_taken(client):
    elsewhere = key_client(Role.OWNER)
    for each in (client, elsewhere):
        each.post(TAGS, {"name": "vip"}, **KEY)

    forgotten = forget_answers(organization_id=client.organization.pk)

    assert forgotten == 1
    assert told(client.post(TAGS, {"name": "vip"}, **KEY)) == (409, "idempotency_answer_not_kept")
    assert elsewhere.post(TAGS, {"name": "vip"}, **KEY)["Idempotency-Replayed"] == "true"


def test_deleting_a_campaign_forgets_what_was_answered(client):
    made = client.post("/api/v1/campaigns", {"name": "Autumn"}, HTTP_IDEMPOTENCY_KEY="make").json()
    path = f"/api/v1/campaigns/{made['id']}/deletion"
    confirmed = {"confirm_name": "Autumn", "token": client.get(path).json()["token"], "reason": "over"}

    first, again = [client.post(path, confirmed, HTTP_IDEMPOTENCY_KEY="delete") for _ in range(2)]

    assert (first.status_code, again.content, again["Idempotency-Replayed"]) == (200, first.content, "true")
    make_again = client.post("/api/v1/campaigns", {"name": "Autumn"}, HTTP_IDEMPOTENCY_KEY="make")
    assert told(make_again) == (409, "idempotency_answer_not_kept")


def test_erasing_a_person_forgets_what_was_answered_but_not_that_it_was_done(client):
    made = client.post("/api/v1/leads", {"email": "ana@gone.example"}, HTTP_IDEMPOTENCY_KEY="make").json()
    asked = f"/api/v1/leads/{made['id']}/erase", {"confirm_email": "ana@gone.example", "reason": "asked for"}

    first, again = [client.post(*asked, HTTP_IDEMPOTENCY_KEY="erase") for _ in range(2)]

    assert (first.status_code, first.json()["removed"]["answers_forgotten"]) == (200, 1)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert not any("ana" in json.dumps([row.body, row.headers]) for row in IdempotentRequest.objects.all())
    make_again = client.post("/api/v1/leads", {"email": "ana@gone.example"}, HTTP_IDEMPOTENCY_KEY="make")
    assert told(make_again) == (409, "idempotency_answer_not_kept")
