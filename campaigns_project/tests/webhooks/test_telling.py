"""From an event to the receiver and back: signed, tried again, given up, and never by two at once."""

import socket
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ
from hypothesis import given
from hypothesis import strategies as st

from campaigns.tests.factories import (
    NOON,
    OrganizationFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
)
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.webhooks.receivers import Receiver, receiving
from campaigns_project.webhooks.claim import LEASE, claim
from campaigns_project.webhooks.emit import emit, emit_all
from campaigns_project.webhooks.endpoints import disable, rotate_secret
from campaigns_project.webhooks.events import EventType
from campaigns_project.webhooks.models import WebhookDelivery, WebhookEndpoint
from campaigns_project.webhooks.post import post
from campaigns_project.webhooks.settle import DISABLE_AFTER, JITTER, WAITS, next_wait, settle
from campaigns_project.webhooks.tasks import queue_what_is_due
from campaigns_project.webhooks.work import OF_ONE, tell_due

pytestmark = pytest.mark.django_db

ANA = {"email": "ana@acme.example"}


def endpoint_at(receiver: Receiver, **fields: Any) -> WebhookEndpoint:
    return WebhookEndpointFactory(url=receiver.url, **fields)


def tell(endpoint: WebhookEndpoint, event_type: EventType = EventType.RECIPIENT_REPLIED) -> int:
    return emit(organization_id=endpoint.organization_id, event_type=event_type, data=ANA, at=NOON)


def wait_no_longer() -> None:
    WebhookDelivery.objects.filter(status="waiting").update(next_try_at=Now())


def test_an_event_arrives_signed_and_is_done(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver)
    tell(endpoint)

    tried = tell_due()

    (received,) = receiver.received
    delivery = WebhookDelivery.objects.get()
    assert (tried, delivery.status, delivery.attempts, delivery.response_status) == (1, "succeeded", 1, 204)
    assert received.is_signed_with(endpoint.secret)
    assert not received.is_signed_with("whsec_" + "A" * 44)
    assert received.path == "/hooks?token=s3cret"
    assert received.headers["webhook-id"] == delivery.event_id
    assert abs(int(received.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    assert received.event == {
        "id": delivery.event_id,
        "type": "recipient.replied",
        "occurred_at": "2026-11-20T12:00:00Z",
        "api_version": "1",
        "data": ANA,
    }


def test_both_secrets_sign_for_a_day_after_a_rotation(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver)
    before = endpoint.secret
    now = rotate_secret(endpoint=endpoint, actor=SYSTEM, now=timezone.now()).secret

    tell(endpoint)
    tell_due()
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now())
    tell(endpoint)
    tell_due()

    signed = [(each.is_signed_with(before), each.is_signed_with(now)) for each in receiver.received]
    assert signed == [(True, True), (False, True)]


def test_only_whoever_listens_is_told_and_of_single_mails_only_who_asked_for_them() -> None:
    home = OrganizationFactory()
    everything, replies, mails = (
        WebhookEndpointFactory(organization=home, event_types=types)
        for types in ([], ["recipient.replied"], ["message.sent"])
    )
    WebhookEndpointFactory(organization=home, status="disabled", disabled_at=NOON, status_reason="x")
    WebhookEndpointFactory()

    for event_type in (EventType.RECIPIENT_REPLIED, EventType.MESSAGE_SENT, EventType.SENDER_PAUSED):
        emit(organization_id=home.pk, event_type=event_type, data=ANA, at=NOON)

    told = WebhookDelivery.objects.order_by("pk").values_list("endpoint", "event_type")
    assert list(told) == [
        (everything.pk, "recipient.replied"),
        (replies.pk, "recipient.replied"),
        (mails.pk, "message.sent"),
        (everything.pk, "sender.paused"),
    ]
    assert WebhookDelivery.objects.values("event_id").distinct().count() == 3


def test_what_did_not_happen_is_not_told() -> None:
    endpoint = WebhookEndpointFactory()

    with transaction.atomic():
        tell(endpoint)
        transaction.set_rollback(True)

    assert not WebhookDelivery.objects.exists()


def test_a_receiver_that_was_down_is_told_when_it_is_up(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    endpoint = WebhookEndpointFactory(url=f"http://127.0.0.1:{port}/")
    tell(endpoint)

    tell_due()
    down = WebhookDelivery.objects.get()
    endpoint.refresh_from_db()
    waits = (down.next_try_at - timezone.now()).total_seconds()
    assert (down.status, down.attempts, down.error[:24]) == ("waiting", 1, "No answer: no connection")
    assert endpoint.is_failing
    assert 0 < waits <= 5 * (1 + JITTER)

    with receiving(port) as up:
        wait_no_longer()
        tell_due()
    endpoint.refresh_from_db()
    assert (WebhookDelivery.objects.get().status, up.ids, endpoint.is_failing) == (
        "succeeded", [down.event_id], False,
    )  # fmt: skip


def test_it_is_tried_eight_times_with_growing_waits_and_then_given_up(receiver: Receiver) -> None:
    receiver.status, receiver.answer = 500, b"broken\0"
    tell(endpoint_at(receiver))

    for _ in range(20):
        wait_no_longer()
        tell_due()

    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts, len(receiver.received)) == ("failed", len(WAITS) + 1, 8)
    assert delivery.error == "It answered 500 Internal Server Error."
    assert (delivery.response_status, delivery.response_body) == (500, "broken\N{REPLACEMENT CHARACTER}")
    assert len(set(receiver.ids)) == 1


@given(attempt=st.integers(1, len(WAITS)), asked=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)))
def test_a_wait_is_that_of_the_list_and_a_little_more_or_what_was_asked_for(
    attempt: int, asked: timedelta | None
) -> None:
    wait = next_wait(attempt, asked)

    least = max(WAITS[attempt - 1], asked or timedelta())
    assert least <= wait <= max(WAITS[attempt - 1] * (1 + JITTER), least)


