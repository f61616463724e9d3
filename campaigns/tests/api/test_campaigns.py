from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.halts import halt
from campaigns.models import Campaign, Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    CampaignSenderFactory,
    EmailTemplateFactory,
    MessageFactory,
    OrganizationFactory,
    RecipientFactory,
    SenderFactory,
    SuppressionFactory,
    VariantFactory,
)
from campaigns.why import why_campaign, why_recipient
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


def ready_campaign(organization, **fields):
    """A draft that can start: one step, one sender, one recipient."""
    campaign = CampaignFactory(organization=organization, **fields)
    VariantFactory(step__campaign=campaign)
    CampaignSenderFactory(campaign=campaign)
    RecipientFactory(campaign=campaign)
    return campaign


def test_a_campaign_is_made_as_a_draft_with_an_id_made_from_its_name():
    client = key_client(Role.OPERATOR, OrganizationFactory(timezone="Europe/Prague"))

    answer = client.post("/api/v1/campaigns", {"name": "Quay & Co: autumn"})

    campaign = Campaign.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/campaigns/{campaign.pk}")
    assert (campaign.campaign_id, campaign.status, campaign.timezone) == ("quay-co-autumn", "draft", "Europe/Prague")
    assert campaign.created_by.service_account.name == "test operator"
    assert answer.json()["allowed_actions"] == ["start", "schedule"]
    assert answer.json()["open_rate"] is None


def test_a_campaign_is_read_by_number_and_by_campaign_id():
    client = key_client(Role.VIEWER)
    campaign = CampaignFactory(organization=client.organization, campaign_id="autumn")

    by_number = client.get(f"/api/v1/campaigns/{campaign.pk}").json()
    by_id = client.get("/api/v1/campaigns/autumn").json()

    assert by_number == by_id


def test_a_number_wins_over_a_campaign_id_that_looks_like_it():
    client = key_client(Role.VIEWER)
    first = CampaignFactory(organization=client.organization)
    CampaignFactory(organization=client.organization, campaign_id=str(first.pk))

    assert client.get(f"/api/v1/campaigns/{first.pk}").json()["id"] == first.pk


@pytest.mark.parametrize("reference", ["999999999", "9" * 18, "9" * 100, "no-such", "0"])
def test_a_campaign_that_is_not_there_is_not_found(reference):
    answer = key_client().get(f"/api/v1/campaigns/{reference}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_campaign_that_is_being_deleted_shows_nowhere():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization, deleting_at=NOON)

    assert client.get(f"/api/v1/campaigns/{campaign.pk}").status_code == 404
    assert client.get(f"/api/v1/campaigns/{campaign.pk}/steps").status_code == 404
    assert client.get("/api/v1/campaigns").json()["results"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("campaign_id", "123"),
        ("campaign_id", "with space"),
        ("campaign_id", "x" * 101),
        ("name", ""),
        ("name", "two\nlines"),
        ("timezone", "Mars/Olympus"),
        ("sending_days", [0]),
        ("sending_days", [8]),
        ("sending_days", "1"),
        ("window_start", "25:00"),
        ("window_start", "09:00"),
        ("template", 999_999_999),
        ("template", 10**30),
        ("template", True),
        ("url", "javascript:alert(1)"),
        ("priority", 99_999),
        ("track_opens", "perhaps"),
        ("window_zone", "moon"),
        ("holidays", ["Easter"]),
        ("daily_limit", 0),
        ("daily_new_leads", -1),
    ],
)
def test_what_a_field_cannot_hold_is_refused_at_that_field(field, value):
    answer = key_client().post("/api/v1/campaigns", {"name": "Autumn", field: value})

    assert answer.status_code == 400, answer.json()
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")
    assert not Campaign.objects.exists()


def test_a_window_that_ends_before_it_starts_is_refused():
    answer = key_client().post("/api/v1/campaigns", {"name": "A", "window_start": "17:00", "window_end": "09:00"})

    assert answer.json()["errors"][0]["pointer"] == "/window_start"


def test_windows_holidays_and_limits_are_set_and_read_back():
    asked = {
        "window_zone": "lead", "holidays": ["2026-12-25", "2026-12-24", "2026-12-25"], "counts_sending_days": True,
        "daily_limit": 300, "daily_new_leads": 40,
    }  # fmt: skip

    made = key_client().post("/api/v1/campaigns", {"name": "Autumn", **asked}).json()

    assert {name: made[name] for name in asked} == {**asked, "holidays": ["2026-12-24", "2026-12-25"]}


