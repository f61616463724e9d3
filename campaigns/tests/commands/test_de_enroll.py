"""`de_enroll`, `book_lead` and `automatic_enrollment`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Campaign, Recipient
from campaigns.tests.automatic.test_automatic import automatic_campaign, person
from campaigns.tests.factories import CampaignFactory, RecipientFactory, StepFactory

pytestmark = pytest.mark.django_db


def say(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def recipient() -> Recipient:
    step = StepFactory(campaign__running=True, campaign__total_recipients=1, campaign__active_leads_count=1)
    return RecipientFactory(campaign=step.campaign, next_step=step, replied_at=timezone.now())


def test_a_dry_run_names_whom_and_the_run_takes_them_out(recipient):
    home = ["--organization", recipient.campaign.organization.slug]

    dry = say("de_enroll", *home, "--dry-run")
    done = json.loads(say("de_enroll", *home, "--yes", "--json"))
    after = say("de_enroll", *home, "--yes")

    assert dry.splitlines()[0] == "1 looked at, 1 would leave: replied 1."
    assert f"{recipient.email_address}, “{recipient.campaign}”: replied" in dry
    assert (done["schema"], done["removed"], done["by_reason"]) == ("fairlead.de_enroll/1", 1, {"replied": 1})
    assert after == "0 looked at, 0 left.\n"


def test_named_people_leave_one_campaign(recipient):
    Recipient.objects.update(replied_at=None)
    campaign = recipient.campaign

    said = say("de_enroll", "--campaign", campaign.campaign_id, recipient.email_address, "--yes", "--reason", "asked")

    recipient.refresh_from_db()
    assert said.splitlines()[0] == "1 looked at, 1 left: de_enrolled 1."
    assert recipient.exit_reason == "de_enrolled"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--organization", "{home}"], 7),
        (["--organization", "nowhere", "--yes"], 3),
        (["--organization", "{home}", "nobody@acme.example", "--yes"], 3),
        (["--campaign", "{ended}", "--yes"], 4),
    ],
)
def test_a_refusal_has_its_exit_code_and_takes_nobody_out(arguments, code, recipient):
    home = recipient.campaign.organization
    ended = CampaignFactory(organization=home, status="completed")
    given: dict[str, Any] = {"home": home.slug, "ended": ended.campaign_id}

    with pytest.raises(CommandError) as refused:
        say("de_enroll", *(each.format(**given) for each in arguments))

    assert (refused.value.returncode, Recipient.objects.inside().count()) == (code, 1)


def test_a_booking_is_noted_and_taken_back(recipient):
    home = ["--organization", recipient.campaign.organization.slug]

    said = say("book_lead", recipient.email_address, *home)
    back = say("book_lead", str(recipient.lead_id), *home, "--take-back")

    assert said == f"Lead {recipient.lead_id} booked a meeting and left 1 campaign.\n"
    assert back == f"The booking of lead {recipient.lead_id} counts nowhere any more.\n"
    assert Campaign.objects.get().booked_count == 0


def test_an_automatic_campaign_is_shown_switched_and_looks(db):
    campaign = automatic_campaign(timezone.now())
    person(campaign)

    looked = say("automatic_enrollment", campaign.campaign_id, "look")
    off = say("automatic_enrollment", str(campaign.pk), "off", "--message", "the fair is over")
    with pytest.raises(CommandError) as refused:
        say("automatic_enrollment", str(campaign.pk), "look")
    custom = say("automatic_enrollment", str(CampaignFactory().pk))

    assert "is automatic and switched on: everybody of “Acme”." in looked
    assert "1 enrolled." in looked
    assert "switched off" in off
    assert (refused.value.returncode, "is custom" in custom) == (4, True)