def test_a_receiver_says_how_long_to_leave_it_alone(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    tell(endpoint_at(receiver))

    tell_due()

    waits = WebhookDelivery.objects.get().next_try_at - timezone.now()
    assert timedelta(minutes=9) < waits <= timedelta(minutes=10)


def test_gone_disables_the_endpoint_and_what_waits_is_abandoned(receiver: Receiver) -> None:
    receiver.status = 410
    endpoint = endpoint_at(receiver)
    tell(endpoint)
    later = WebhookDeliveryFactory(endpoint=endpoint, next_try_at=timezone.now() + timedelta(hours=1))

    tell_due()

    endpoint.refresh_from_db()
    later.refresh_from_db()
    first = WebhookDelivery.objects.exclude(pk=later.pk).get()
    assert (endpoint.status, endpoint.is_disabled_by_system) == ("disabled", True)
    assert endpoint.status_reason == "It answered 410 Gone: it wants no more events."
    assert (first.status, later.status) == ("failed", "abandoned")
    assert tell(endpoint) == 0
    assert AuditLog.objects.get().action == "webhookendpoint.disabled"


def test_three_days_without_an_event_that_came_through_disable_it(receiver: Receiver) -> None:
    receiver.status = 503
    endpoint = endpoint_at(receiver, failing_since=timezone.now() - DISABLE_AFTER + timedelta(minutes=1))
    tell(endpoint)
    tell_due()
    endpoint.refresh_from_db()
    assert endpoint.status == "active"

    WebhookEndpoint.objects.update(failing_since=timezone.now() - DISABLE_AFTER)
    wait_no_longer()
    tell_due()

    endpoint.refresh_from_db()
    assert (endpoint.status, WebhookDelivery.objects.get().status) == ("disabled", "abandoned")
    assert endpoint.status_reason == (
        "No event came through for 3 days. The last try: It answered 503 Service Unavailable."
    )


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
        tell(endpoint_at(receiver))
        tell_due()

    assert (len(receiver.received), elsewhere.received) == (1, [])
    assert WebhookDelivery.objects.get().error.startswith("It answered 302 Found: redirects are not followed.")


def test_a_private_address_is_refused_with_the_reason(settings: Any, receiver: Receiver) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = []
    tell(WebhookEndpointFactory(url=receiver.url.replace("http://", "https://")))

    tell_due()

    delivery = WebhookDelivery.objects.get()
    assert (receiver.received, delivery.status) == ([], "waiting")
    assert delivery.error.startswith("127.0.0.1, an address inside private networks")


def test_a_long_or_packed_answer_is_a_success_of_which_the_beginning_is_kept(receiver: Receiver) -> None:
    receiver.status, receiver.answer = 200, b"a" * 100_000
    endpoint = endpoint_at(receiver)
    tell(endpoint)
    tell_due()
    receiver.headers = {"Content-Encoding": "gzip"}
    tell(endpoint)
    tell_due()

    kept = WebhookDelivery.objects.order_by("pk").values_list("status", "response_body")
    assert list(kept) == [("succeeded", "a" * 2_000), ("succeeded", "")]


def test_a_secret_that_cannot_be_read_sends_nothing_unsigned(settings: Any, receiver: Receiver) -> None:
    tell(endpoint_at(receiver))
    settings.FIELD_ENCRYPTION_KEYS = ["another-key-that-opens-nothing-at-all"]

    tell_due()

    assert receiver.received == []
    assert "FIELD_ENCRYPTION_KEYS" in WebhookDelivery.objects.get().error


def test_a_slow_receiver_does_not_hold_up_the_others(receiver: Receiver) -> None:
    with receiving() as slow:
        slow.may_answer.clear()
        quick = endpoint_at(receiver)
        endpoint_at(slow, organization=quick.organization)
        emit_all(organization_id=quick.organization_id, event_type=EventType.SENDER_PAUSED, events=[ANA] * 30, at=NOON)

        def one_try(each: Any) -> Any:
            outcome = post(each)
            if len(receiver.received) == 30:
                slow.may_answer.set()
            return outcome

        tell_due(one_try=one_try)

    ended = WebhookDelivery.objects.filter(status="succeeded").order_by("finished_at", "pk")
    # The slow one may answer when the last has come in; the few that then are under way are written down in any order.
    assert list(ended.values_list("endpoint", flat=True)[: 30 - OF_ONE]) == [quick.pk] * (30 - OF_ONE)
    assert ended.count() == 60


def test_a_try_that_was_cut_off_is_made_again_when_its_lease_is_over(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver)
    tell(endpoint)
    (lost,) = claim(endpoint_id=endpoint.pk, most=9)

    assert (tell_due(), receiver.received) == (0, [])
    delivery = WebhookDelivery.objects.get()
    assert LEASE - timedelta(minutes=1) < delivery.next_try_at - timezone.now() <= LEASE

    wait_no_longer()
    assert tell_due() == 1
    assert (WebhookDelivery.objects.get().attempts, receiver.ids) == (2, [delivery.event_id])
    # Who was thought dead wakes up: what the second one found stands.
    assert settle(lost, post(lost), now=timezone.now()) is False
    assert WebhookDelivery.objects.get().attempts == 2


def test_a_disabled_endpoint_is_told_nothing_even_of_what_was_claimed(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver)
    tell(endpoint)
    (mine,) = claim(endpoint_id=endpoint.pk, most=1)

    disable(endpoint=endpoint, actor=SYSTEM, now=timezone.now(), reason="a leak")

    assert settle(mine, post(mine), now=timezone.now()) is False
    assert WebhookDelivery.objects.get().status == "abandoned"


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_make_the_same_try_at_once() -> None:
    endpoint = WebhookEndpointFactory()
    events = [{"number": number} for number in range(60)]
    emit_all(organization_id=endpoint.organization_id, event_type=EventType.SENDER_PAUSED, events=events, at=NOON)
    claimed: list[int] = []

    def work() -> None:
        try:
            while some := claim(endpoint_id=endpoint.pk, most=4):
                claimed.extend(each.delivery_id for each in some)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)

    assert sorted(claimed) == sorted(WebhookDelivery.objects.values_list("pk", flat=True))


