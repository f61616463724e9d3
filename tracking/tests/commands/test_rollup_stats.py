"""rollup_stats as one meets it on a terminal."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaigns.models import Campaign
from campaigns.tests.factories import NOON, CampaignDayFactory, CampaignFactory, MessageFactory
from tracking.days import count_days
from tracking.models import CampaignDay

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("rollup_stats", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def wrong() -> Campaign:
    """A campaign with a day on which nothing happened."""
    campaign = CampaignFactory(name="Spring", total_recipients=0)
    count_days(campaign_id=campaign.pk, now=NOON)
    CampaignDayFactory(campaign=campaign, sent=3)
    return campaign


def test_a_dry_run_names_what_is_wrong_and_ends_with_6(wrong):
    with pytest.raises(CommandError) as ended:
        run("Spring", "--dry-run")

    assert ended.value.returncode == 6
    assert CampaignDay.objects.get().sent == 3


def test_it_is_mended_and_the_next_dry_run_finds_nothing(wrong):
    said = run("--all")

    assert f"Campaign {wrong.pk} “Spring”:\n  2026-11-20 sent: 3 kept, 0 counted" in said
    assert "1 campaign counted, 1 of them otherwise than kept. Kept as counted." in said
    assert run("--all", "--dry-run") == "1 campaign counted: everything is as it was kept.\n"


def test_a_program_reads_it_as_json(wrong):
    told = json.loads(run(str(wrong.pk), "--json"))

    assert (told["schema"], told["dry_run"], told["campaigns"], told["failed"]) == (
        "fairlead.rollup_stats/1", False, 1, [],
    )  # fmt: skip
    assert told["different"] == [
        {
            "campaign": wrong.pk,
            "name": "Spring",
            "counters": [],
            "days": [{"day": "2026-11-20", "name": "sent", "kept": 3, "counted": 0}],
            "days_are_behind": False,
            "is_drift": True,
        }
    ]


def test_one_that_cannot_be_counted_does_not_keep_the_others(wrong):
    message = MessageFactory()
    Campaign.objects.filter(steps=message.step).update(timezone="Pacific/Auckland")
    with connection.cursor() as cursor:
        # There is no such moment by the clock of Auckland.
        at = "294276-12-31 23:59:59+00"
        cursor.execute("UPDATE campaign_messages SET sent_at = %s::timestamptz WHERE id = %s", [at, message.pk])

    with pytest.raises(CommandError) as ended:
        run("--all")

    assert (ended.value.returncode, CampaignDay.objects.count()) == (5, 0)


@pytest.mark.parametrize(("asked", "code"), [(["no such"], 3), ([], 1)])
def test_a_campaign_that_is_not_there_or_not_named(asked, code):
    with pytest.raises(CommandError) as ended:
        run(*asked)

    assert ended.value.returncode == code
