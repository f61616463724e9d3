"""What holds for every address of the API."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from campaigns.tests.factories import LeadFactory, MembershipFactory, OrganizationFactory, UserFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.rest.problems import server_error
from campaigns_project.tests.rest.answers import described
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def test_without_a_key_the_answer_says_how_to_get_one():
    answer = APIClient().get("/api/v1/leads")

    assert (answer.status_code, answer["Content-Type"], answer["WWW-Authenticate"]) == (401, PROBLEM, "Bearer")
    assert "create_api_key" in answer.json()["hint"]


@pytest.mark.parametrize("key", ["fl_wrong", "\xff\xfe", "a b", "x" * 10_000, "%00", ""])
def test_what_is_no_key_is_refused_and_never_an_error_of_ours(key):
    answer = APIClient().get("/api/v1/leads", headers={"Authorization": f"Bearer {key}"})

    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)


def test_a_key_of_a_switched_off_account_no_longer_opens():
    client = key_client()
    client.organization.service_accounts.get().user.__class__.objects.update(is_active=False)

    assert client.get("/api/v1/leads").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "/api/v1/nothing"), ("post", "/api/v1/leads/"), ("get", "/api/v2/leads"), ("delete", "/api/")],
)
def test_an_address_that_does_not_exist_is_a_problem_for_everybody(method, path):
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)

    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (404, PROBLEM, "not_found")


def test_an_address_with_a_slash_too_many_is_told_so():
    assert "no slash" in key_client().get("/api/v1/leads/").json()["hint"]


def test_a_method_that_is_not_offered_names_those_that_are():
    answer = key_client().put("/api/v1/leads", {})

    assert (answer.status_code, answer["Content-Type"]) == (405, PROBLEM)
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize(
    ("method", "query", "status"), [("post", "", 405), ("options", "", 405), ("get", "?format=x", 404)]
)
def test_a_problem_with_the_schema_is_json_as_any_other(client, method, query, status):
    answer = getattr(client, method)(f"/api/v1/schema/{query}")

    assert (answer.status_code, answer["Content-Type"], answer.json()["status"]) == (status, PROBLEM, status)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OWNER])
@pytest.mark.parametrize(("method", "path"), [("put", "leads"), ("trace", "leads"), ("post", "me"), ("delete", "jobs")])
def test_a_method_that_nobody_is_offered_is_405_whoever_asks_and_whatever_else_is_wrong(role, method, path):
    answer = key_client(role).generic(method.upper(), f"/api/v1/{path}?nothing=1", "{", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["leads", "campaigns", "me", "audit-log"])
def test_options_is_neither_offered_nor_taken(path):
    client = key_client()

    answer = client.options(f"/api/v1/{path}")

    assert (answer.status_code, "OPTIONS" in answer["Allow"]) == (405, False)
    assert "OPTIONS" not in client.delete(f"/api/v1/{path}")["Allow"]


@pytest.mark.parametrize("path", ["leads", "me", "campaigns"])
def test_a_format_is_a_parameter_like_any_other_that_does_not_exist(path):
    answer = key_client().get(f"/api/v1/{path}?format=xml")

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert answer.json()["errors"][0]["pointer"] == "?format"


@pytest.mark.parametrize("body", ["{", "[1", '{"email": "a@b.example",}', '"\\ud800', "\xff", "nul", "[" * 100_000])
def test_malformed_json_is_said_to_be_that(body):
    answer = key_client().post("/api/v1/leads", body.encode("latin-1"), content_type="application/json")

    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (400, PROBLEM, "parse_error")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"email": "a@b.example", "email": "c@d.example"}', "“email” stands there twice"),
        ('{"email": "a@b.example", "custom": {"size": 1, "size": 2}}', "“size” stands there twice"),
        ('{"email": "a@b.example", "custom": {"size": NaN}}', "NaN is no number"),
        ('{"email": "a@b.example", "custom": {"size": -Infinity}}', "-Infinity is no number"),
        ('{"email": "a@b.example", "custom": {"size": 1e999}}', "1e999 is larger than any number"),
        ('{"email": "a@b.example", "custom": {"size": ' + "9" * 301 + "}}", "a number of 301 digits"),
    ],
)
def test_json_that_means_different_things_to_different_programs_is_malformed(body, why):
    client = key_client()

    answer = client.post("/api/v1/leads", body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert why in answer.json()["detail"]
    assert client.get("/api/v1/leads").json()["results"] == []


def test_the_mark_that_programs_on_windows_begin_a_text_with_is_no_part_of_it():
    body = '\ufeff{"email": "a@b.example"}'.encode()

    assert key_client().post("/api/v1/leads", body, content_type="application/json").status_code == 201


def test_json_is_answered_to_whoever_takes_it_and_what_else_is_asked_for_is_foretold():
    answer = key_client().get("/api/v1/me", headers={"Accept": "text/html"})

    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (406, PROBLEM, "not_acceptable")
    assert "406" in described()["paths"]["/api/v1/me"]["get"]["responses"]


def test_a_packed_body_is_refused_and_not_read_as_if_it_were_plain():
    answer = key_client().post("/api/v1/leads", {"email": "a@b.example"}, headers={"Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "packed (gzip)" in answer.json()["detail"]


@pytest.mark.parametrize("body", ["[]", "3", '"text"', "null"])
def test_json_that_is_no_object_is_refused(body):
    answer = key_client().post("/api/v1/leads", body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_another_content_type_is_refused_with_the_right_one():
    answer = key_client().post("/api/v1/leads", "email=a@b.example", content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)
    assert "application/json" in answer.json()["hint"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    answer = key_client().post("/api/v1/leads", {"email": "a@b.example", "company": "x" * 1_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["Application/JSON", "application/*", "*/*", "APPLICATION/JSON; a=b"])
def test_the_limit_holds_however_the_content_type_is_written(settings, content_type):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    body = json.dumps({"email": "a@b.example", "company": "x" * 1_000})

    answer = key_client().post("/api/v1/leads", body, content_type=content_type)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_misspelled_filter_is_refused_with_the_right_spelling():
    answer = key_client().get("/api/v1/campaigns?stauts=draft")

    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_parameter"
    assert answer.json()["errors"][0]["pointer"] == "?stauts"
    assert "Did you mean status?" in answer.json()["detail"]


def test_a_filter_that_begins_like_several_is_answered_with_all_of_them_and_a_strange_one_with_all_there_are():
    client = key_client()

    begins_alike = client.get("/api/v1/leads?tag_any=vip").json()["detail"]
    strange = client.get("/api/v1/leads?zzz=1").json()["detail"]

    assert "Did you mean tag or tag__all or tag__not?" in begins_alike
    assert "custom.NAME" in strange


def test_a_query_parameter_on_a_single_row_is_refused_too():
    client = key_client()
    lead = LeadFactory(organization=client.organization)

    assert client.get(f"/api/v1/leads/{lead.pk}?status=ok").json()["code"] == "unknown_parameter"


def test_a_misspelled_field_is_refused_with_the_right_spelling():
    answer = key_client().post("/api/v1/leads", {"email": "a@b.example", "compnay": "Acme"})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert "Did you mean company?" in answer.json()["detail"]


def test_a_read_only_field_is_refused_and_not_ignored():
    answer = key_client().post("/api/v1/leads", {"email": "a@b.example", "status": "bounced"})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert "read-only" in answer.json()["detail"]


@pytest.mark.parametrize("size", ["0", "-1", "201", "x", "", "1e1", "\uff19"])
def test_a_page_size_out_of_range_is_refused(size):
    assert key_client().get("/api/v1/leads", {"page_size": size}).status_code == 400


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD0=", "cj1hYmM=", "\xff", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_cursor_that_is_not_ours_is_refused_and_never_an_error_of_ours(cursor):
    answer = key_client().get("/api/v1/leads", {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_following_next_gives_every_row_once_newest_first_while_rows_are_added():
    client = key_client()
    leads = LeadFactory.create_batch(5, organization=client.organization)
    seen, page = [], client.get("/api/v1/leads?page_size=2").json()
    while True:
        seen += [lead["id"] for lead in page["results"]]
        LeadFactory(organization=client.organization)
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()

    assert seen == [lead.pk for lead in reversed(leads)]


def test_the_link_header_says_the_same_as_the_body():
    client = key_client()
    LeadFactory.create_batch(2, organization=client.organization)

    answer = client.get("/api/v1/leads?page_size=1")

    assert answer["Link"] == f'<{answer.json()["next"]}>; rel="next"'


def test_the_request_id_of_the_caller_comes_back_in_header_and_problem():
    answer = APIClient().get("/api/v1/leads", headers={"X-Request-ID": "ticket-4137"})

    assert (answer["X-Request-ID"], answer.json()["request_id"]) == ("ticket-4137", "ticket-4137")


def test_no_proxy_keeps_an_answer_and_every_answer_names_the_version():
    answer = key_client().get("/api/v1/leads")

    assert (answer["Cache-Control"], answer["API-Version"]) == ("no-store", "1.0.0")


def test_a_person_of_several_organizations_has_to_name_one():
    user = UserFactory()
    MembershipFactory(user=user)
    second = MembershipFactory(user=user).organization
    client = APIClient()
    client.force_login(user)

    assert client.get("/api/v1/leads").status_code == 403
    assert client.get("/api/v1/leads", headers={"X-Organization": second.slug}).status_code == 200


def test_a_person_cannot_name_an_organization_of_others():
    user = MembershipFactory().user
    client = APIClient()
    client.force_login(user)

    answer = client.get("/api/v1/leads", headers={"X-Organization": OrganizationFactory().slug})

    assert answer.status_code == 403


def test_a_session_cannot_write_without_the_csrf_token():
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(MembershipFactory().user)

    answer = client.post("/api/v1/tags", {"name": "vip"})

    assert (answer.status_code, answer["Content-Type"]) == (403, PROBLEM)


def test_a_fault_of_ours_is_a_problem_that_tells_nothing_but_the_request_id(rf):
    request = rf.get("/api/v1/leads")
    request.request_id = "abc"

    answer = server_error(request)

    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    assert json.loads(answer.content)["request_id"] == "abc"


def test_a_fault_of_ours_on_a_page_names_the_request_and_leads_home(rf):
    request = rf.get("/admin/campaigns/campaign/")
    request.request_id = "0192f"

    answer = server_error(request)

    page = answer.content.decode()
    assert (answer.status_code, "the request 0192f" in page, 'href="/admin/"' in page) == (500, True, True)


@pytest.mark.parametrize(
    ("role", "expected"), [(Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.MANAGER, 201), (Role.OWNER, 201)]
)
def test_senders_are_configured_by_managers(role, expected):
    answer = key_client(role).post("/api/v1/senders", {"email": "petr@fairlead.example"})

    assert answer.status_code == expected


def test_a_viewer_reads_and_writes_nothing():
    client = key_client(Role.VIEWER)

    assert client.get("/api/v1/leads").status_code == 200
    refused = client.post("/api/v1/leads", {"email": "a@b.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "operator" in refused.json()["detail"]


def test_me_says_who_holds_the_key_and_where():
    organization = OrganizationFactory()
    client = key_client(Role.OPERATOR, organization)

    card = client.get("/api/v1/me").json()

    assert (card["kind"], card["role"], card["organization"]["slug"]) == ("key", "operator", organization.slug)
    assert card["key_prefix"].startswith("fl_")


def test_a_second_key_of_one_integration_works_beside_the_first():
    organization = OrganizationFactory()
    first = key_client(Role.VIEWER, organization)
    _account, key = create_api_key(organization=organization, name="test viewer", role=Role.VIEWER, actor=SYSTEM)

    assert first.get("/api/v1/me").status_code == 200
    assert APIClient().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_reading_as_a_key_takes_no_query_per_row():
    client = key_client()
    LeadFactory(organization=client.organization)
    with CaptureQueriesContext(connection) as one:
        client.get("/api/v1/leads")
    LeadFactory.create_batch(2, organization=client.organization)
    with CaptureQueriesContext(connection) as three:
        client.get("/api/v1/leads")

    assert len(one) == len(three)


def test_a_second_one_is_told_by_one_code_whoever_finds_it():
    client = key_client()
    answers = [client.post("/api/v1/campaigns", {"name": "A", "campaign_id": "autumn"}) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [201, 400]
    assert (answers[1].json()["code"], answers[1].json()["errors"][0]["code"]) == ("not_unique", "not_unique")


def test_a_dry_run_is_refused_as_it_would_be_and_leaves_the_key_free():
    client = key_client(Role.OPERATOR)
    once = {"Idempotency-Key": "once"}
    client.post("/api/v1/tags", {"name": "vip"})

    again = client.post("/api/v1/tags?dry_run=true", {"name": "vip"}, headers=once)
    no_key = client.post("/api/v1/tags?dry_run=true", {"name": "new"}, headers={"Idempotency-Key": '"'})
    answers = [client.post(f"/api/v1/tags?dry_run={each}", {"name": "new"}, headers=once) for each in ("true", "false")]

    assert (again.status_code, again.json()["code"]) == (400, "not_unique")
    assert (no_key.status_code, no_key.json()["code"]) == (400, "idempotency_key_malformed")
    assert [(answer.status_code, answer.get("Dry-Run")) for answer in answers] == [(200, "true"), (201, None)]


@pytest.mark.parametrize(
    ("method", "path", "pointer"),
    [
        ("post", "tags?dry_run=1", "?dry_run"),
        ("post", "imports?dry_run=true", "?dry_run"),
        ("post", "calendar-feeds?dry_run=true", "?dry_run"),
        ("get", "tags?dry_run=true", "?dry_run"),
    ],
)
def test_a_dry_run_that_would_not_be_one_is_refused(method, path, pointer):
    answer = getattr(key_client(Role.OPERATOR), method)(f"/api/v1/{path}")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def test_rows_are_counted_for_who_asks_all_pages_together_and_no_further_than_is_quick(monkeypatch):
    client = key_client()
    LeadFactory.create_batch(3, organization=client.organization, city="Graz")
    LeadFactory(organization=client.organization)
    monkeypatch.setattr("campaigns_project.counting.MOST_COUNTED", 4)

    pages = [client.get(f"/api/v1/{path}").json() for path in ("leads?include=count&page_size=1", "leads")]
    tags = client.get("/api/v1/tags?include=count").json()

    told = ("count", "count_is_capped", "count_is_estimate")
    assert [len(pages[0]["results"]), *(pages[0][name] for name in told)] == [1, 3, True, False]
    assert [tags[name] for name in told] == [0, False, False]
    assert set(pages[1]) == {"next", "previous", "results"}
    assert client.get("/api/v1/tags?include=counts").json()["errors"][0]["pointer"] == "?include"
