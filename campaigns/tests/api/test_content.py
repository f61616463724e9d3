from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import EmailTemplate, Sender, Step, TemplateVersion, Variant
from campaigns.scheduling.clock import day_start
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    EmailTemplateFactory,
    MessageFactory,
    SenderFactory,
    SenderUsageFactory,
    StepFactory,
    VariantFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
HELLO = {"subject": "Hello {{ first_name }}", "body_text": "Hello {{ first_name }}"}


def steps_of(client, **fields):
    campaign = CampaignFactory(organization=client.organization, **fields)
    return campaign, f"/api/v1/campaigns/{campaign.pk}/steps"


def test_a_step_comes_last_with_all_its_variants():
    client = key_client(Role.OPERATOR)
    campaign, address = steps_of(client)
    StepFactory(campaign=campaign)
    variants = [{**HELLO, "weight": 3}, {**HELLO, "subject": "Good day"}]

    answer = client.post(address, {"wait_amount": 2, "variants": variants})

    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert (made["position"], made["wait_amount"], made["wait_unit"]) == (2, 2, "days")
    assert [(v["label"], v["subject"], v["weight"]) for v in made["variants"]] == [
        ("A", "Hello {{ first_name }}", 3),
        ("B", "Good day", 1),
    ]
    assert client.get(answer["Location"]).json() == made


