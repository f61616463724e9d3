"""The support bundle: complete enough to help, and nothing in it that is nobody's business."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import Failure

from campaigns.tests.factories import (
    CampaignFactory,
    JobFactory,
    LeadFactory,
    LeadImportFactory,
    OrganizationFactory,
    SenderFactory,
    SendingHaltFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.database.identity import configured
from campaigns_project.runtime.health.bundle import make_bundle
from campaigns_project.runtime.health.database import unreachable
from campaigns_project.runtime.health.failures import kind_of, place_of
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.workers.duty_log import DutyLog

pytestmark = pytest.mark.django_db

TRACEBACK = """lead jan.novak@private.example broke it : Traceback (most recent call last):
  File "/srv/else/django_q/worker.py", line 10, in worker
    res = f(jan)
  File "{base}/campaigns/sending/work.py", line 120, in work
    raise ValueError(lead)
campaigns.errors.NoSuchLeadError: jan.novak@private.example
jan.novak@private.example.Error: is not here
"""


@pytest.fixture
def secrets(settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Secrets and personal data in every place that has room for them; answers all of them."""
    settings.DATABASE_URL = "postgresql://ana:hunter2-of-the-database@db.example/x"
    settings.SECRET_KEY = "very-secret-key-" + "x" * 40
    settings.SECRET_KEY_FALLBACKS = ["former-secret-key"]
    settings.FIELD_ENCRYPTION_KEYS = ["field-encryption-secret"]
    settings.PUBLIC_URL = "http://login:hunter3-of-the-address@localhost"
    settings.OUTBOUND_ALLOW_HOSTS = ["inner-host.example"]
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        monkeypatch.setenv(name, "secret-of-the-environment")
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "hunter4-of-the-connection")
    organization = OrganizationFactory(name="Client Secretive", slug="client-secretive")
    _account, key = create_api_key(
        organization=organization, name="integration", role=Role.VIEWER, actor=SYSTEM, expires_after=None
    )
    SenderFactory(
        organization=organization, email="boss@sender.example", username="relay-login", password="hunter5-of-smtp",
        esp_settings='{"api_key": "hunter6-of-the-service"}',
        health={"status": "fail", "checks": [{"found": "relay-login refused"}]},
    )  # fmt: skip
    LeadFactory(organization=organization, email="jan.novak@private.example", first_name="Jan", last_name="Lowercase")
    campaign = CampaignFactory(organization=organization, name="Campaign Undisclosed")
    SendingHaltFactory(organization=None, reason="jan.novak@private.example complained", halted_by="eve@staff.example")
    SendingHaltFactory(
        organization=organization, reason="jan.novak@private.example again", halted_by="eve@staff.example"
    )
    ended = {"status": "failed", "finished_at": timezone.now(), "error_message": "jan.novak@private.example is bad"}
    JobFactory(campaign=campaign, **ended)
    LeadImportFactory(
        organization=organization, file_name="jan.novak.csv", status="failed", finished_at=timezone.now(),
        error_message="row 3: jan.novak@private.example",
    )  # fmt: skip
    for number, result in enumerate((TRACEBACK, "jan.novak@private.example", None)):
        Failure.objects.create(
            id=str(number), func="campaigns.tasks.work", name="for jan.novak@private.example", success=False,
            args=("jan.novak@private.example",), result=result and result.format(base=settings.BASE_DIR),
            started=timezone.now() - timedelta(hours=1), stopped=timezone.now(),
        )  # fmt: skip
    log = DutyLog()
    log.note("echo", every_seconds=2, begun=0, error=ValueError("jan.novak@private.example"))
    log.write()
    return [
        "hunter", settings.SECRET_KEY, "former-secret-key", "field-encryption-secret", "secret-of-the-environment",
        "inner-host", key, key[:12], "boss@sender", "relay-login", "jan.novak", "private.example", "Lowercase",
        "Client Secretive", "client-secretive", "Undisclosed", "eve@staff",
    ]  # fmt: skip


def bundle() -> str:
    return json.dumps(make_bundle(now=timezone.now()), cls=DjangoJSONEncoder)


def test_no_secret_and_nobodys_address_is_in_it(secrets: list[str]):
    text = bundle()

    assert [secret for secret in secrets if secret in text] == []


def test_the_database_is_named_by_its_instance_alone():
    database = configured()

    text = bundle()

    told = [str(database), f"host={database.host}", f"port={database.port}", f"user={database.user}"]
    assert [each for each in told if each in text] == []
    assert f"instance {database.instance}" in text


def test_a_database_that_is_down_is_not_named_either():
    check = unreachable(OperationalError("connection to server at 10.1.2.3 failed")).for_support()

    assert str(configured()) not in check["message"]
    assert (configured().instance in check["message"], "10.1.2.3" in str(check)) == (True, False)


def test_the_page_that_shows_it_has_none_either(secrets: list[str], django_user_model: Any):
    root = django_user_model.objects.create_superuser(email="root@staff.example", password="correct horse battery")

    page = client_of(root).get("/admin/system/bundle/").content.decode()

    assert "fairlead.support_bundle/1" in page
    hidden = set(secrets) - {"Client Secretive"}  # the banner of the emergency stop above the page names it
    assert [secret for secret in hidden if secret in page.split("<pre")[1].split("</pre>")[0]] == []


def test_it_says_what_a_helper_asks_for_first(secrets: list[str]):
    made = json.loads(bundle())

    assert made["instance"] == configured().instance
    assert {"Fairlead", "Django", "Python"} < set(made["versions"])
    assert made["settings"]["SECRET_KEY"] == "set in the environment"
    assert {check["name"] for check in made["checks"]} >= {"database", "workers", "senders", "sending"}
    assert "campaign_messages" in made["rows"]
    assert [each["kind"] for each in made["last_failures"]["duties"]] == ["ValueError"]
    assert made["last_failures"]["jobs"][0]["kind"] == "enroll"
    assert {each["kind"] for each in made["last_failures"]["tasks"]} == {"campaigns.errors.NoSuchLeadError", ""}


def test_without_tables_it_still_says_what_it_can():
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE duty_runs")

    made = json.loads(bundle())

    assert "rows" not in made
    assert [check["level"] for check in made["checks"] if check["name"] == "migrations"] == ["ok", "fail"]


def test_a_traceback_is_told_by_the_class_it_ends_with_and_the_last_line_of_ours(settings):
    told = TRACEBACK.format(base=settings.BASE_DIR)

    assert kind_of(told) == "campaigns.errors.NoSuchLeadError"
    assert place_of(told) == "campaigns/sending/work.py:120 in work"


@pytest.mark.parametrize("told", ["", "jan@private.example", "jan.Error", "Traceback: jan.Error"])
def test_of_what_is_no_traceback_nothing_is_told(told: str):
    assert (kind_of(told), place_of(told)) == ("", "")
