"""Every address of the API, with every method, by a key of another organization: nothing is seen, nothing is changed.

Generated from the resolver and the schema: a new address, filter or field that names a row is covered by itself, or
fails here until it is.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.db.models import Model
from django_filters.filters import NumberFilter

from campaigns.models import (
    Campaign,
    CampaignPlan,
    EmailTemplate,
    Mailbox,
    Message,
    MetricDefinition,
    OperatorTask,
    Recipient,
    Sender,
    Step,
)
from campaigns_project.accounts.models import Membership
from campaigns_project.tests.rest.answers import described
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.rest.test_writes import POINTS
from campaigns_project.tests.tenancy.addresses import METHODS, Address, all_addresses
from campaigns_project.tests.tenancy.answers import text_of
from campaigns_project.tests.tenancy.world import OF_NOBODY, World, models_of_tenants
from leads.models import EnrichmentProfile, Lead, Segment, Tag

pytestmark = pytest.mark.django_db

# Addresses that belong to no organization, and why that is right.
WITHOUT_ORGANIZATION = {
    "/": "redirects to the admin",
    "/api/v1/schema/": "describes the API, knows no rows",
    "/api/docs/": "shows the schema",
    "/api/v1/system/workers": "for system administrators alone: campaigns/tests/test_working.py",
    "/api/v1/system/health": "the same: campaigns_project/tests/runtime/health/test_api.py",
    "/healthz": "says that the process lives",
    "/readyz": "says whether the installation works",
}
# Prefixes with a walk of their own.
ELSEWHERE = {
    "/admin/": "test_admin_walk.py",
    "/t/": "a signed token of one message is the key: tracking/tests",
    "/api/v1/campaigns/track/": "the same",
    "/hooks/": "a signed token of one sender or account, and its secret: tracking/tests/inbound",
    "/calendar/": "a signed token of one person's feed is the key: campaigns/tests/ops/test_feeds.py",
    "/mailbox/": "the sandbox's, for the staff of the installation: runtime/tests/mailbox",
}
CATCH_ALL = ("/api/v1/", "/api/")  # answer 404 to everybody
# Numbers in bodies that name no row.
PLAIN_NUMBERS = {
    "points",
    "wait_amount", "weight", "port", "priority", "sending_days", "daily_limit", "daily_new_leads", "hourly_limit",
    "domain_daily_limit", "gap_seconds", "gap_jitter_seconds", "ramp_start", "ramp_increase", "ramp_ceiling",
    "max_connections", "guard_percent", "guard_floor", "hold_seconds", "count", "credit_limit", "position", "days",
    "company_size", "top", "at_most",
    "row_number", "header_row", "version", "seen_version", "target_value", "budgeted_touches", "values_kept_days",
    "details_kept_days",
}  # fmt: skip


def api_addresses() -> list[Address]:
    api = [address for address in all_addresses() if address.route.startswith("/api/v1/")]
    return [
        address
        for address in api
        if address.route not in {*WITHOUT_ORGANIZATION, *CATCH_ALL} and not address.route.startswith(tuple(ELSEWHERE))
    ]


def keys_in(row: Any) -> list[str]:
    """How an address may name the row: a campaign by two names."""
    return [str(row.pk), row.campaign_id] if isinstance(row, Campaign) else [str(row.pk)]


def mixtures(address: Address, theirs: World, ours: World) -> list[str]:
    """The paths of an address with at least one row of `theirs` in it."""
    models = [address.model_of(place) for place in address.places]
    found = []
    for owners in itertools.product([theirs, ours], repeat=len(models)):
        if theirs in owners:
            keys = [keys_in(world[model]) for world, model in zip(owners, models, strict=True)]
            for values in itertools.product(*keys):
                found.append(address.filled(**dict(zip(address.places, values, strict=True))))
    return found


def test_every_model_is_in_the_world_or_said_to_be_of_nobody(worlds):
    missing = [model._meta.label for model in models_of_tenants() if model not in worlds[0].rows]

    assert missing == [], f"Add a row to world.MAKERS, or a reason to OF_NOBODY ({', '.join(OF_NOBODY)})."


def test_every_address_is_walked_here_or_said_to_be_walked_elsewhere():
    walked = {address.route for address in api_addresses()}
    left = [
        address.route
        for address in all_addresses()
        if address.route not in {*walked, *WITHOUT_ORGANIZATION, *CATCH_ALL}
        and not address.route.startswith(tuple(ELSEWHERE))
    ]

    assert left == [], "Say in this file why these need no walk, or walk them."


def test_rows_of_another_organization_are_not_found_by_any_method(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    before = theirs.snapshot()
    odd = []

    for address in api_addresses():
        for path in mixtures(address, theirs, ours) if address.places else []:
            for method in METHODS:
                answer = getattr(client, method)(path)
                if answer.status_code not in {404, 405} or theirs.marker.encode() in without_path(answer, path):
                    odd.append((method, path, answer.status_code))

    assert odd == []
    assert theirs.snapshot() == before


def test_lists_show_nothing_of_another_organization(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    shown = {}

    for address in api_addresses():
        path = address.filled(**{place: ours[address.model_of(place)].pk for place in address.places})
        answer = client.get(path)
        is_there = answer.status_code in {200, 400, 405, 409} or path.endswith(("/lead-source", "/lead-source/preview"))
        assert is_there, (path, answer.status_code)  # no campaign of the world has a lead source
        assert theirs.marker not in text_of(answer), path
        shown[path] = answer.status_code

    assert sum(status == 200 for status in shown.values()) > 25


def test_filters_by_rows_of_another_organization_find_nothing_of_it(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    tried = set()

    for address in api_addresses():
        filterset = getattr(getattr(address.callback, "cls", None), "filterset_class", None)
        if filterset is None or "list" not in address.callback.actions.values():
            continue
        path = address.filled(**{place: ours[address.model_of(place)].pk for place in address.places})
        for name, number in numbers_to_ask_for(filterset, theirs.rows):
            answer = client.get(path, {name: number})
            assert answer.status_code == 200
            assert theirs.marker not in text_of(answer), (path, name)
            tried.add((path, name))

    assert len(tried) > 12


def numbers_to_ask_for(filterset: Any, rows: Mapping[type[Model], Any]) -> Iterator[tuple[str, Any]]:
    """For each filter by a number that of the row it is about; the number of every row where that cannot be told."""
    for name, each in filterset.base_filters.items():
        if isinstance(each, NumberFilter):
            row = rows.get(model_named_by(each, filterset))
            for number in [row.pk] if row else {row.pk for row in rows.values()}:
                yield name, number


def model_named_by(each: NumberFilter, filterset: Any) -> Any:
    """The model whose row the filter's number names; None for a number of anything else."""
    model = filterset._meta.model
    if each.method is not None:
        return None
    for part in each.field_name.split("__"):
        model = model._meta.get_field(part).related_model
        if model is None:
            return None
    return model


