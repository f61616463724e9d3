"""ETag, If-Match and If-None-Match: nobody overwrites what he has not seen."""

from typing import Any

import pytest
from django.db import transaction

from campaigns.models import Campaign
from campaigns.tests.factories import SenderFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.answers import described
from campaigns_project.tests.rest.clients import KeyClient, key_client
from campaigns_project.tests.rest.test_writes import WRITES, prepared

pytestmark = pytest.mark.django_db

STALE = '"00000000000000000000"'
GUARDED = [
    f"{method} {path}"
    for path, methods in described()["paths"].items()
    for method, operation in methods.items()
    if "If-Match" in {each["name"] for each in operation.get("parameters", [])}
]


@pytest.fixture
def client() -> KeyClient:
    return key_client()


@pytest.fixture
def campaign(client) -> str:
    """The address of one."""
    return "/api/v1/campaigns/" + str(client.post("/api/v1/campaigns", {"name": "Autumn"}).json()["id"])


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_whoever_changes_what_another_has_changed_is_told_and_changes_nothing(client, campaign):
    seen = client.get(campaign)["ETag"]

    first = client.patch(campaign, {"name": "Winter"}, headers={"If-Match": seen})
    second = client.patch(campaign, {"daily_limit": 9}, headers={"If-Match": seen})
    third = client.patch(campaign, {"daily_limit": 9}, headers={"If-Match": f'"a", {first["ETag"]}'})

    assert (first.status_code, third.status_code) == (200, 200)
    assert code_of(second) == (412, "changed_meanwhile")
    now = client.get(campaign)
    assert (now.json()["name"], now.json()["daily_limit"], now["ETag"]) == ("Winter", 9, third["ETag"])


def test_what_is_known_is_not_sent_again(client, campaign):
    seen = client.get(campaign)

    known = client.get(campaign, headers={"If-None-Match": f'"a", W/{seen["ETag"]}'})
    other = client.get(campaign, headers={"If-None-Match": '"a"'})

    assert (known.status_code, known.content, other.status_code) == (304, b"", 200)
    assert (known["ETag"], known["Cache-Control"]) == (seen["ETag"], "no-store")
    assert (known["Content-Length"], "Content-Type" in known) == (str(len(seen.content)), False)


def test_counters_that_move_are_news_to_a_reader_and_no_change_to_whoever_edits(client, campaign):
    seen = client.get(campaign)["ETag"]
    Campaign.objects.update(emails_sent=7)

    assert client.get(campaign, headers={"If-None-Match": seen}).json()["emails_sent"] == 7
    assert client.patch(campaign, {"name": "Winter"}, headers={"If-Match": seen}).status_code == 200


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [("W/{seen}", 412, "weak_etag"), ("autumn", 400, "etag_malformed"), ('"autumn"', 412, "changed_meanwhile")],
)
def test_what_is_no_etag_of_ours_lets_nothing_through(client, campaign, given, status, code):
    given = given.format(seen=client.get(campaign)["ETag"])

    assert code_of(client.patch(campaign, {"name": "Winter"}, headers={"If-Match": given})) == (status, code)
    assert client.get(campaign).json()["name"] == "Autumn"


@pytest.mark.parametrize("given", ["", "autumn", '"autumn', '"a" "b"'])
def test_what_is_no_etag_at_all_is_refused_of_a_reader_too(client, campaign, given):
    assert code_of(client.get(campaign, headers={"If-None-Match": given})) == (400, "etag_malformed")


def test_a_condition_that_would_not_be_looked_at_is_refused(client, campaign):
    seen = {"If-Match": client.get(campaign)["ETag"]}

    assert code_of(client.post(f"{campaign}/archive", headers=seen)) == (412, "condition_not_taken")
    assert code_of(client.post("/api/v1/leads", {"email": "a@b.example"}, headers=seen)) == (412, "condition_not_taken")
    assert client.patch(campaign, {"name": "Winter"}, headers={"If-Match": "*"}).status_code == 200
    assert code_of(client.patch(campaign, {"name": "A"}, headers={"If-None-Match": "*"})) == (412, "condition_not_met")


def test_what_was_done_under_a_key_is_answered_again_though_the_row_is_another_by_now(client, campaign):
    once = {"If-Match": client.get(campaign)["ETag"], "Idempotency-Key": "once"}

    first, again = (client.patch(campaign, {"name": "Winter"}, headers=once) for _ in range(2))

    assert (again.status_code, again["ETag"], again["Idempotency-Replayed"]) == (200, first["ETag"], "true")


def test_a_secret_that_nobody_is_shown_is_a_change_as_well(client):
    sender = f"/api/v1/senders/{SenderFactory(organization=client.organization).pk}"
    seen = client.get(sender)["ETag"]
    client.patch(sender, {"password": "another"})

    answer = client.patch(sender, {"username": "ada"}, headers={"If-Match": seen})

    assert code_of(answer) == (412, "changed_meanwhile")


def test_every_change_of_a_row_is_refused_to_whoever_saw_another_and_made_for_whoever_saw_this(world):
    wrong = []

    for operation in GUARDED:
        with transaction.atomic():
            wrong += [(operation, *each) for each in faults_of(operation, world)]
            transaction.set_rollback(True)

    assert (wrong, len(GUARDED) > 40) == ([], True)


def faults_of(operation: str, world: Any) -> list[Any]:
    write, method = WRITES[operation], operation.partition(" ")[0]
    write.prepare(world)
    client = key_client(write.role, world.organization)
    address = f"/api/v1/{write.path(world)}".partition("?")[0]
    seen, acts = client.get(address)["ETag"], AuditLog.objects.count()

    refused = prepared(client, operation, world, HTTP_IF_MATCH=STALE)()

    is_as_it_was = (client.get(address)["ETag"], AuditLog.objects.count()) == (seen, acts)
    faults = [] if refused.status_code == 412 and is_as_it_was else [refused.status_code, is_as_it_was]
    done = prepared(client, operation, world, HTTP_IF_MATCH=seen)()
    faults += [] if done.status_code < 300 else [done.status_code, done.content]
    if method != "delete" and client.get(address)["ETag"] == seen:
        faults.append("has the ETag it had before")
    if method == "patch" and client.get(address)["ETag"] != done["ETag"]:
        faults.append("has another ETag than was answered")
    return faults


def test_what_is_made_is_answered_with_the_etag_under_which_it_is_read(world):
    wrong, tried = [], 0
    making = {
        f"{method} {path}"
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
        if method == "post" and "ETag" in operation["responses"].get("201", {}).get("headers", {})
    }

    for operation in sorted(making):
        with transaction.atomic():
            WRITES[operation].prepare(world)
            client = key_client(WRITES[operation].role, world.organization)
            made = prepared(client, operation, world)()
            if made.status_code == 201:
                tried += 1
                read = client.get(made["Location"])
                wrong += [] if made.get("ETag") == read["ETag"] else [(operation, made.get("ETag"), read["ETag"])]
            transaction.set_rollback(True)

    assert (wrong, tried > 15) == ([], True)
