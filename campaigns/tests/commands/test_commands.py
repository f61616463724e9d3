"""start_campaign and campaign_status as one meets them on a terminal."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Campaign, SendingHalt, Variant
from campaigns.tests.factories import CampaignFactory
from campaigns.tests.sending.sending import ready_campaign

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refusal_of(*arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return refused.value.returncode, str(refused.value)


@pytest.mark.parametrize("called", ["{0.pk}", "{0.campaign_id}", "{0.name}"])
def test_a_campaign_is_started_by_number_id_or_name(called):
    campaign = ready_campaign(now=timezone.now())

    said = run("start_campaign", called.format(campaign))

    assert f"Campaign {campaign.pk} “{campaign.name}” is running: 2 mails planned." in said


def test_a_dry_run_changes_nothing():
    campaign = ready_campaign(now=timezone.now())

    said = run("start_campaign", str(campaign.pk), "--dry-run")

    campaign.refresh_from_db()
    assert (f"“{campaign.name}” can start: 2 mails checked" in said, campaign.status) == (True, "draft")


@pytest.mark.parametrize(
    ("bound", "code", "word"),
    [
        (["--snapshot", "0.0"], 4, "snapshot_changed"),
        (["--accept-warnings", "sandbox"], 4, "warnings_not_accepted"),
        (["--hold-seconds", "-1"], 2, "hold_too_long"),
        (["--hold-seconds", "3601"], 2, "hold_too_long"),
        (["--hold-seconds", "99999999999999"], 2, "hold_too_long"),
        (["--hold-seconds", "-99999999999999"], 2, "hold_too_long"),
    ],
)
@pytest.mark.parametrize("extra", [[], ["--dry-run"]])
def test_a_dry_run_is_refused_for_what_the_start_would_be(bound, code, word, extra):
    campaign = ready_campaign(now=timezone.now())
    Variant.objects.update(subject="Re: our talk")  # a warning

    returned, said = refusal_of("start_campaign", str(campaign.pk), *bound, *extra)

    campaign.refresh_from_db()
    assert (returned, said.startswith(word), campaign.status) == (code, True, "draft")


@pytest.mark.parametrize("extra", [[], ["--dry-run"]])
def test_what_blocks_the_start_ends_with_four_and_says_what_to_do(extra):
    campaign = CampaignFactory()

    code, text = refusal_of("start_campaign", str(campaign.pk), *extra)

    assert (code, "nobody is enrolled" in text, "Enroll leads first" in text) == (4, True, True)


@pytest.mark.parametrize("command", ["start_campaign", "campaign_status"])
def test_an_unknown_campaign_ends_with_three(command):
    assert refusal_of(command, "nowhere")[0] == 3


def test_a_name_of_several_asks_for_the_number():
    first, second = CampaignFactory(name="Twin"), CampaignFactory(name="Twin")

    code, text = refusal_of("campaign_status", "Twin")

    assert (code, f"{second.pk}, {first.pk}" in text) == (2, True)


def test_the_status_as_json_is_one_object_with_the_ledger():
    campaign = ready_campaign(now=timezone.now(), people=3)

    told = json.loads(run("campaign_status", str(campaign.pk), "--json"))

    assert (told["schema"], told["status"], told["ledger"]["planned"], told["ledger"]["adds_up"]) == (
        "fairlead.campaign_status/1", "draft", 3, True,
    )  # fmt: skip


def test_a_campaign_being_deleted_is_not_found():
    campaign = CampaignFactory(deleting_at=timezone.now())

    assert refusal_of("campaign_status", str(campaign.pk))[0] == 3
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    "words",
    [
        ("stop_sending", "--organization=", "--reason=x", "--yes"),
        ("resume_sending", "--organization=", "--yes"),
        ("cleanup_jobs", "--campaign=", "--days=0", "--yes"),
        ("decide_uncertain", "--treat-as-sent", "--campaign= ", "--yes"),
        ("export_audit", "--organization="),
    ],
)
def test_an_empty_name_never_means_all(words):
    with pytest.raises(CommandError, match="it is empty; write what is meant, or leave it out"):
        call_command(*words)

    assert not SendingHalt.objects.exists()


def test_a_verb_is_tried_without_being_taken_and_then_taken():
    campaign = ready_campaign(now=timezone.now())
    run("start_campaign", str(campaign.pk))

    told = [json.loads(run("pause_campaign", campaign.name, "--json", *more)) for more in (["--dry-run"], [])]
    campaign.refresh_from_db()
    code, said = refusal_of("pause_campaign", str(campaign.pk))

    assert [(each["status"], each["dry_run"]) for each in told] == [("paused", True), ("paused", False)]
    assert (campaign.status, code, said.startswith("state_conflict")) == ("paused", 4, True)


@pytest.mark.parametrize("more", [["--dry-run"], ["--yes"], []])
def test_a_stop_wants_to_be_confirmed(more, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    campaign = CampaignFactory(status="running", started_at=timezone.now())

    if more:
        run("stop_campaign", str(campaign.pk), *more)
    else:
        assert refusal_of("stop_campaign", str(campaign.pk))[0] == 7

    campaign.refresh_from_db()
    assert campaign.status == ("stopped" if more == ["--yes"] else "running")


def test_without_a_campaign_those_there_are_are_listed():
    first, other = CampaignFactory(name="Autumn"), CampaignFactory(status="running", started_at=timezone.now())

    listed = run("campaign_status", "--organization", first.organization.slug)
    told = json.loads(run("campaign_status", "--status", "running", "--json"))

    assert (str(first.pk) in listed, "Autumn" in listed, len(listed.splitlines())) == (True, True, 1)
    assert ([each["id"] for each in told["campaigns"]], told["is_complete"]) == ([other.pk], True)