def bodies_naming_rows(theirs: World, ours: World) -> dict[tuple[str, str, str], tuple[str, dict[str, Any]]]:
    """By method, path of the schema and field: where to send which body with a row of the other organization."""
    campaign, step = ours[Campaign].pk, ours[Step].pk
    wording = {"subject": "Hello", "body_text": "Hello", "template": theirs[EmailTemplate].pk}
    nested, schema = f"/api/v1/campaigns/{campaign}", "/api/v1/campaigns/{campaign}"
    member, metric = theirs[Membership].user_id, theirs[MetricDefinition].pk
    in_task = {"assignee": member, "campaign": theirs[Campaign].pk, "lead": theirs[Lead].pk}
    task, value = f"/api/v1/tasks/{ours[OperatorTask].pk}", {"metric": metric, "date": "2026-11-20", "value": "1"}
    return {
        ("post", "/api/v1/campaigns", "plan"): ("/api/v1/campaigns", {"name": "New", "plan": theirs[CampaignPlan].pk}),
        ("patch", "/api/v1/campaigns/{id}", "plan"): (nested, {"plan": theirs[CampaignPlan].pk}),
        **{
            ("post", "/api/v1/tasks", field): ("/api/v1/tasks", {"title": "New", field: pk})
            for field, pk in in_task.items()
        },
        **{("patch", "/api/v1/tasks/{id}", field): (task, {field: pk}) for field, pk in in_task.items()},
        ("post", "/api/v1/metrics", "entered_by"): ("/api/v1/metrics", {"name": "New", "entered_by": member}),
        ("patch", "/api/v1/metrics/{id}", "entered_by"): (
            f"/api/v1/metrics/{ours[MetricDefinition].pk}",
            {"entered_by": member},
        ),
        ("put", "/api/v1/metric-entries", "metric"): ("/api/v1/metric-entries", value),
        ("post", "/api/v1/metric-entries/bulk", "entries/metric"): (
            "/api/v1/metric-entries/bulk",
            {"entries": [value]},
        ),
        ("post", "/api/v1/campaigns", "template"): (
            "/api/v1/campaigns",
            {"name": "New", "template": theirs[EmailTemplate].pk},
        ),
        ("patch", "/api/v1/campaigns/{id}", "template"): (nested, {"template": theirs[EmailTemplate].pk}),
        ("post", "/api/v1/campaigns/{id}/test-sends", "lead"): (
            f"{nested}/test-sends",
            {"to": ["me@fairlead.example"], "lead": theirs[Lead].pk},
        ),
        ("post", "/api/v1/campaigns/{id}/test-sends", "sender"): (
            f"{nested}/test-sends",
            {"to": ["me@fairlead.example"], "sender": theirs[Sender].pk},
        ),
        ("post", "/api/v1/campaigns/{id}/standing-audience", "segments"): (
            f"{nested}/standing-audience",
            {"segments": [theirs[Segment].pk]},
        ),
        ("post", "/api/v1/campaigns/{id}/standing-audience", "exclude_segments"): (
            f"{nested}/standing-audience",
            {"segments": [ours[Segment].pk], "exclude_segments": [theirs[Segment].pk]},
        ),
        ("post", "/api/v1/campaigns/{id}/standing-audience", "exclude_tags"): (
            f"{nested}/standing-audience",
            {"segments": [ours[Segment].pk], "exclude_tags": [theirs[Tag].pk]},
        ),
        ("post", "/api/v1/de-enrollment/runs", "campaign"): (
            "/api/v1/de-enrollment/runs",
            {"campaign": theirs[Campaign].pk},
        ),
        ("post", "/api/v1/leads/{id}/booking", "campaign"): (
            f"/api/v1/leads/{ours[Lead].pk}/booking",
            {"campaign": theirs[Campaign].pk},
        ),
        ("post", "/api/v1/tags/{id}/merge", "into"): (
            f"/api/v1/tags/{ours[Tag].pk}/merge",
            {"into": theirs[Tag].pk},
        ),
        ("post", "/api/v1/leads/{id}/merge", "other"): (
            f"/api/v1/leads/{ours[Lead].pk}/merge",
            {"other": theirs[Lead].pk},
        ),
        ("post", "/api/v1/events", "message"): (
            "/api/v1/events",
            {"event_type": "reply", "message": theirs[Message].pk},
        ),
        ("post", "/api/v1/events", "recipient"): (
            "/api/v1/events",
            {"event_type": "reply", "recipient": theirs[Recipient].pk},
        ),
        ("post", "/api/v1/notes", "lead"): ("/api/v1/notes", {"lead": theirs[Lead].pk, "text": "x"}),
        ("post", "/api/v1/notes", "campaign"): (
            "/api/v1/notes",
            {"lead": ours[Lead].pk, "campaign": theirs[Campaign].pk, "text": "x"},
        ),
        ("post", "/api/v1/lead-statuses", "lead"): (
            "/api/v1/lead-statuses",
            {"lead": theirs[Lead].pk, "status": "done"},
        ),
        ("post", "/api/v1/lead-statuses", "campaign"): (
            "/api/v1/lead-statuses",
            {"lead": ours[Lead].pk, "campaign": theirs[Campaign].pk, "status": "done"},
        ),
        ("post", "/api/v1/senders", "mailbox"): (
            "/api/v1/senders",
            {"email": "new@fairlead.example", "mailbox": theirs[Mailbox].pk},
        ),
        ("patch", "/api/v1/senders/{id}", "mailbox"): (
            f"/api/v1/senders/{ours[Sender].pk}",
            {"mailbox": theirs[Mailbox].pk},
        ),
        ("put", f"{schema}/senders", "senders"): (
            f"{nested}/senders",
            {"senders": [theirs[Sender].pk]},
        ),
        ("post", "/api/v1/uncertain-messages/decide", "campaign"): (
            "/api/v1/uncertain-messages/decide",
            {"decision": "send_again", "campaign": theirs[Campaign].pk},
        ),
        ("post", f"{schema}/steps", "variants/template"): (
            f"{nested}/steps",
            {"variants": [wording]},
        ),
        ("post", f"{schema}/steps/{{step}}/variants", "template"): (
            f"{nested}/steps/{step}/variants",
            wording,
        ),
    }


