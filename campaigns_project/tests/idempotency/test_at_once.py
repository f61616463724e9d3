"""Requests with one key at the same moment, and one that is killed."""

import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from campaigns_project.audit.models import AuditLog
from campaigns_project.idempotency.models import IdempotentRequest
from campaigns_project.tests.processes import started
from campaigns_project.tests.rest.clients import KeyClient, key_client
from campaigns_project.tests.rest.test_races import wait_until_somebody_waits_for_us
from leads.models import Tag

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"HTTP_IDEMPOTENCY_KEY": '"once"'}
TAGS = "/api/v1/tags"


def post_and_hang_up(client: KeyClient):
    try:
        return client.post(TAGS, {"name": "vip"}, **KEY)
    finally:
        connection.close()


def told(answer):
    return answer.status_code, answer.json()["code"]


def test_of_many_at_once_one_works_and_nobody_makes_a_second():
    client, together = key_client(), Barrier(6)

    def send(_number):
        together.wait(timeout=20)
        return post_and_hang_up(client)

    with ThreadPoolExecutor(6) as several:
        answers = list(several.map(send, range(6)))

    worked = [each for each in answers if each.status_code == 201 and "Idempotency-Replayed" not in each]
    others = [each for each in answers if each not in worked]
    assert len(worked) == 1
    assert all(each.content == worked[0].content for each in others if each.status_code == 201)
    assert {told(each) for each in others if each.status_code != 201} <= {(409, "idempotency_request_running")}
    assert (Tag.objects.count(), AuditLog.objects.filter(action="tag.created").count()) == (1, 1)


def test_while_the_first_works_the_second_is_told_to_wait_and_then_gets_its_answer():
    client = key_client()

    with ThreadPoolExecutor(2) as others:
        with transaction.atomic():
            Tag.objects.create(organization=client.organization, name="vip")
            first = others.submit(post_and_hang_up, client)
            wait_until_somebody_waits_for_us()
            second = others.submit(post_and_hang_up, client).result(timeout=20)
            transaction.set_rollback(True)
        answer = first.result(timeout=20)

    again = client.post(TAGS, {"name": "vip"}, **KEY)
    assert (*told(second), second["Retry-After"]) == (409, "idempotency_request_running", "1")
    assert (answer.status_code, again.content, again["Idempotency-Replayed"]) == (201, answer.content, "true")


KILLED = """
import os, signal, sys
import django
django.setup()
from rest_framework.test import APIClient
from campaigns_project.rest import idempotency

# At the worst moment: what was asked for is committed, and the answer not yet kept.
idempotency.settle = lambda *_given: os.kill(os.getpid(), signal.SIGKILL)
client = APIClient()
client.credentials(HTTP_AUTHORIZATION=sys.argv[1])
client.post("/api/v1/tags", {"name": "vip"}, HTTP_IDEMPOTENCY_KEY="once")
"""


def test_what_a_killed_request_did_is_said_and_not_done_again(tmp_path):
    client = key_client()
    key = client._credentials["HTTP_AUTHORIZATION"]

    with started("-c", KILLED, key, log=tmp_path / "log") as process:
        assert process.wait(timeout=60) == -signal.SIGKILL, (tmp_path / "log").read_text()
    at_once = client.post(TAGS, {"name": "vip"}, **KEY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE idempotent_requests SET started_at = started_at - interval '6 minutes'")
    later = client.post(TAGS, {"name": "vip"}, **KEY)

    assert told(at_once) == (409, "idempotency_request_running")
    assert told(later) == (409, "idempotency_outcome_unknown")
    acts = [(act["action"], act["entity_id"]) for act in later.json()["acts"]]
    assert acts == [("tag.created", str(Tag.objects.get().pk))]
    assert IdempotentRequest.objects.count() == 1
