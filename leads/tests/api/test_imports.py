import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django_q.models import OrmQ

from campaigns.tests.factories import CampaignFactory, LeadImportFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client
from leads.imports.running import run_import
from leads.imports.trying import run_dry_run
from leads.imports.undoing import run_undo
from leads.models import Lead, LeadImport, Suppression

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


def test_problems_in_a_format_that_is_not_offered_are_refused_with_those_that_are():
    client = key_client()
    import_id = LeadImportFactory(organization=client.organization).pk

    answer = client.get(f"/api/v1/imports/{import_id}/problems?format=xml")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?format")
    assert "Write json or csv" in answer.json()["detail"]


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
    again = upload(client, text, mapping='{"Shoe size": "ignore"}', confirm_repeat="true")
    assert again.status_code == 202


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


def test_rows_are_imported_like_a_file_whose_columns_are_their_names():
    client = key_client(Role.OPERATOR)
    rows = [{"email": "ana@acme.example", "company": "Acme"}, {"email": "broken", "first_name": "Bo"}]

    made = client.post("/api/v1/imports", {"rows": rows, "name": "CRM sync"})
    run_import(lead_import_id=made.json()["id"], now=timezone.now())
    done = client.get(f"/api/v1/imports/{made.json()['id']}").json()

    assert made.status_code == 202
    assert [done[name] for name in ("source", "file_name", "created_count", "problem_count")] == [
        "api", "CRM sync", 1, 1,
    ]  # fmt: skip
    assert Lead.objects.get().company == "Acme"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"file": "x"}, "/file"), ({"rows": []}, "/rows"), ({"name": "x"}, "/rows")],
)
def test_a_json_body_without_rows_is_refused_at_its_field(body, pointer):
    answer = key_client().post("/api/v1/imports", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def test_rows_that_are_no_objects_are_refused_by_their_number():
    answer = key_client().post("/api/v1/imports", {"rows": [{"email": "ana@acme.example"}, "bo@acme.example"]})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_rows")
    assert "Row 2" in answer.json()["detail"]


@pytest.mark.parametrize("field", ["file", "on_existing"])
def test_a_field_of_a_form_that_stands_there_twice_is_refused_unless_it_is_a_list(field):
    file = SimpleUploadedFile("a.csv", b"email\na@b.example\n")
    other = SimpleUploadedFile("b.csv", b"email\nc@d.example\n")
    twice = {"file": [file, other]} if field == "file" else {"file": file, "on_existing": ["fill", "overwrite"]}
    client = key_client()

    refused = client.post("/api/v1/imports", twice, format="multipart")
    taken = upload(client, tags=["vip", "new"])

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "repeated")
    assert refused.json()["errors"][0]["pointer"] == f"/{field}"
    assert (taken.status_code, taken.json()["options"]["tags"]) == (202, ["vip", "new"])


def test_a_request_without_a_file_says_so():
    answer = key_client().post("/api/v1/imports", {"tags": "vip"}, format="multipart")

    assert answer.json()["errors"][0]["pointer"] == "/file"


def test_a_queued_import_is_canceled_once():
    client = key_client()
    import_id = upload(client).json()["id"]

    assert client.post(f"/api/v1/imports/{import_id}/cancel").json()["status"] == "canceled"
    assert client.post(f"/api/v1/imports/{import_id}/cancel").status_code == 409


def draft(client, text=GOOD, **fields):
    return upload(client, text, commit="false", **fields).json()["id"]


def test_a_draft_imports_nothing_until_it_is_committed():
    client = key_client(Role.OPERATOR)

    made = upload(client, commit="false")
    import_id = made.json()["id"]
    queued = client.post(f"/api/v1/imports/{import_id}/commit", {})
    run_import(lead_import_id=import_id, now=timezone.now())

    assert (made.status_code, made.json()["status"]) == (201, "draft")
    assert (queued.status_code, queued.json()["status"]) == (202, "queued")
    again = client.post(f"/api/v1/imports/{import_id}/commit", {}).json()
    assert (again["code"], again["status"], again["current_status"]) == ("import_not_draft", 409, "succeeded")
    assert again["allowed_actions"] == ["undo"]
    assert Lead.objects.count() == 1


def test_a_draft_without_an_address_has_no_list_of_problems():
    client = key_client(Role.OPERATOR)
    import_id = draft(client, "Xyz,Name\nask,Ana\n", mapping='{"Xyz": "company"}')

    answer = client.get(f"/api/v1/imports/{import_id}/problems?format=csv")

    assert (answer.status_code, answer.json()["code"]) == (400, "no_email_column")