def test_a_campaign_id_in_use_anywhere_is_refused():
    CampaignFactory(campaign_id="autumn")

    answer = key_client().post("/api/v1/campaigns", {"name": "A", "campaign_id": "autumn"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/campaign_id")


def test_a_deleted_campaign_s_id_is_never_given_out_again():
    CampaignFactory(campaign_id="autumn").delete()

    answer = key_client().post("/api/v1/campaigns", {"name": "A", "campaign_id": "autumn"})

    assert answer.status_code == 400
    assert "never used again" in answer.json()["detail"]


def test_a_patch_changes_settings_and_leaves_counters_that_moved_meanwhile():
    client = key_client(Role.OPERATOR)
    campaign = CampaignFactory(organization=client.organization)
    Campaign.objects.update(emails_sent=7)

    answer = client.patch(f"/api/v1/campaigns/{campaign.pk}", {"name": "New", "sending_days": [5, 1, 5]})

    assert (answer.json()["name"], answer.json()["sending_days"], answer.json()["emails_sent"]) == ("New", [1, 5], 7)
    change = AuditLog.objects.get(action="campaign.changed")
    assert (change.before["name"], change.after["name"]) == (campaign.name, "New")


def test_a_campaign_id_cannot_be_changed():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization)

    answer = client.patch(f"/api/v1/campaigns/{campaign.pk}", {"campaign_id": "other"})

    assert answer.json()["errors"][0]["pointer"] == "/campaign_id"


def test_an_ended_campaign_is_no_longer_edited():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization, status="stopped")

    answer = client.patch(f"/api/v1/campaigns/{campaign.pk}", {"name": "New"})

    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert answer.json()["current_status"] == "stopped"
    assert answer.json()["allowed_actions"] == ["archive"]


def test_a_campaign_takes_a_template_of_its_own_organization_alone():
    client = key_client()
    own, other = EmailTemplateFactory(organization=client.organization), EmailTemplateFactory()

    assert client.post("/api/v1/campaigns", {"name": "A", "template": own.pk}).status_code == 201
    answer = client.post("/api/v1/campaigns", {"name": "B", "template": other.pk})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/template")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=running,paused", ["running"]),
        ("status=draft", ["draft"]),
        ("q=DRA", ["draft"]),
        ("started_at__gte=2026-11-20T12:00:00Z", ["running"]),
        ("started_at__lt=2026-11-20T12:00:00%2B00:00", []),
        ("sender=1.5", None),
        ("sender=-1", None),
        ("sender=9223372036854775807", []),
        ("sender=9223372036854775808", None),  # no row can have it, so it is a slip
    ],
)
def test_campaigns_are_filtered(query, found):
    client = key_client()
    CampaignFactory(organization=client.organization, name="draft")
    CampaignFactory(organization=client.organization, name="running", running=True)

    answer = client.get(f"/api/v1/campaigns?{query}")

    if found is None:
        assert answer.status_code == 400
    else:
        assert [campaign["name"] for campaign in answer.json()["results"]] == found


def test_a_campaign_goes_through_its_life_by_verbs():
    client = key_client(Role.MANAGER)
    campaign = ready_campaign(client.organization)
    address = f"/api/v1/campaigns/{campaign.pk}"
    at = (timezone.now() + timedelta(days=1)).isoformat()

    states = [
        client.post(f"{address}/{verb}", body).json()["status"]
        for verb, body in [
            ("schedule", {"at": at}),
            ("unschedule", {}),
            ("start", {"reason": "ticket 4137"}),
            ("pause", {}),
            ("resume", {}),
            ("stop", {}),
            ("archive", {}),
            ("restore", {}),
        ]
    ]

    assert states == ["scheduled", "draft", "running", "paused", "running", "stopped", "archived", "stopped"]
    assert AuditLog.objects.get(action="campaign.started").reason == "ticket 4137"