def test_a_step_with_one_bad_variant_leaves_nothing():
    client = key_client()
    _campaign, address = steps_of(client)

    answer = client.post(address, {"variants": [HELLO, {**HELLO, "subject": "Hello {{ frist_name }}"}]})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_merge_field")
    assert "first_name" in answer.json()["detail"]
    assert not Step.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"variants": []}, "invalid"),
        ({"variants": [{}]}, "subject_missing"),
        ({"variants": [{"subject": "Hello"}]}, "body_missing"),
        ({"variants": [{**HELLO, "subject": "a\r\nBcc: b"}]}, "invalid"),
        ({"variants": [{**HELLO, "weight": 0}]}, "invalid"),
        ({"variants": [{**HELLO, "label": "B"}]}, "unknown_parameter"),
        ({"variants": [HELLO] * 11}, "invalid"),
        ({"variants": [HELLO], "wait_amount": -1}, "invalid"),
        ({"variants": [HELLO], "wait_unit": "years"}, "invalid"),
        ({"variants": [HELLO], "position": 1}, "unknown_parameter"),
        ({"variants": "A"}, "invalid"),
    ],
)
def test_a_step_that_cannot_be_is_refused(body, code):
    client = key_client()
    _campaign, address = steps_of(client)

    answer = client.post(address, body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Step.objects.exists()


def test_a_variant_copies_a_template_and_what_is_written_beside_it_wins():
    client = key_client()
    _campaign, address = steps_of(client)
    template = EmailTemplateFactory(organization=client.organization, subject="Old", body_text="Text")

    answer = client.post(address, {"variants": [{"template": template.pk, "subject": "New"}]})

    variant = Variant.objects.get()
    assert answer.status_code == 201
    assert (variant.subject, variant.body_text, variant.body_html) == ("New", "Text", template.body_html)


def test_the_wait_of_a_step_is_changed():
    client = key_client(Role.OPERATOR)
    campaign, address = steps_of(client)
    step = StepFactory(campaign=campaign, wait_amount=3)

    assert client.patch(f"{address}/{step.pk}", {"wait_unit": "hours"}).json()["wait_unit"] == "hours"
    step.refresh_from_db()
    assert (step.wait_amount, step.wait_unit) == (3, "hours")


def test_a_step_of_a_draft_is_deleted_and_those_behind_it_move_up():
    client = key_client(Role.OPERATOR)
    campaign, address = steps_of(client)
    first, second = StepFactory(campaign=campaign), StepFactory(campaign=campaign)

    assert client.delete(f"{address}/{first.pk}").status_code == 204
    assert list(campaign.steps.values_list("pk", "position")) == [(second.pk, 1)]


def test_a_step_of_a_running_campaign_is_not_deleted():
    client = key_client()
    campaign, address = steps_of(client, running=True)
    step = StepFactory(campaign=campaign)

    answer = client.delete(f"{address}/{step.pk}")

    assert (answer.status_code, answer.json()["code"]) == (409, "step_in_use")


def test_a_variant_is_added_reworded_switched_off_and_deleted():
    client = key_client(Role.OPERATOR)
    campaign, address = steps_of(client)
    step = VariantFactory(step__campaign=campaign).step
    variants = f"{address}/{step.pk}/variants"

    made = client.post(variants, HELLO).json()
    reworded = client.patch(f"{variants}/{made['id']}", {"subject": "Good day"}).json()
    off = client.patch(f"{variants}/{made['id']}", {"is_active": False}).json()

    assert (made["label"], made["version"]) == ("B", 1)
    assert (reworded["subject"], reworded["version"]) == ("Good day", 2)
    assert (off["is_active"], off["version"]) == (False, 2)
    assert len(client.get(variants).json()["results"]) == 2
    assert client.delete(f"{variants}/{made['id']}").status_code == 204


def test_the_only_variant_of_a_step_stays():
    client = key_client()
    campaign, address = steps_of(client)
    variant = VariantFactory(step__campaign=campaign)

    answer = client.delete(f"{address}/{variant.step_id}/variants/{variant.pk}")

    assert (answer.status_code, answer.json()["code"]) == (409, "variant_in_use")


def test_a_variant_is_not_reached_through_a_step_it_does_not_belong_to():
    client = key_client()
    campaign, address = steps_of(client)
    variant, other = VariantFactory(step__campaign=campaign), StepFactory(campaign=campaign)
    _elsewhere, far = steps_of(client)

    assert client.get(f"{address}/{other.pk}/variants/{variant.pk}").status_code == 404
    assert client.get(f"{far}/{variant.step_id}/variants/{variant.pk}").status_code == 404


def test_steps_are_listed_in_their_order_over_pages():
    client = key_client()
    campaign, address = steps_of(client)
    steps = StepFactory.create_batch(3, campaign=campaign)

    first = client.get(f"{address}?page_size=2").json()
    second = client.get(first["next"]).json()

    assert [step["id"] for step in first["results"] + second["results"]] == [step.pk for step in steps]


def test_steps_with_variants_take_no_query_per_row():
    client = key_client()
    campaign, address = steps_of(client)
    VariantFactory(step__campaign=campaign)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    VariantFactory.create_batch(2, step__campaign=campaign)
    with CaptureQueriesContext(connection) as three:
        client.get(address)

    assert len(one) == len(three)


def test_a_template_is_made_changed_and_deleted():
    client = key_client(Role.MANAGER)

    made = client.post("/api/v1/templates", {"name": "Intro", **HELLO}).json()
    changed = client.patch(f"/api/v1/templates/{made['id']}", {"subject": "Good day"}).json()

    assert (changed["name"], changed["subject"]) == ("Intro", "Good day")
    assert client.delete(f"/api/v1/templates/{made['id']}").status_code == 204
    assert not EmailTemplate.objects.exists()


def test_a_template_keeps_what_it_said_and_says_it_again():
    client = key_client(Role.OPERATOR)
    template = client.post("/api/v1/templates", {"name": "Intro", **HELLO}).json()
    own = f"/api/v1/templates/{template['id']}"
    client.patch(own, {"subject": "Good day"})
    client.patch(own, {"name": "Other"})  # its wording stays
    [second, first] = client.get(f"{own}/versions").json()["results"]

    again = client.post(f"{own}/versions/{first['id']}/use")
    refused = client.post(f"{own}/versions/{first['id']}/use")

    told = ("version", "subject", "copy_of", "made_by")
    key = "test operator"
    assert again.json()["subject"] == HELLO["subject"]
    assert [[each[name] for name in told] for each in client.get(f"{own}/versions").json()["results"]] == [
        [3, HELLO["subject"], 1, key], [2, "Good day", None, key], [1, HELLO["subject"], None, key],
    ]  # fmt: skip
    assert second["version"] == 2
    assert (refused.status_code, refused.json()["code"]) == (409, "version_in_use")
    last = AuditLog.objects.filter(action="emailtemplate.changed").order_by("pk").last()
    assert last.after == {"subject": HELLO["subject"], "version_used": 1}


def test_the_oldest_versions_go_and_with_the_template_all(monkeypatch):
    monkeypatch.setattr("campaigns.templates.MOST_KEPT", 2)
    client = key_client(Role.MANAGER)
    template = client.post("/api/v1/templates", {"name": "Intro", **HELLO}).json()
    own = f"/api/v1/templates/{template['id']}"
    for subject in ("Second", "Third"):
        client.patch(own, {"subject": subject})

    assert list(TemplateVersion.objects.values_list("version", flat=True)) == [3, 2]
    assert client.delete(own).status_code == 204
    assert not TemplateVersion.objects.exists()


def test_campaigns_are_counted_that_were_begun_from_a_template():
    client = key_client()
    template = EmailTemplateFactory(organization=client.organization)
    _campaign, address = steps_of(client)
    CampaignFactory(organization=client.organization, template=template)
    body = {"variants": [{"template": template.pk}, {"template": template.pk}]}

    assert client.post(address, body).json()["variants"][0]["template"] == template.pk
    assert client.get(f"/api/v1/templates/{template.pk}").json()["campaigns_count"] == 2
    assert client.get("/api/v1/templates").json()["results"][0]["campaigns_count"] == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Intro", "subject": "Hello"}, "invalid"),
        ({"name": "Intro", **HELLO, "subject": "{% if %}"}, "template_invalid"),
        ({"name": "Intro", **HELLO, "body_html": "{{ nobody }}"}, "unknown_merge_field"),
        ({"name": "taken", **HELLO}, "not_unique"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(body, code):
    client = key_client()
    EmailTemplateFactory(organization=client.organization, name="taken")

    answer = client.post("/api/v1/templates", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert EmailTemplate.objects.count() == 1


def test_a_template_with_several_mistakes_is_told_all_of_them():
    wrong = {"name": "Intro", "subject": "{% if %}", "body_html": "{{ nobody }}"}

    answer = key_client().post("/api/v1/templates", wrong)

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (400, "template_invalid", "subject")
    assert [(each["code"], each["field"]) for each in problem["problems"]] == [
        ("template_invalid", "subject"),
        ("unknown_merge_field", "body_html"),
    ]
    assert "In the HTML body: Unknown field nobody." in problem["detail"]


def test_a_sender_s_password_is_taken_and_never_shown():
    client = key_client(Role.MANAGER)

    made = client.post("/api/v1/senders", {"email": "petr@fairlead.example", "password": "hunter2 "}).json()
    shown = client.get(f"/api/v1/senders/{made['id']}").json()

    assert Sender.objects.get().password == "hunter2 "
    assert "password" not in made
    assert shown["has_password"] is True
    assert "hunter2" not in str(made) + str(shown) + str(list(AuditLog.objects.values()))


def test_a_patch_without_a_password_keeps_it():
    client = key_client(Role.MANAGER)
    sender = SenderFactory(organization=client.organization, password="hunter2")

    client.patch(f"/api/v1/senders/{sender.pk}", {"name": "Petr"})

    assert Sender.objects.get().password == "hunter2"


def test_a_stored_password_does_not_follow_the_sender_to_another_host():
    client = key_client(Role.MANAGER)
    sender = SenderFactory(organization=client.organization, host="smtp.fairlead.example", password="hunter2")
    address = f"/api/v1/senders/{sender.pk}"

    alone = client.patch(address, {"host": "smtp.elsewhere.example"})
    together = client.patch(address, {"host": "smtp.elsewhere.example", "password": "hunter3"})
    as_before = client.patch(address, {"host": "SMTP.elsewhere.example"})

    assert (alone.status_code, alone.json()["code"], alone.json()["field"]) == (
        400,
        "secret_for_another_host",
        "password",
    )
    assert (together.status_code, as_before.status_code, Sender.objects.get().password) == (200, 200, "hunter3")


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "no address"), ("port", 0), ("port", 70_000), ("security", "ssl"), ("name", "a\r\nb"), ("host", "a\nb")],
)
def test_a_sender_that_cannot_be_is_refused_at_its_field(field, value):
    answer = key_client().post("/api/v1/senders", {"email": "petr@fairlead.example", field: value})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{field}")