def test_a_file_of_problems_has_no_pages():
    client = key_client(Role.OPERATOR)
    import_id = draft(client, "E-mail\nask\n")

    answer = client.get(f"/api/v1/imports/{import_id}/problems?format=csv&page_size=5&cursor=x")

    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (
        400,
        ["?cursor", "?page_size"],
    )


def test_a_draft_is_read_in_another_way_and_keeps_what_is_not_named():
    client = key_client(Role.OPERATOR)
    import_id = draft(client, "E-mail,Notes\nana@acme.example,x\n", unknown_columns="ignore", tags=["vip"])

    changed = client.patch(f"/api/v1/imports/{import_id}", {"mapping": {"Notes": "company"}, "on_existing": "skip"})

    assert changed.status_code == 200, changed.json()
    assert changed.json()["mapping"] == {"E-mail": "email", "Notes": "company"}
    assert changed.json()["options"] == {
        "on_existing": "skip", "unknown_columns": "ignore", "tags": ["vip"], "enroll_into": None, "legal_basis": "",
        "words": {},
    }  # fmt: skip


def test_the_dry_run_of_a_draft_counts_what_the_commit_then_does():
    client = key_client(Role.OPERATOR)
    import_id = draft(client)

    asked = client.post(f"/api/v1/imports/{import_id}/dry-run")
    run_dry_run(lead_import_id=import_id)
    found = client.get(f"/api/v1/imports/{import_id}").json()
    client.post(f"/api/v1/imports/{import_id}/commit", {})
    run_import(lead_import_id=import_id, now=timezone.now())
    done = client.get(f"/api/v1/imports/{import_id}").json()

    assert (asked.status_code, asked.json()["dry_run_status"], asked.json()["dry_run"]) == (202, "queued", None)
    assert found["dry_run_status"] == "succeeded"
    counts = ("created", "updated", "unchanged")
    assert [found["dry_run"][name] for name in counts] == [done[f"{name}_count"] for name in counts]
    assert found["dry_run"]["problems"] == done["problem_count"] == 1


def test_a_draft_is_not_committed_before_somebody_said_what_its_marks_are():
    client = key_client(Role.OPERATOR)
    rows = [{"email": "ana@acme.example", "custom_fields": {"outcome": "Unsubscribed", "job title": "CEO"}},
            {"email": "bob@acme.example", "custom_fields": {"outcome": "Nurture"}}]  # fmt: skip
    made = client.post("/api/v1/imports", {"rows": rows, "commit": False, "unknown_columns": "custom"}).json()
    path = f"/api/v1/imports/{made['id']}"

    refused = client.post(f"{path}/commit", {})
    changes = {"mapping": {"outcome": "do_not_contact"}, "words": {"*": "in"}}
    changed = client.patch(path, changes).json()
    client.post(f"{path}/commit", {})
    done = run_import(lead_import_id=made["id"], now=timezone.now())

    words = {"Unsubscribed": 1, "Nurture": 1}
    assert made["marks"] == {"outcome": {"words": words, "undecided": True}}
    assert (refused.status_code, refused.json()["code"]) == (400, "undecided_marks")
    assert changed["marks"] == {"outcome": {"words": words, "undecided": False}}
    assert (done.created_count, done.do_not_contact_count) == (2, 1)
    assert Lead.objects.get(email="ana@acme.example").title == "CEO"
    assert client.patch(path, {"words": {"a": "b"}}).json()["errors"][0]["pointer"] == "/words"


def test_nobody_is_put_into_a_campaign_of_another_organization():
    client, theirs = key_client(Role.OPERATOR), CampaignFactory()
    import_id = draft(client)

    changed = client.patch(f"/api/v1/imports/{import_id}", {"enroll_into": theirs.pk})
    rows = client.post("/api/v1/imports", {"rows": [{"email": "b@acme.example"}], "enroll_into": theirs.pk})

    assert [(answer.status_code, answer.json()["code"]) for answer in (changed, rows)] == [
        (400, "unknown_campaign")
    ] * 2
    assert client.get(f"/api/v1/imports/{import_id}").json()["options"]["enroll_into"] is None


