"""Two requests at once that the same check lets pass."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from campaigns.models import Sender
from campaigns.tests.factories import LeadFactory, SenderFactory, VariantFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.rest.clients import KeyClient, key_client

SENDER = reverse("admin:campaigns_sender_add")


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_makers_of_the_same_is_told_what_a_later_one_is_told():
    """By the API and by a form: the second is in another spelling, which only the database sees to be the same."""
    client = key_client()
    manager = member(client.organization, Role.MANAGER)
    fields = manager.get(SENDER).context["adminform"].form
    form = {each.html_name: each.value() for each in fields if each.value() not in (None, False)}
    form |= {"organization": client.organization.pk, "email": "ANA@acme.example"}

    def by_the_form() -> list[str]:
        return manager.post(SENDER, form).context["adminform"].form.errors["email"]

    def by_the_api() -> str:
        return client.post("/api/v1/senders", {"email": "Ana@acme.example"}).json()["detail"]

    def meanwhile(act: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as other:
            with transaction.atomic():
                Sender.objects.update_or_create(organization=client.organization, email="ana@acme.example")
                answer = other.submit(hanging_up, act)
                wait_until_somebody_waits_for_us()
            return answer.result(timeout=20)

    asked = [meanwhile(by_the_api), by_the_api()]
    Sender.objects.all().delete()
    typed = [meanwhile(by_the_form), by_the_form()]

    assert (asked[0], typed[0]) == (asked[1], typed[1])
    assert "is the address of sender" in asked[0] and "is the address of sender" in typed[0][0]
    assert Sender.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_who_saw_the_same_one_is_told_and_nothing_is_lost():
    """Two connections: the second looks while the first has the row, and must not go by what it saw before."""
    client = key_client()
    campaign = VariantFactory(step__campaign__organization=client.organization).step.campaign
    step = campaign.steps.get()
    sender = SenderFactory(organization=client.organization)
    lead = LeadFactory(organization=client.organization)
    below = f"/api/v1/campaigns/{campaign.pk}"
    changes = [
        (below, {"name": "Theirs"}, {"description": "mine"}),
        (f"{below}/steps/{step.pk}", {"wait_amount": 3}, {"wait_unit": "hours"}),
        (f"{below}/steps/{step.pk}/variants/{step.variants.get().pk}", {"weight": 3}, {"subject": "Mine"}),
        (f"/api/v1/senders/{sender.pk}", {"name": "Theirs"}, {"daily_limit": 9}),
        (f"/api/v1/leads/{lead.pk}", {"company": "Theirs"}, {"tags": ["mine"]}),
    ]

    outcomes = [of_two(client, *change) for change in changes]

    assert outcomes == [(200, 412, "changed_meanwhile", True)] * len(outcomes)


def of_two(client: KeyClient, address: str, theirs: dict[str, Any], mine: dict[str, Any]) -> tuple[Any, ...]:
    seen = client.get(address)["ETag"]
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            first = client.patch(address, theirs, headers={"If-Match": seen})
            second = other.submit(hanging_up, lambda: client.patch(address, mine, headers={"If-Match": seen}))
            wait_until_somebody_waits_for_us()
        refused = second.result(timeout=20)
    now = client.get(address)
    is_kept = all(now.json()[name] == value for name, value in theirs.items()) and now["ETag"] == first["ETag"]
    return first.status_code, refused.status_code, refused.json()["code"], is_kept


def hanging_up(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    finally:
        connection.close()


def wait_until_somebody_waits_for_us() -> None:
    """Until another session is blocked by ours."""
    deadline = monotonic() + 20
    while monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
        sleep(0.01)
    pytest.fail("The second never came to wait for the first.")