def test_a_sender_is_paused_with_a_reason_and_resumed():
    client = key_client(Role.MANAGER)
    sender = SenderFactory(organization=client.organization)
    address = f"/api/v1/senders/{sender.pk}"

    paused = client.post(f"{address}/pause", {"reason": "warming up"}).json()
    twice = client.post(f"{address}/pause")
    resumed = client.post(f"{address}/resume").json()

    assert (paused["status"], paused["status_reason"]) == ("paused", "warming up")
    assert (twice.status_code, twice.json()["code"]) == (409, "state_conflict")
    assert (twice.json()["current_status"], twice.json()["allowed_actions"]) == ("paused", ["resume"])
    assert (resumed["status"], resumed["status_reason"]) == ("active", "")


@pytest.mark.parametrize(
    "verb", ["senders/{sender}/resume", "senders/{sender}/check", "campaigns/{campaign}/preflight"]
)
def test_what_takes_no_body_refuses_one(verb):
    client = key_client(Role.MANAGER)
    used = CampaignSenderFactory(campaign__organization=client.organization)

    answer = client.post(f"/api/v1/{verb.format(sender=used.sender_id, campaign=used.campaign_id)}", {"dry_run": True})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")


def test_a_sender_in_use_is_not_deleted_and_the_campaign_is_named():
    client = key_client(Role.MANAGER)
    used = CampaignSenderFactory(campaign__organization=client.organization)

    answer = client.delete(f"/api/v1/senders/{used.sender_id}")

    assert (answer.status_code, answer.json()["code"]) == (409, "sender_in_use")
    assert answer.json()["campaigns"] == [used.campaign_id]