def test_a_row_of_a_draft_is_corrected():
    client = key_client(Role.OPERATOR)
    import_id = draft(client)

    fixed = client.patch(
        f"/api/v1/imports/{import_id}", {"rows": [{"row_number": 3, "cells": ["bob@acme.example", "Bob"]}]}
    )
    client.post(f"/api/v1/imports/{import_id}/commit", {})
    run_import(lead_import_id=import_id, now=timezone.now())

    assert fixed.status_code == 200, fixed.json()
    assert set(Lead.objects.values_list("email", flat=True)) == {"ana@acme.example", "bob@acme.example"}


def test_a_change_of_which_a_part_is_refused_changes_nothing():
    client = key_client(Role.OPERATOR)
    import_id = draft(client)

    refused = client.patch(
        f"/api/v1/imports/{import_id}", {"on_existing": "skip", "rows": [{"row_number": 3, "cells": ["bob"]}]}
    )

    assert (refused.status_code, refused.json()["code"]) == (400, "bad_fix")
    assert client.get(f"/api/v1/imports/{import_id}").json()["options"]["on_existing"] == "fill"


@pytest.mark.parametrize("verb", ["dry-run", "cancel", "undo"])
def test_a_verb_that_takes_no_body_refuses_one_and_does_nothing(verb):
    client = key_client(Role.OPERATOR)
    import_id = draft(client)
    before = client.get(f"/api/v1/imports/{import_id}").json()

    refused = client.post(f"/api/v1/imports/{import_id}/{verb}", {"dry_run": True})

    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_parameter")
    assert client.get(f"/api/v1/imports/{import_id}").json() == before


def test_the_very_same_file_is_refused_until_the_repeat_is_confirmed():
    client = key_client(Role.OPERATOR)
    first = upload(client).json()["id"]

    at_once, as_draft = upload(client), draft(client)
    committed = client.post(f"/api/v1/imports/{as_draft}/commit", {})
    confirmed = client.post(f"/api/v1/imports/{as_draft}/commit", {"confirm_repeat": True})

    assert (at_once.status_code, at_once.json()["code"], at_once.json()["import"]) == (409, "repeated_file", first)
    assert (committed.status_code, confirmed.status_code) == (409, 202)


def test_an_import_is_undone_after_a_look_at_what_would_go():
    client = key_client(Role.OPERATOR)
    import_id = upload(client).json()["id"]
    run_import(lead_import_id=import_id, now=timezone.now())

    look = client.get(f"/api/v1/imports/{import_id}/undo").json()
    undone = client.post(f"/api/v1/imports/{import_id}/undo")
    run_undo(lead_import_id=import_id)

    assert look == {"looked_at": 1, "removable": 1, "kept": {}, "is_all": True, "do_not_contact": 0}
    assert (undone.status_code, undone.json()["undo_status"]) == (202, "queued")
    assert client.get(f"/api/v1/imports/{import_id}/undo").json()["code"] == "undone_already"
    assert not Lead.objects.exists()


def test_whoever_must_not_be_written_to_is_counted_mapped_by_name_and_stays_suppressed():
    client = key_client(Role.OPERATOR)
    text = "email,Gone,dnc\nana@acme.example,yes,\nbob@acme.example,,\n"
    mapping = json.dumps({"Gone": "do_not_contact"})

    counted = upload(client, text, dry_run="true", mapping=mapping).json()
    import_id = upload(client, text, mapping=mapping).json()["id"]
    run_import(lead_import_id=import_id, now=timezone.now())
    done = client.get(f"/api/v1/imports/{import_id}").json()
    look = client.get(f"/api/v1/imports/{import_id}/undo").json()

    assert counted["mapping"] == {"email": "email", "Gone": "do_not_contact", "dnc": "do_not_contact"}
    assert (counted["created_count"], counted["do_not_contact_count"]) == (2, 1)
    assert (done["created_count"], done["do_not_contact_count"]) == (2, 1)
    assert (look["removable"], look["do_not_contact"]) == (2, 1)
    assert Suppression.objects.get().address == "ana@acme.example"


def test_imports_are_found_by_state_source_and_who_made_them():
    client = key_client(Role.OPERATOR)
    queued, drafted = upload(client).json(), draft(client)

    def found(query):
        return [each["id"] for each in client.get(f"/api/v1/imports?{query}").json()["results"]]

    assert found("status=draft") == [drafted]
    assert found("source=api") == []
    assert set(found(f"created_by={queued['created_by']}")) == {queued["id"], drafted}
    assert found("created_by=987654") == []
