"""A database that cannot be used is told as what it is, in the API and to commands, and a bug stays a bug."""

import psycopg
import pytest
from django.db import Error as DatabaseError
from django.db import IntegrityError, OperationalError, connection, transaction

from campaigns.tests.factories import CampaignFactory
from campaigns_project.faults import SchemaFault, fault_of, what_broke
from campaigns_project.rest.problems import problem_response
from campaigns_project.tests.rest.clients import key_client
from leads.models import Tag

pytestmark = pytest.mark.django_db


def error_of(statement):
    """What Django raises for this statement."""
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return raised.value


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SET LOCAL transaction_read_only = on; DELETE FROM tags", "database_read_only"),
        ("SELECT FROM no_such_table", "schema_incomplete"),
        ("SELECT no_such_column FROM tags", "schema_incomplete"),
        ("DO $$ BEGIN RAISE 'full' USING ERRCODE = 'disk_full'; END $$", "database_down"),
        ("DO $$ BEGIN RAISE 'no' USING ERRCODE = 'insufficient_privilege'; END $$", "database_denied"),
    ],
)
def test_a_database_that_cannot_be_used_has_a_code(statement, code):
    fault = fault_of(error_of(statement))

    assert (fault.code, fault.status, bool(fault.hint)) == (code, 503, True)
    assert isinstance(fault, SchemaFault) == (code == "schema_incomplete")


def test_a_server_that_does_not_answer_is_down():
    with pytest.raises(OperationalError) as raised, connection.wrap_database_errors:
        psycopg.connect("host=/nowhere dbname=fairlead connect_timeout=1")

    assert fault_of(raised.value).code == "database_down"


@pytest.mark.parametrize("statement", ["SELECT 1 / 0", "DO $$ BEGIN RAISE deadlock_detected; END $$"])
def test_what_is_ours_or_is_tried_again_is_no_fault_of_the_database(statement):
    assert fault_of(error_of(statement)) is None


def test_a_broken_rule_is_no_fault_of_the_database():
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        Tag.objects.create(organization_id=1, name="")

    assert fault_of(raised.value) is None


def set_back(number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('campaigns', 'id'), %s, false)", [number])


@pytest.mark.parametrize("is_deleted", [True, False])
def test_the_api_says_that_a_sequence_is_behind_and_not_that_another_request_was_first(is_deleted):
    client, campaign = key_client(), CampaignFactory()
    set_back(campaign.pk)
    if is_deleted:
        campaign.delete()

    answer = client.post("/api/v1/campaigns", {"name": "Fair"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "sequence_behind")
    assert "verify_schema" in answer.json()["hint"]


def test_what_the_database_said_is_for_commands_and_in_no_message():
    with pytest.raises(OperationalError) as raised, connection.wrap_database_errors:
        psycopg.connect("host=/nowhere dbname=fairlead user=somebody connect_timeout=1")

    fault = fault_of(raised.value)

    assert not any("/nowhere" in said for said in (fault.message, fault.hint, str(fault), what_broke(raised.value)))
    assert "/nowhere" in fault.in_full


@pytest.mark.parametrize("statement", ["SELECT FROM secret_name", "DO $$ BEGIN RAISE 'secret_name'; END $$"])
def test_what_broke_a_task_names_no_part_of_the_database(statement):
    assert "secret_name" not in what_broke(error_of(statement))


def test_the_api_names_no_part_of_the_database(rf):
    answer = problem_response(error_of("SELECT FROM secret_name"), {"request": rf.get("/api/v1/tags")})

    assert (answer.status_code, answer.data["code"]) == (503, "schema_incomplete")
    assert "secret_name" not in str(answer.data)


@pytest.mark.parametrize(
    ("statement", "code", "wait"),
    [
        ("DO $$ BEGIN RAISE 'full' USING ERRCODE = 'too_many_connections'; END $$", "database_down", 10),
        ("DO $$ BEGIN RAISE deadlock_detected; END $$", "gave_way", 1),
        ("SELECT FROM no_such_table", "schema_incomplete", None),
    ],
)
def test_the_api_says_when_to_come_again_where_waiting_helps(rf, statement, code, wait):
    answer = problem_response(error_of(statement), {"request": rf.get("/api/v1/tags")})

    assert (answer.status_code, answer.data["code"], answer.get("Retry-After")) == (503, code, wait and str(wait))


def test_the_api_answers_503_while_nothing_can_be_written():
    client = key_client()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        answer = client.post("/api/v1/tags", {"name": "vip"}, format="json")
        transaction.set_rollback(True)

    assert (answer.status_code, answer.json()["code"]) == (503, "database_read_only")
    assert "primary" in answer.json()["hint"]
    assert not Tag.objects.exists()
