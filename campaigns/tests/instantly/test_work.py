"""A campaign handed over to Instantly, over real HTTP: each person once, whatever breaks off."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from campaigns import lifecycle
from campaigns.deletion import preview
from campaigns.enrollment import de_enroll, enroll, select
from campaigns.errors import StartRefused
from campaigns.halts import halt
from campaigns.ledger import ledger
from campaigns.models import Campaign, DeliveredBy, ExitReason, HandedLead, Handover, Message, Recipient
from campaigns.providers.instantly import push, removing, standing
from campaigns.providers.instantly.choose import choose_delivery
from campaigns.providers.instantly.wanted import due_handovers
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.work import due_campaigns
from campaigns.tests.factories import (
    NOON,
    CalendarItemFactory,
    CampaignFactory,
    InstantlyAccountFactory,
    LeadFactory,
    SenderFactory,
)
from campaigns.tests.instantly.fake_instantly import FakeInstantly, Reply
from campaigns.tests.instantly.prepare import deliver_by_instantly, start, work
from campaigns.why import instantly as words
from campaigns.why import why_campaign, why_recipient
from campaigns.why.codes import GateCode, WhyCode
from campaigns_project.audit.actors import SYSTEM
from leads.models import SuppressionReason
from leads.suppression import suppress

LATER = NOON + timedelta(minutes=5)


def handed() -> list[str]:
    return sorted(HandedLead.objects.values_list("status", flat=True))


def only(instantly: FakeInstantly) -> dict:
    (made,) = instantly.campaigns.values()
    return made


def delivery_told(campaign: Campaign) -> str:
    return next(gate.sentence for gate in why_campaign(campaign, now=NOON).gates if gate.code == "delivery")


def test_a_started_campaign_is_created_there_with_its_people_and_sends(instantly, campaign):
    start(campaign)

    assert work(campaign) is False

    campaign.refresh_from_db()
    made = only(instantly)
    assert (campaign.instantly_campaign_id, made["status"]) == (made["id"], 1)
    assert handed() == ["held"] * 3
    assert sorted(lead["email"] for lead in instantly.leads.values()) == sorted(
        Recipient.objects.values_list("email_address", flat=True)
    )
    assert campaign.handover.told == "active"


def test_its_wordings_are_templates_with_our_variables_and_each_lead_has_the_values(instantly, campaign):
    start(campaign)

    work(campaign)

    first, second = only(instantly)["sequences"][0]["steps"]
    assert first["variants"][0]["subject"] == "Hello {{fairlead_first_name}}"
    assert "Following up, {{fairlead_first_name_" in second["variants"][0]["body"]
    assert "<br/><br/>Petr" in second["variants"][0]["body"]
    assert (first["delay"], first["delay_unit"], second["delay"]) == (4, "days", 0)
    assert second["variants"][0]["subject"] == ""
    assert "1 Quay Street" in first["variants"][0]["body"]
    values = next(iter(instantly.leads.values()))["custom_variables"]
    assert {"Ana", "ANA"} <= set(values.values())
    assert any("/unsubscribe" in value for value in values.values())


def test_our_own_engine_never_claims_its_recipients(instantly, campaign):
    start(campaign)
    campaign.refresh_from_db()
    sender = SenderFactory(organization=campaign.organization)

    claims = claim(
        campaign=campaign, wordings=Wordings.of(campaign), senders=[sender], limit=10, now=NOON + timedelta(days=9)
    )

    assert (claims, due_campaigns(now=NOON + timedelta(days=9)), Message.objects.count()) == ([], [], 0)


def test_handed_over_counts_as_waiting(instantly, campaign):
    start(campaign)
    work(campaign)

    counts = ledger(campaign)

    assert (counts.planned, counts.waiting, counts.adds_up) == (6, 6, True)


def test_a_creation_without_an_answer_is_looked_for_before_it_is_repeated(instantly, campaign):
    start(campaign)
    instantly.next_reply("campaigns", Reply(200, {}, is_dropped=True))

    work(campaign)
    work(campaign, at=NOON + timedelta(seconds=30))
    assert campaign.handover.__class__.objects.get().told == "creating"
    work(campaign, at=LATER)

    assert len(instantly.asked("POST", "campaigns")) == 1
    assert (len(instantly.campaigns), only(instantly)["status"], handed()) == (1, 1, ["held"] * 3)


def test_a_creation_that_never_arrived_is_repeated(instantly, campaign):
    start(campaign)
    instantly.next_reply("campaigns", Reply(200, {}, is_ignored=True))

    work(campaign)
    work(campaign, at=LATER)

    assert (len(instantly.campaigns), handed()) == (1, ["held"] * 3)


def test_a_push_without_an_answer_is_looked_up_and_nobody_is_pushed_twice(instantly, campaign):
    start(campaign)
    instantly.next_reply("leads/add", Reply(200, {}, is_dropped=True))

    work(campaign)
    assert handed() == ["asked"] * 3
    work(campaign, at=LATER)

    assert len(instantly.asked("POST", "leads/add")) == 1
    assert (handed(), len(instantly.leads), only(instantly)["status"]) == (["held"] * 3, 3, 1)


def test_a_push_that_never_arrived_is_repeated_and_nobody_is_lost(instantly, campaign):
    start(campaign)
    instantly.next_reply("leads/add", Reply(200, {}, is_ignored=True))

    work(campaign)
    work(campaign, at=LATER)

    assert (handed(), len(instantly.leads)) == (["held"] * 3, 3)


def test_whoever_is_not_taken_leaves_with_the_reason(instantly, campaign):
    refused = Recipient.objects.first()
    instantly.blocklist.add(refused.email_address)
    start(campaign)

    work(campaign)

    refused.refresh_from_db()
    assert (handed(), refused.exit_reason) == (["held", "held", "refused"], ExitReason.NOT_TAKEN)
    assert refused.error_message == "Instantly did not take the address: its blocklist has the address."
    assert ledger(campaign).adds_up


def test_pause_resume_and_stop_are_passed_on(instantly, campaign):
    start(campaign)
    work(campaign)
    seen = []

    for verb in (lifecycle.pause, lifecycle.resume, lifecycle.stop):
        verb(campaign=campaign, actor=SYSTEM, now=LATER)
        assert due_handovers(now=LATER) == [campaign.pk]
        work(campaign, at=LATER)
        seen.append(only(instantly)["status"])

    assert seen == [2, 1, 2]
    assert due_handovers(now=LATER + timedelta(minutes=1)) == []


def test_on_a_blackout_day_it_rests_there_and_goes_on_the_day_after(instantly, campaign):
    start(campaign)
    work(campaign)
    today, tomorrow = LATER.date(), LATER + timedelta(days=1)
    CalendarItemFactory(organization=campaign.organization, blackout=True, starts_on=today, ends_on=today)

    assert due_handovers(now=LATER) == [campaign.pk]
    work(campaign, at=LATER)
    resting, still_due = only(instantly)["status"], due_handovers(now=LATER + timedelta(minutes=1))
    standings = why_campaign(Campaign.objects.get(), now=LATER), why_recipient(Recipient.objects.first(), now=LATER)
    work(campaign, at=tomorrow)

    assert (resting, still_due, only(instantly)["status"]) == (2, [], 1)
    told = [gate.why for standing in standings for gate in standing.gates if gate.code == GateCode.WINDOW]
    assert told == [WhyCode.BLACKOUT, WhyCode.BLACKOUT]


def test_a_pause_that_could_not_be_told_is_told_again(instantly, campaign):
    start(campaign)
    work(campaign)
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=NOON)
    busy = Reply(429, {"message": "Rate limit exceeded"}, {"Retry-After": "60"})
    instantly.next_reply(f"campaigns/{only(instantly)['id']}/pause", busy)
    handover = Handover.objects.get()

    work(campaign)
    handover.refresh_from_db()
    assert (handover.told, only(instantly)["status"]) == ("active", 1)
    assert "Rate limit exceeded" in handover.last_error
    work(campaign, at=LATER)

    assert only(instantly)["status"] == 2


def test_whoever_is_out_here_is_removed_there(instantly, campaign):
    start(campaign)
    work(campaign)
    left, suppressed, _ = Recipient.objects.order_by("pk")

    de_enroll(recipient=left, actor=SYSTEM, now=LATER)
    suppress(
        organization=campaign.organization,
        address=suppressed.email_address,
        reason=SuppressionReason.UNSUBSCRIBED,
        source="test",
        at=LATER,
    )
    assert due_handovers(now=LATER) == [campaign.pk]
    work(campaign, at=LATER)

    assert handed() == ["held", "removed", "removed"]
    assert instantly.blocklist == {suppressed.email_address}
    assert len(instantly.leads) == 1


def test_a_removal_that_did_not_hold_is_repeated(instantly, campaign):
    start(campaign)
    work(campaign)
    de_enroll(recipient=Recipient.objects.first(), actor=SYSTEM, now=LATER)
    instantly.next_reply("leads", Reply(200, {"count": 1}))  # it says so, and nothing is gone

    work(campaign, at=LATER)
    assert handed() == ["held"] * 3
    work(campaign, at=LATER + timedelta(minutes=1))

    assert (handed(), len(instantly.leads)) == (["held", "held", "removed"], 2)


def test_whoever_leaves_while_the_answer_is_lost_is_not_sent_again(instantly, campaign):
    start(campaign)
    instantly.next_reply("leads/add", Reply(200, {}, is_ignored=True))
    work(campaign)
    de_enroll(recipient=Recipient.objects.first(), actor=SYSTEM, now=LATER)

    work(campaign, at=LATER)

    assert (handed(), len(instantly.leads)) == (["held", "held", "removed"], 2)


def test_whoever_waits_for_an_answer_while_the_campaign_is_paused_is_handed_over_afterwards(instantly, campaign):
    start(campaign)
    instantly.next_reply("leads/add", Reply(200, {}, is_ignored=True))
    work(campaign)
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=NOON)
    work(campaign, at=LATER)
    assert handed() == []

    lifecycle.resume(campaign=campaign, actor=SYSTEM, now=LATER)
    work(campaign, at=LATER)

    assert (handed(), len(instantly.leads), only(instantly)["status"]) == (["held"] * 3, 3, 1)


def test_nothing_is_deleted_before_instantly_has_been_told(instantly, campaign):
    start(campaign)
    work(campaign)
    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=NOON)
    campaign.refresh_from_db()

    before = [blocker.code for blocker in preview(campaign=campaign, now=NOON).blockers]
    work(campaign)
    after = [blocker.code for blocker in preview(campaign=campaign, now=NOON).blockers]

    assert (before, after) == (["at_instantly"], [])


def test_an_emergency_stop_and_a_hold_are_passed_on(instantly, campaign):
    start(campaign, hold=timedelta(minutes=10))
    work(campaign)
    assert instantly.campaigns == {}
    work(campaign, at=NOON + timedelta(minutes=11))
    assert only(instantly)["status"] == 1

    halt(organization=campaign.organization, reason="wrong list", actor=SYSTEM, now=NOON)
    work(campaign, at=NOON + timedelta(minutes=12))

    assert only(instantly)["status"] == 2


def test_a_large_list_goes_in_several_calls(instantly, campaign, monkeypatch):
    monkeypatch.setattr(push, "BATCH", 2)
    start(campaign)

    work(campaign)

    sizes = [len(call.body["leads"]) for call in instantly.asked("POST", "leads/add")]
    assert (sizes, len(instantly.leads)) == ([2, 1], 3)


def test_its_page_says_what_instantly_knows_and_what_it_does_not_know_yet(instantly, campaign):
    before = delivery_told(start(campaign))
    work(campaign)
    recipient = Recipient.objects.first()
    de_enroll(recipient=recipient, actor=SYSTEM, now=NOON)

    after = delivery_told(Campaign.objects.get())

    assert before == "Delivered by Instantly, which was told nothing yet."
    assert after.startswith("Delivered by Instantly, which sends it since")
    assert "1 person who is out here and not yet removed there, the first since" in after
    recipient.refresh_from_db()
    assert "not yet removed at Instantly" in str(why_recipient(recipient, now=NOON).as_dict())


def test_an_erased_person_is_removed_by_the_number_instantly_gave(instantly, campaign):
    start(campaign)
    work(campaign)

    Recipient.objects.order_by("pk")[:1].get().lead.delete()
    work(campaign, at=LATER)

    assert (handed(), len(instantly.leads)) == (["held", "held", "removed"], 2)


def test_who_is_enrolled_later_is_handed_over_as_well(instantly, campaign):
    start(campaign)
    work(campaign)
    lead = LeadFactory(organization=campaign.organization)
    enroll(campaign=campaign, selection=select.Selection(lead_ids=(lead.pk,)), actor=SYSTEM, now=LATER)

    assert due_handovers(now=LATER) == [campaign.pk]
    work(campaign, at=LATER)

    assert (handed(), len(instantly.leads)) == (["held"] * 4, 4)


def test_a_refused_key_pauses_the_campaign_with_what_instantly_said(instantly, campaign):
    start(campaign)
    instantly.keys.clear()

    work(campaign)

    campaign.refresh_from_db()
    assert (campaign.status, campaign.status_code) == ("paused", "instantly_refused")
    assert campaign.status_message.startswith("Instantly refuses the key: Invalid API key.")
    assert instantly.campaigns == {}


def test_a_limit_without_a_header_is_waited_out(instantly, campaign):
    start(campaign)
    instantly.next_reply("leads/add", Reply(429, {"statusCode": 429, "error": "Too Many Requests"}))

    work(campaign)

    assert handed() == ["held"] * 3


def test_an_error_behind_a_status_of_200_is_an_error(instantly, campaign):
    start(campaign)
    instantly.next_reply("campaigns", Reply(200, {"error": "workspace is locked"}))

    work(campaign)

    campaign.refresh_from_db()
    assert (campaign.status, campaign.status_code) == ("paused", "instantly_refused")
    assert "workspace is locked" in campaign.status_message


def test_in_the_sandbox_nothing_is_handed_over(instantly, campaign, settings):
    settings.INSTANTLY_API_URL = "https://api.instantly.ai/api/v2"

    with pytest.raises(StartRefused) as refused:
        start(campaign)

    assert refused.value.code == "instantly_sandbox"


def test_delivery_is_chosen_in_a_draft_alone(instantly, campaign):
    start(campaign)

    with pytest.raises(Exception, match="settled with the start"):
        choose_delivery(campaign=campaign, by=DeliveredBy.SENDERS, actor=SYSTEM)


KILLED = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "campaigns_project.settings.test"
django.setup()
from django.conf import settings
from django.db import connection
settings.INSTANTLY_API_URL = sys.argv[1]
connection.settings_dict.update(NAME=sys.argv[2])
from campaigns.models import Campaign
from campaigns.tests.instantly.prepare import work
work(Campaign.objects.get())
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_call_leaves_nobody_handed_over_twice_or_lost(instantly):
    campaign = CampaignFactory()
    InstantlyAccountFactory(organization=campaign.organization)
    start(deliver_by_instantly(campaign, people=3))
    killed = []

    def kill(call) -> None:
        if call.path == "leads/add" and not killed:
            killed.append(call)
            os.kill(process.pid, signal.SIGKILL)

    instantly.before = kill
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, instantly.url, connection.settings_dict["NAME"]],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.wait(timeout=50) == -signal.SIGKILL

    work(Campaign.objects.get(), at=LATER)

    assert (len(instantly.campaigns), only(instantly)["status"]) == (1, 1)
    assert (handed(), len(instantly.leads), len(instantly.asked("POST", "leads/add"))) == (["held"] * 3, 3, 1)


def test_a_campaign_that_was_deleted_there_holds_up_nothing_here(instantly, campaign):
    start(campaign)
    work(campaign)
    de_enroll(recipient=Recipient.objects.first(), actor=SYSTEM, now=NOON)
    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=NOON)
    number = only(instantly)["id"]
    instantly.campaigns.clear()
    instantly.next_reply("leads", Reply(404, {"message": "Campaign not found"}))

    work(campaign, at=LATER)

    campaign.refresh_from_db()
    assert [call.path for call in instantly.asked("POST", f"campaigns/{number}/pause")] == [f"campaigns/{number}/pause"]
    assert (campaign.handover.told, handed()) == ("paused", ["held", "held", "removed"])
    assert preview(campaign=campaign, now=LATER).blockers == []


def test_whoever_is_out_is_removed_also_where_the_blocklist_is_refused(instantly, campaign):
    start(campaign)
    work(campaign)
    out = Recipient.objects.order_by("pk")[:1].get()
    suppress(
        organization=campaign.organization,
        address=out.email_address,
        reason=SuppressionReason.UNSUBSCRIBED,
        source="test",
        at=LATER,
    )
    instantly.next_reply("block-lists-entries/bulk-create", Reply(403, {"message": "Scope is missing"}))

    work(campaign, at=LATER)
    assert (len(instantly.leads), handed()) == (2, ["held"] * 3)
    work(campaign, at=LATER + timedelta(minutes=1))

    assert (handed(), instantly.blocklist) == (["held", "held", "removed"], {out.email_address})


def test_people_whose_removal_does_not_hold_keep_nobody_behind_them_back(instantly, campaign, monkeypatch):
    monkeypatch.setattr(removing, "PAGE", 1)
    start(campaign)
    work(campaign)
    for recipient in Recipient.objects.order_by("pk")[:2]:
        de_enroll(recipient=recipient, actor=SYSTEM, now=LATER)
    instantly.next_reply("leads", Reply(200, {"count": 1}))  # nothing is gone

    work(campaign, at=LATER)

    assert handed() == ["held", "held", "removed"]


def test_a_lead_that_is_spelled_otherwise_in_the_answer_is_known_by_its_place(instantly, campaign):
    start(campaign)
    spelled = [
        {"index": place, "id": f"lead-{place}", "email": f"{place}@xn--spelled-otherwise.example"} for place in range(3)
    ]
    instantly.next_reply("leads/add", Reply(200, {"created_leads": spelled}))

    work(campaign)

    assert handed() == ["held"] * 3


def test_where_nobody_has_such_a_campaign_the_clock_costs_one_query(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert due_handovers(now=NOON) == []


def test_many_people_are_counted_up_to_a_bound(instantly, campaign, monkeypatch):
    monkeypatch.setattr(standing, "COUNTED_UP_TO", 2)
    monkeypatch.setattr(words, "COUNTED_UP_TO", 2)
    start(campaign)
    work(campaign)

    assert standing.delivery_of(campaign).held == 3
    assert "It has more than 2 people." in delivery_told(Campaign.objects.get())