def test_a_sender_of_ended_campaigns_is_deleted_and_its_mails_stay():
    client = key_client(Role.MANAGER)
    used = CampaignSenderFactory(campaign__organization=client.organization, campaign__status="stopped")
    message = MessageFactory(recipient__campaign=used.campaign, sender=used.sender)

    assert client.delete(f"/api/v1/senders/{used.sender_id}").status_code == 204
    message.refresh_from_db()
    assert (message.status, message.sender) == ("sent", None)


def test_limits_are_set_checked_and_shown_with_what_is_used_today():
    client = key_client()
    Organization.objects.filter(pk=client.organization.pk).update(timezone="Asia/Tokyo")

    made = client.post("/api/v1/senders", {"email": "petr@fairlead.example", "daily_limit": 300}).json()
    today = day_start(timezone.now(), ZoneInfo("Asia/Tokyo"))
    SenderUsageFactory(sender=Sender.objects.get(), scope="day", starts_at=today, used=96)
    refused = client.patch(f"/api/v1/senders/{made['id']}", {"ramp_start": 5})

    assert (made["timezone"], made["daily_limit"], made["used_today"]) == ("Asia/Tokyo", 300, 0)
    assert client.get(f"/api/v1/senders/{made['id']}").json()["used_today"] == 96
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/ramp_started_on")


@pytest.mark.parametrize("field", ["email", "reply_to"])
def test_a_sender_with_an_address_that_no_mail_can_carry_is_not_saved(field):
    client = key_client()
    sender = SenderFactory(organization=client.organization)

    answer = client.patch(f"/api/v1/senders/{sender.pk}", {field: "ada@☃.example"})

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "invalid_address", field)
    sender.refresh_from_db()
    assert getattr(sender, field) != "ada@☃.example"


def test_what_is_used_is_asked_for_once_however_many_senders_there_are():
    client = key_client()
    SenderFactory.create_batch(5, organization=client.organization, daily_limit=10)

    with CaptureQueriesContext(connection) as queries:
        client.get("/api/v1/senders")

    assert len([each for each in queries if "sender_usage" in each["sql"]]) == 1
