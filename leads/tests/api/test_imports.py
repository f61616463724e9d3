import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django_q.models import OrmQ

from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client
from leads.imports.running import run_import
from leads.models import Lead, LeadImport

pytestmark = pytest.mark.django_db
GOOD = "E-mail,First name\nana@acme.example,Ana\nbroken,Bob\n"


def upload(client, text=GOOD, **fields):
    file = SimpleUploadedFile("people.csv", text.encode(), content_type="text/csv")
    return client.post("/api/v1/imports", {"file": file, **fields}, format="multipart")


def test_an_import_is_accepted_and_queued_for_a_worker(django_capture_on_commit_callbacks):
    client = key_client(Role.OPERATOR)

    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(client)

    assert answer.status_code == 202, answer.json()
    made = LeadImport.objects.get()
    assert answer["Location"] == f"/api/v1/imports/{made.pk}"
    assert (made.status, made.organization, OrmQ.objects.count()) == ("queued", client.organization, 1)
    assert AuditLog.objects.get(action="import.created").actor_name == "test operator"


def test_an_import_shows_its_counts_and_its_problems_as_json_and_csv():
    client = key_client()
    import_id = upload(client, tags=["vip", "fair"]).json()["id"]
    run_import(lead_import_id=import_id, now=timezone.now())

    done = client.get(f"/api/v1/imports/{import_id}").json()
    problems = client.get(f"/api/v1/imports/{import_id}/problems").json()["results"]
    sheet = client.get(f"/api/v1/imports/{import_id}/problems?format=csv")

    assert (done["status"], done["created_count"], done["problem_count"]) == ("succeeded", 1, 1)
    assert [(row["row_number"], row["code"], row["row"]) for row in problems] == [
        (3, "invalid_email", ["broken", "Bob"])
    ]
    assert sheet["Content-Type"] == "text/csv; charset=utf-8"
    assert "broken,Bob,3,invalid_email" in b"".join(sheet.streaming_content).decode()
    assert sorted(Lead.objects.get().lead_tags.values_list("tag__name", flat=True)) == ["fair", "vip"]


def test_problems_asked_for_as_csv_of_an_import_that_is_not_there_are_a_problem_in_json():
    answer = key_client().get("/api/v1/imports/999/problems", HTTP_ACCEPT="text/csv")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_dry_run_counts_and_writes_nothing():
    client = key_client()

    answer = upload(client, dry_run="true")

    assert answer.status_code == 200
    assert answer.json() | {"dry_run": True, "created_count": 1, "problem_codes": {"invalid_email": 1}} == answer.json()
    assert not LeadImport.objects.exists()
    assert not Lead.objects.exists()


def test_unknown_columns_are_refused_by_name_unless_the_caller_says_what_to_do():
    client = key_client()
    text = "E-mail,Shoe size\nana@acme.example,39\n"

    refused = upload(client, text)

    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_columns")
    assert "Shoe size" in refused.json()["detail"]
    assert upload(client, text, unknown_columns="custom").status_code == 202
    assert upload(client, text, mapping='{"Shoe size": "ignore"}').status_code == 202


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"mapping": "no json"}, "/mapping"),
        ({"mapping": "[1]"}, "/mapping"),
        ({"on_existing": "destroy"}, "/on_existing"),
        ({"delimiter": ";;"}, "/delimiter"),
        ({"tags": ["x" * 61]}, "/tags/0"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_at_its_field(fields, pointer):
    answer = upload(key_client(), **fields)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        ("E-mail\n", "header_only"),
        ("\x89PNG\r\n\x1a\n\x00\x00", "binary_file"),
        ("E-mail,E-mail\na@b.example,c\n", "duplicate_header"),
    ],
)
def test_a_file_that_is_no_list_of_leads_has_its_own_error(text, code):
    answer = upload(key_client(), text)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not LeadImport.objects.exists()


def test_a_misspelled_option_is_refused():
    assert upload(key_client(), onexisting="skip").json()["code"] == "unknown_parameter"


def test_a_json_body_is_refused_since_a_file_is_needed():
    assert key_client().post("/api/v1/imports", {"file": "x"}).status_code == 415


def test_a_request_without_a_file_says_so():
    answer = key_client().post("/api/v1/imports", {"tags": "vip"}, format="multipart")

    assert answer.json()["errors"][0]["pointer"] == "/file"


def test_a_queued_import_is_canceled_once():
    client = key_client()
    import_id = upload(client).json()["id"]

    assert client.post(f"/api/v1/imports/{import_id}/cancel").json()["status"] == "canceled"
    assert client.post(f"/api/v1/imports/{import_id}/cancel").status_code == 409
