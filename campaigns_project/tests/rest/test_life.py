"""A campaign's whole life, by a client that knows nothing but the OpenAPI document."""

import re
from typing import Any

import pytest

from campaigns.models import CampaignStatus
from campaigns_project.tests.rest.answers import Document
from campaigns_project.tests.rest.clients import KeyClient, key_client

pytestmark = pytest.mark.django_db


class Generated:
    """Calls operations by their ids, as a generated client does, and holds bodies and answers against the document."""

    def __init__(self, client: KeyClient):
        self._client, self._document = client, Document()
        self._operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self._document.schema["paths"].items()
            for method, operation in methods.items()
        }

    def __call__(self, name: str, body: dict[str, Any] | None = None, *, expected: int = 200, **where: Any) -> Any:
        method, path, operation = self._operations[name]
        address = re.sub(r"\{(\w+)\}", lambda place: str(where[place[1]]), path)
        if body is not None:
            kind = operation["requestBody"]["content"]["application/json"]["schema"]
            assert self._document.unfit(kind, body) == [], name
        answer = getattr(self._client, method)(address, body)
        assert (name, answer.status_code, self._document.faults(method, address, answer)) == (name, expected, [])
        if expected == 201:
            assert self._client.get(answer["Location"])["ETag"] == answer["ETag"], name
        return answer.json() if answer.get("Content-Type", "").endswith("json") else answer


def test_from_the_first_lead_to_the_last_row():
    call = Generated(key_client())
    lead = call("leads_create", {"email": "ana@acme.example", "first_name": "Ana", "tags": ["fair"]}, expected=201)
    call("leads_bulk", {"act": "tag", "lead_ids": [lead["id"]], "tags": ["autumn"]})
    campaign = call("campaigns_create", {"name": "Autumn"}, expected=201)["id"]
    wording = {"subject": "Hello {{ first_name }}", "body_text": "Hello"}
    step = call("campaigns_steps_create", {"variants": [wording]}, campaign=campaign, expected=201)["id"]
    call("campaigns_steps_variants_create", {**wording, "weight": 2}, campaign=campaign, step=step, expected=201)
    call("campaigns_steps_partial_update", {"in_thread": False}, campaign=campaign, id=step)
    call("campaigns_start", {}, id=campaign, expected=409)
    sender = call("senders_create", {"email": "petr@fairlead.example", "kind": "sandbox"}, expected=201)["id"]
    call("campaigns_senders_update", {"senders": [sender]}, campaign=campaign)
    assert call("campaigns_recipients_create", {"tag": "autumn"}, campaign=campaign)["enrolled"] == 1

    checked = call("campaigns_preflight_retrieve", id=campaign)
    states = [
        call("campaigns_start", {"snapshot": checked["snapshot"]}, id=campaign),
        call("campaigns_pause", {"reason": "a mistake"}, id=campaign),
        call("campaigns_resume", {"overdue": "shift"}, id=campaign),
        call("campaigns_stop", {}, id=campaign),
    ]
    for reading in ("campaigns_sending_status_retrieve", "campaigns_progress_retrieve"):
        call(reading, id=campaign)
    for reading in ("campaigns_analytics_retrieve", "campaigns_events_list", "campaigns_messages_list"):
        call(reading, campaign=campaign)
    exported = call("campaigns_export", id=campaign)

    assert [each["status"] for each in states] == [
        CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.RUNNING, CampaignStatus.STOPPED
    ]  # fmt: skip
    assert exported["Content-Type"] == "application/zip" and exported.getvalue()[:2] == b"PK"

    found = call("campaigns_deletion_retrieve", id=campaign)
    call("campaigns_destroy", id=campaign, expected=409)
    gone = {"confirm_name": "Autumn", "token": found["token"], "reason": "It is over."}
    job = call("campaigns_deletion", gone, id=campaign)

    assert (job["status"], call("jobs_retrieve", id=job["id"])["result"]["removed"]["recipients"]) == ("succeeded", 1)
    call("campaigns_retrieve", id=campaign, expected=404)
    call("campaigns_steps_list", campaign=campaign, expected=404)
    call("senders_destroy", id=sender, expected=204)
    call("leads_destroy", id=lead["id"], expected=204)