def test_bodies_that_name_rows_of_another_organization_are_refused(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    before = theirs.snapshot(), ours.snapshot()

    for (method, _path, field), (path, sent) in bodies_naming_rows(theirs, ours).items():
        answer = getattr(client, method)(path, sent)
        assert (answer.status_code, theirs.marker in text_of(answer)) == (400, False), (path, answer.json())
        assert field.rpartition("/")[2] in answer.json()["errors"][0]["pointer"]

    assert (theirs.snapshot(), ours.snapshot()) == before


def test_leads_of_another_organization_are_not_enrolled(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    before = theirs.snapshot()

    by_id = client.post(f"/api/v1/campaigns/{ours[Campaign].pk}/recipients", {"lead_ids": [theirs[Lead].pk]}).json()
    by_tag = client.post(f"/api/v1/campaigns/{ours[Campaign].pk}/recipients", {"tag": theirs.marker})

    assert (by_id["enrolled"], by_id["skipped"]) == (0, {"not_found": 1})
    assert by_tag.json()["code"] == "unknown_tag"
    for what in ("recipients", "ranking"):
        Campaign.objects.filter(pk=ours[Campaign].pk).update(ranking_rules=POINTS)
        path = f"/api/v1/campaigns/{ours[Campaign].pk}/{what}"
        for named in ({"segment": theirs[Segment].pk}, {"everyone": True, "exclude_segment": theirs[Segment].pk}):
            assert client.post(path, named).json()["code"] == "segment_not_found"
    assert client.post(f"/api/v1/campaigns/{ours[Campaign].pk}/ranking", {"lead_ids": [theirs[Lead].pk]}).json()[
        "result"
    ] == {"ranked": 0}
    assert theirs.snapshot() == before


def test_people_of_another_organization_are_not_taken_out(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    before = theirs.snapshot()

    for name in (str(theirs[Lead].pk), theirs[Lead].email):
        answer = client.post("/api/v1/de-enrollment/runs", {"leads": [name]})
        assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")

    assert theirs.snapshot() == before


def test_leads_of_another_organization_are_not_acted_on_in_bulk(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    before = theirs.snapshot()

    for act in ({"act": "tag", "tags": ["new"]}, {"act": "suppress"}):
        by_id = client.post("/api/v1/leads/bulk", {**act, "lead_ids": [theirs[Lead].pk]})
        by_segment = client.post("/api/v1/leads/bulk", {**act, "segment": theirs[Segment].pk})
        assert (by_id.json(), by_segment.json()["code"]) == ({"changed": 0}, "not_found")

    assert theirs.snapshot() == before


def test_uncertain_messages_of_another_organization_are_not_decided(worlds):
    theirs, ours = worlds
    Message.objects.filter(pk=theirs[Message].pk).update(status="uncertain", reason="timeout", sent_at=None)
    client = key_client(organization=ours.organization)
    before = theirs.snapshot()

    for which in ({"messages": [theirs[Message].pk]}, {"all": True}):
        answer = client.post("/api/v1/uncertain-messages/decide", {"decision": "send_again", **which})
        assert answer.json() == {"decided": 0}

    assert theirs.snapshot() == before


NOT_FOUND = {
    ("post", "/api/v1/suppressions", "campaign_id"),
    ("post", "/api/v1/suppressions/bulk", "campaign_id"),
    ("post", "/api/v1/suppressions/check", "campaign_id"),
    ("post", "/api/v1/campaigns/{id}/lead-source", "enrichment_profile"),
    ("post", "/api/v1/campaigns/{id}/fetch-leads", "enrichment_profile"),
    ("post", "/api/v1/enrichment-profiles/{id}/try", "lead"),
}


def test_bodies_that_name_rows_which_are_looked_up_by_the_act_find_nothing_of_another_organization(worlds):
    theirs, ours = worlds
    client = key_client(organization=ours.organization)
    before = theirs.snapshot(), ours.snapshot()
    campaign = {"campaign_id": theirs[Campaign].pk}
    source = {
        "filters": {"person_titles": ["ceo"]}, "count": 1, "enrichment_profile": theirs[EnrichmentProfile].pk,
    }  # fmt: skip

    answers = [
        client.post("/api/v1/suppressions", {"address": "a@x.example", **campaign}),
        client.post("/api/v1/suppressions/bulk", {"addresses": ["a@x.example"], **campaign}),
        client.post("/api/v1/suppressions/check", {"addresses": ["a@x.example"], **campaign}),
        client.post(f"/api/v1/campaigns/{ours[Campaign].pk}/lead-source", source),
        client.post(f"/api/v1/campaigns/{ours[Campaign].pk}/fetch-leads", source),
        client.post(f"/api/v1/enrichment-profiles/{ours[EnrichmentProfile].pk}/try", {"lead": theirs[Lead].pk}),
    ]

    for answer in answers:
        assert answer.status_code in {400, 404}, answer.json()
        assert answer.json()["code"].endswith(("not_found", "unknown_profile", "unknown_campaign")), answer.json()
        assert theirs.marker not in text_of(answer)
    assert (theirs.snapshot(), ours.snapshot()) == before


def test_every_field_of_a_body_that_names_a_row_is_tried(worlds):
    schema = described()
    naming = {
        (method, path, field)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        for field in number_fields(schema, request_schema(operation))
    }

    # Tried in tests of their own: they answer with counts.
    counting = {
        *(
            ("post", f"/api/v1/campaigns/{{campaign}}/{what}", field)
            for what in ("recipients", "ranking")
            for field in ("lead_ids", "segment", "exclude_segment")
        ),
        ("post", "/api/v1/uncertain-messages/decide", "messages"),
        ("post", "/api/v1/leads/bulk", "lead_ids"),
        ("post", "/api/v1/leads/bulk", "segment"),
        # Not found rather than refused; the test below.
        *NOT_FOUND,
        # In leads/tests/api/test_imports.py.
        ("post", "/api/v1/imports", "enroll_into"),
        ("patch", "/api/v1/imports/{id}", "enroll_into"),
    }
    tried = {*bodies_naming_rows(*worlds), *counting}

    assert naming == tried


def request_schema(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return next((kind["schema"] for kind in content.values()), {})


def number_fields(schema: dict[str, Any], node: dict[str, Any], prefix: str = "") -> list[str]:
    """The fields below a schema node that take a number or a list of them and are not known to be plain numbers."""
    if "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    found: list[str] = []
    for name, each in node.get("properties", {}).items():
        inner = each.get("items", each)
        kinds = inner.get("type", "")
        if name not in PLAIN_NUMBERS and "integer" in ([kinds] if isinstance(kinds, str) else kinds):
            found.append(prefix + name)
        if "$ref" in inner:
            found += number_fields(schema, inner, f"{prefix}{name}/")
    return found


def without_path(answer: Any, path: str) -> bytes:
    """What was answered, without the path that was asked for: a problem repeats it."""
    return text_of(answer).replace(path, "").encode()
