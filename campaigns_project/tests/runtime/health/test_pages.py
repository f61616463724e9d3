"""System health in the admin and for programs, and the foot of the operations pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ

from campaigns.tests.factories import MembershipFactory, SenderFactory, SendingHaltFactory, UserFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.database.identity import configured
from campaigns_project.runtime.verifying import NOW
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db

HEALTH, BUNDLE, API = "/admin/system/health/", "/admin/system/bundle/", "/api/v1/system/health"


@pytest.fixture
def root() -> Client:
    return client_of(UserFactory(is_superuser=True))


@pytest.fixture
def owner() -> Client:
    return client_of(MembershipFactory(role=Role.OWNER).user)


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_the_page_says_what_doctor_says(root: Client):
    page = text_of(root.get(HEALTH))

    assert "No tick is alive: none was started, or all were stopped. Nothing is sent, imported or counted." in page
    assert "Start one: manage.py run_worker" in page
    assert "Every migration is applied" in page


def test_what_is_wrong_stands_first(root: Client):
    cards = root.get(HEALTH).context["cards"]

    assert [card.name for card in cards if card.level == "fail"] == ["mailbox", "workers", "schedule"]
    assert [card.level == "fail" for card in cards[:3]] == [True] * 3


def test_well_is_said_in_a_word(root: Client, everybody_works: Callable[[], None], settings: Any):
    everybody_works()
    settings.SANDBOX, settings.PUBLIC_URL, settings.HTTPS = False, "https://mail.example.com", True
    settings.SECRET_KEY_FALLBACKS, settings.SECURE_HSTS_SECONDS = [], 1
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_PRELOAD"):
        setattr(settings, name, True)
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True

    answer = root.get(HEALTH, secure=True)

    assert answer.context["summary"] == "Everything is well."


@pytest.mark.parametrize("address", [HEALTH, BUNDLE])
def test_an_owner_of_an_organization_may_not_see_it(owner: Client, address: str):
    assert (owner.get(address).status_code, owner.post(address).status_code) == (403, 403)


def test_the_sidebar_shows_it_to_those_who_may_see_it(root: Client, owner: Client):
    shown = [HEALTH in text_of(each.get(reverse("admin:campaigns_job_changelist"))) for each in (root, owner)]

    assert shown == [True, False]


def test_the_public_address_is_fetched_by_a_post_alone(root: Client, settings: Any):
    settings.PUBLIC_URL = "http://localhost"

    fetched = [
        any(check.name == "public_url" for check in answer.context["found"].checks)
        for answer in (root.get(HEALTH), root.post(HEALTH))
    ]

    assert fetched == [False, True]


def test_it_asks_the_same_however_much_there_is(root: Client):
    SenderFactory(health={"status": "fail"})
    SendingHaltFactory()
    with CaptureQueriesContext(connection) as with_one:
        root.get(HEALTH)
    for _ in range(2):
        SenderFactory(health={"status": "fail"})
        SendingHaltFactory()

    with CaptureQueriesContext(connection) as with_three:
        root.get(HEALTH)

    assert len(with_three) == len(with_one)


def test_the_bundle_is_a_file_that_is_on_record(root: Client):
    answer = root.post(BUNDLE)

    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="fairlead-support-')
    assert AuditLog.objects.filter(action="support_bundle.exported").count() == 1


def test_reading_the_bundle_is_no_export(root: Client):
    root.get(BUNDLE)

    assert AuditLog.objects.filter(action="support_bundle.exported").count() == 0


@pytest.mark.django_db(transaction=True)
def test_where_nothing_can_be_put_on_record_the_way_out_is_told():
    root = client_of(UserFactory(is_superuser=True))
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        page = text_of(root.post(BUNDLE))
        moved = text_of(root.post("/admin/system/verify/", follow=True))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET default_transaction_read_only")

    assert "Run manage.py doctor --bundle FILE on the server instead." in page
    assert "Run manage.py verify_schema on the server instead." in moved


def test_programs_get_the_same_words(root: Client):
    answer = root.get(API)

    assert answer.json()["healthy"] is False
    assert "No mailbox is read for replies and bounces." in {each["message"] for each in answer.json()["checks"]}


def test_the_api_is_for_system_administrators(owner: Client):
    assert [owner.get(API).status_code, key_client().get(API).status_code, Client().get(API).status_code] == [
        403,
        403,
        401,
    ]


def test_the_front_page_tells_a_system_administrator_what_is_wrong(root: Client, owner: Client):
    SenderFactory(health={"status": "fail"})

    alerts = [each.get(reverse("admin:index")).context["alerts"] for each in (root, owner)]

    assert [alert.url for alert in alerts[0]] == [f"{HEALTH}#schedule", f"{HEALTH}#senders"]
    assert alerts[1] == []


def test_the_foot_of_the_operations_pages_names_version_and_database(root: Client, owner: Client):
    jobs, campaigns = reverse("admin:campaigns_job_changelist"), reverse("admin:campaigns_campaign_changelist")
    database = configured()

    assert f"· database {database} · installation {database.instance}" in text_of(root.get(jobs))
    assert f"Fairlead 0.1.0 · installation {database.instance}" in text_of(owner.get(jobs))
    assert str(database) not in text_of(owner.get(jobs))
    assert database.instance not in text_of(root.get(campaigns))


def test_a_verification_can_be_asked_for(root: Client, django_capture_on_commit_callbacks: Any):
    with django_capture_on_commit_callbacks(execute=True):
        answer = root.post("/admin/system/verify/")

    assert answer["Location"] == HEALTH
    assert [queued.func() for queued in OrmQ.objects.all()] == [NOW]
    assert AuditLog.objects.filter(action="verification.asked_for").count() == 1


def test_a_verification_is_not_asked_for_by_a_get_nor_by_an_owner(root: Client, owner: Client):
    assert (root.get("/admin/system/verify/").status_code, owner.post("/admin/system/verify/").status_code) == (
        405,
        403,
    )
    assert OrmQ.objects.count() == 0


def test_where_tables_are_missing_the_page_does_not_claim_that_the_rest_is_well(root: Client):
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    assert root.get(HEALTH).context["summary"] == "2 failed; the rest could not be asked."
