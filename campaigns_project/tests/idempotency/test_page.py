"""The page of requests that named a key: for owners, without what was answered."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.tests.factories import IdempotentRequestFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.idempotency.models import IdempotentRequest
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.webhooks.models import WebhookEndpoint

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:idempotency_idempotentrequest_changelist")
KEY = "5f3c9a52-0f0e-4b61-9c3e-0d2a7a5b9d11"


def test_an_owner_finds_a_request_by_its_whole_key_and_sees_what_became_of_it_but_no_secret():
    client = key_client(Role.OWNER)
    client.post("/api/v1/webhook-endpoints", {"url": "https://hooks.example/x"}, HTTP_IDEMPOTENCY_KEY=KEY)
    client.post("/api/v1/tags", {"name": "vip"}, HTTP_IDEMPOTENCY_KEY="another")
    owner = member(client.organization, Role.OWNER)

    found = owner.get(PAGE, {"q": KEY}).content.decode()
    row = IdempotentRequest.objects.get(path__contains="webhook")
    page = owner.get(reverse("admin:idempotency_idempotentrequest_change", args=[row.pk])).content.decode()

    assert ("POST /api/v1/webhook-endpoints" in found, "POST /api/v1/tags" in found) == (True, False)
    assert ("Answered 201" in found, "test owner" in found, row.key_digest[:12] in found) == (True, True, True)
    assert (f"request_id={row.request_id}" in page, "Kept, encrypted" in page) == (True, True)
    secret = WebhookEndpoint.objects.get().secret
    assert secret in row.body
    assert secret not in found + page and row.key_digest not in found + page


def test_what_ended_without_a_word_is_not_said_to_run():
    client = key_client(Role.OWNER)
    unanswered = {"status": "running", "answered_at": None, "response_status": None, "body": ""}
    old, young = (IdempotentRequestFactory(organization=client.organization, **unanswered) for _ in range(2))
    IdempotentRequest.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(minutes=6))

    page = member(client.organization, Role.OWNER).get(PAGE).content.decode()

    assert (page.count("Ended without a word"), page.count("Running</span>")) == (1, 1)
    assert young.pk > old.pk


def test_managers_do_not_see_it():
    organization = key_client(Role.OWNER).organization

    assert member(organization, Role.MANAGER).get(PAGE).status_code == 403