@pytest.mark.parametrize("verb", ["start", "schedule", "unschedule", "pause", "resume", "stop", "archive", "restore"])
def test_the_verbs_need_a_manager(verb):
    client = key_client(Role.OPERATOR)
    campaign = ready_campaign(client.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/{verb}")

    assert answer.status_code == 403
    assert Campaign.objects.get().status == "draft"


def test_a_verb_the_state_does_not_allow_says_what_is_possible():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/pause")

    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert (answer.json()["current_status"], answer.json()["allowed_actions"]) == ("draft", ["start", "schedule"])


NOT_ANY_MORE = {
    "recipients": ("post", {"everyone": True}),
    "steps": ("post", {"variants": [{"subject": "Hello", "body_text": "Hello"}]}),
    "ranking-rules": ("put", {"rules": []}),
    "lead-source": ("post", {"filters": {"person_titles": ["ceo"]}, "count": 5}),
    "fetch-leads": ("post", {}),
    "retry-failed": ("post", {}),
}


@pytest.mark.parametrize("status", ["completed", "stopped", "archived"])
@pytest.mark.parametrize("below", NOT_ANY_MORE)
def test_what_an_ended_campaign_refuses_names_the_verbs_that_the_campaign_itself_names(below, status):
    client = key_client()
    campaign = CampaignFactory(organization=client.organization, status=status)
    address = f"/api/v1/campaigns/{campaign.pk}"
    method, body = NOT_ANY_MORE[below]

    answer = getattr(client, method)(f"{address}/{below}", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    allowed = answer.json()["allowed_actions"]
    assert (answer.json()["current_status"], allowed) == (status, client.get(address).json()["allowed_actions"])
    assert ("Nothing more can be done" in answer.json()["hint"]) == (not allowed and below != "retry-failed")


def test_a_start_that_cannot_be_names_every_problem_and_changes_nothing():
    client = key_client(Role.MANAGER, OrganizationFactory(postal_address=""))
    campaign = CampaignFactory(organization=client.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/start")

    codes = [problem["code"] for problem in answer.json()["problems"]]
    assert (answer.status_code, answer.json()["code"]) == (409, codes[0])
    assert set(codes) == {"no_recipients", "postal_address_missing", "no_sender", "no_steps"}
    assert Campaign.objects.get().status == "draft"


def test_preflight_says_the_same_beforehand_and_changes_nothing():
    client = key_client(Role.VIEWER)
    campaign = CampaignFactory(organization=client.organization)
    ready = ready_campaign(client.organization)

    blocked = client.get(f"/api/v1/campaigns/{campaign.pk}/preflight").json()
    free = client.get(f"/api/v1/campaigns/{ready.pk}/preflight").json()

    assert blocked["ready"] is False
    assert {"code", "message", "hint", "level"} <= set(blocked["problems"][0])
    assert (free["ready"], free["is_full"], free["mails"], free["rendered"]) == (True, True, 1, 1)
    assert {problem["level"] for problem in free["problems"]} == {"info"}


@pytest.mark.parametrize("at", [None, "", "tomorrow", "2020-01-01T00:00:00Z", 5])
def test_a_schedule_without_a_time_to_come_is_refused(at):
    client = key_client()
    campaign = ready_campaign(client.organization)
    body = {} if at is None else {"at": at}

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/schedule", body)

    assert answer.status_code == 400
    assert Campaign.objects.get().status == "draft"


def test_a_copy_is_made_with_content_and_without_people():
    client = key_client(Role.OPERATOR)
    campaign = ready_campaign(client.organization, name="Autumn")

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/duplicate")

    copy = Campaign.objects.exclude(pk=campaign.pk).get()
    assert (answer.status_code, answer.json()["id"], answer.json()["name"]) == (201, copy.pk, "Copy of Autumn")
    assert (copy.steps.count(), copy.recipients.count()) == (1, 0)


def test_a_verb_with_a_field_it_does_not_know_is_refused():
    client = key_client()
    campaign = ready_campaign(client.organization)

    assert client.post(f"/api/v1/campaigns/{campaign.pk}/start", {"raeson": "x"}).json()["code"] == "unknown_parameter"
    assert Campaign.objects.get().status == "draft"


def test_progress_has_a_sentence_and_a_ledger_that_adds_up():
    client = key_client(Role.VIEWER)
    campaign = ready_campaign(client.organization)

    progress = client.get(f"/api/v1/campaigns/{campaign.pk}/progress").json()

    assert progress["sentence"] == "Not started yet."
    assert (progress["ledger"]["planned"], progress["ledger"]["waiting"], progress["ledger"]["adds_up"]) == (1, 1, True)


def test_a_campaign_chooses_senders_of_its_own_organization_alone():
    client = key_client(Role.MANAGER)
    campaign = CampaignFactory(organization=client.organization)
    own, other = SenderFactory(organization=client.organization), SenderFactory()
    address = f"/api/v1/campaigns/{campaign.pk}/senders"

    chosen = client.put(address, {"senders": [own.pk]})
    refused = client.put(address, {"senders": [own.pk, other.pk]})

    assert [sender["id"] for sender in chosen.json()] == [own.pk]
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/senders")
    assert [sender["id"] for sender in client.get(address).json()] == [own.pk]
    assert client.put(address, {"senders": []}).json() == []


def test_many_senders_are_chosen_in_as_many_queries_as_few():
    client = key_client(Role.MANAGER)
    campaign = CampaignFactory(organization=client.organization)
    senders = [sender.pk for sender in SenderFactory.create_batch(5, organization=client.organization)]
    address, taken = f"/api/v1/campaigns/{campaign.pk}/senders", []

    for chosen in (senders[:2], senders):
        with CaptureQueriesContext(connection) as queries:
            assert len(client.put(address, {"senders": chosen}).json()) == len(chosen)
        taken.append(len(queries))
    refused = client.put(address, {"senders": [senders[0], 2**70, "1"]})

    assert taken[0] == taken[1]
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/senders/2")


def test_campaigns_take_no_query_per_row():
    client = key_client()
    ready_campaign(client.organization)
    with CaptureQueriesContext(connection) as one:
        client.get("/api/v1/campaigns")
    ready_campaign(client.organization)
    ready_campaign(client.organization)
    with CaptureQueriesContext(connection) as three:
        client.get("/api/v1/campaigns")

    assert len(one) == len(three)


def test_campaigns_of_another_organization_do_not_show():
    CampaignFactory()

    assert key_client().get("/api/v1/campaigns").json()["results"] == []


def test_the_sending_status_names_the_gate_that_decides_and_all_others():
    client = key_client(Role.VIEWER)
    campaign = ready_campaign(client.organization)

    found = client.get(f"/api/v1/campaigns/{campaign.pk}/sending-status").json()

    assert (found["code"], found["healthy"], found["summary"]) == ("not_started", True, "Not started yet.")
    assert next(gate["code"] for gate in found["gates"] if not gate["ok"]) == "state"
    senders = next(gate for gate in found["gates"] if gate["code"] == "senders")
    assert (senders["able"], senders["total"], senders["blocked"]) == (1, 1, [])


def test_a_recipient_has_a_sending_status_of_its_own():
    client = key_client(Role.VIEWER)
    campaign = ready_campaign(client.organization)
    recipient = campaign.recipients.get()

    found = client.get(f"/api/v1/campaigns/{campaign.pk}/recipients/{recipient.pk}/sending-status").json()

    assert found["code"] == "not_started"
    assert found["gates"][0]["code"] == "membership"


def test_a_start_takes_a_snapshot_accepted_warnings_and_a_hold():
    client = key_client()
    campaign = ready_campaign(client.organization)
    address = f"/api/v1/campaigns/{campaign.pk}"
    snapshot = client.post(f"{address}/preflight").json()["snapshot"]

    stale = client.post(f"{address}/start", {"snapshot": "0.0"})
    started = client.post(f"{address}/start", {"snapshot": snapshot, "accept_warnings": [], "hold_seconds": 60}).json()

    assert (stale.status_code, stale.json()["code"]) == (409, "snapshot_changed")
    assert (started["status"], started["hold_until"] is not None) == ("running", True)


def test_a_resume_takes_what_becomes_of_overdue_mails_and_nothing_else():
    client = key_client()
    campaign = ready_campaign(client.organization)
    Campaign.objects.update(status="paused", started_at=timezone.now(), paused_at=timezone.now())
    address = f"/api/v1/campaigns/{campaign.pk}/resume"

    refused = client.post(address, {"overdue": "forget"})
    resumed = client.post(address, {"overdue": "shift"})

    assert (refused.status_code, resumed.status_code) == (400, 200)


def test_no_number_of_a_gate_is_lost_on_the_way_into_the_api():
    client = key_client(Role.VIEWER)
    campaign = ready_campaign(client.organization, status="paused", started_at=NOON, paused_at=NOON)
    campaign.steps.get().variants.update(is_active=False)
    halt(organization=client.organization, reason="the wrong list", actor=SYSTEM, now=NOON)
    recipient = campaign.recipients.get()
    step, now = campaign.steps.get(), timezone.now()
    Recipient.objects.update(next_step=step, next_send_at=now + timedelta(hours=1))
    MessageFactory(recipient=recipient, step=step, status="deferred", sent_at=None)
    SuppressionFactory(organization=client.organization, address=recipient.lead.email_normalized)
    recipient.refresh_from_db()
    address = f"/api/v1/campaigns/{campaign.pk}"

    of_campaign = client.get(f"{address}/sending-status").json()
    of_recipient = client.get(f"{address}/recipients/{recipient.pk}/sending-status").json()

    assert _numbers(of_campaign) == _numbers(why_campaign(campaign, now=now).as_dict())
    assert _numbers(of_recipient) == _numbers(why_recipient(recipient, now=now).as_dict())
    assert {"paused_at", "halted_at", "steps"} <= _numbers(of_campaign)
    assert {"message", "attempts", "reason", "due_at"} <= _numbers(of_recipient)


def _numbers(standing):
    return {key for gate in standing["gates"] for key in gate}