def test_the_tick_queues_a_turn_where_something_is_due_and_not_each_second() -> None:
    later = WebhookDeliveryFactory(next_try_at=timezone.now() + timedelta(minutes=1))
    assert queue_what_is_due() is False

    WebhookDeliveryFactory(endpoint=later.endpoint)

    assert (queue_what_is_due(), queue_what_is_due(), OrmQ.objects.count()) == (True, False, 1)


def test_what_did_not_take_the_last_event_gets_one_try_at_a_time(receiver: Receiver) -> None:
    with receiving() as failing:
        failing.may_answer.clear()
        lame = WebhookEndpointFactory(url=failing.url, failing_since=timezone.now())
        for number in range(OF_ONE):
            WebhookDeliveryFactory(endpoint=lame, payload={"number": number})
        quick = endpoint_at(receiver)
        tell(quick)

        def one_try(each: Any) -> Any:
            outcome = post(each)
            if each.endpoint_id == quick.pk:
                failing.came.wait(5)
                under_way.append(len(failing.received))
                failing.may_answer.set()
            return outcome

        under_way: list[int] = []
        tell_due(one_try=one_try)

    assert (under_way, len(failing.received)) == ([1], OF_ONE)


def test_a_fault_of_ours_in_one_try_does_not_keep_others_from_being_told(receiver: Receiver) -> None:
    endpoint = endpoint_at(receiver)
    tell(endpoint, EventType.SENDER_PAUSED)
    tell(endpoint)

    def one_try(each: Any) -> Any:
        if each.event_type == EventType.SENDER_PAUSED:
            raise ZeroDivisionError(each.url)
        return post(each)

    assert tell_due(one_try=one_try) == 2

    broken, taken = WebhookDelivery.objects.order_by("pk")
    assert (broken.status, broken.error[:12], taken.status) == ("waiting", "It broke off", "succeeded")
    assert "s3cret" not in broken.error
