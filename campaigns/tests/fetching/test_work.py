"""A fetch from the question to the enrollment, over real HTTP to the fake Apollo."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from campaigns import lifecycle, preflight
from campaigns.enrollment import Selection, enroll
from campaigns.errors import StartRefused
from campaigns.fetching.opened import Phase, open_fetch
from campaigns.fetching.request import cancel_fetch, request_fetch
from campaigns.fetching.source import set_lead_source
from campaigns.fetching.steps import STEPS
from campaigns.fetching.work import STALE_AFTER, UNREACHABLE_WAITS, take_waiting, work_on_fetch
from campaigns.locks import SOON, AudienceTaken, hold_audience
from campaigns.models import Campaign, Job, Recipient
from campaigns.tests.factories import NOON, LeadFactory, StepFactory, SuppressionFactory, VariantFactory
from campaigns.tests.fetching.conftest import FILTERS
from campaigns.why import why_campaign
from campaigns.why.codes import GateCode
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from campaigns_project.tests.sessions import beside
from leads.imports.canceling import cancel_import
from leads.models import Lead, LeadImport, ProviderAccount, ProviderPurchase, RawLead, StagedLead
from leads.providers.apollo.client import ApolloClient
from leads.tests.providers.fake_apollo import Reply

pytestmark = pytest.mark.django_db(transaction=True)  # the journal of purchases commits by itself

LONG = timedelta(minutes=1)


def started(campaign, **more):
    return lifecycle.start(campaign=campaign, actor=SYSTEM, now=NOON, **more)


def worked(job, now=NOON, budget=LONG):
    """Turn after turn, until the job ends or waits."""
    while work_on_fetch(job_id=job.pk, now=now, budget=budget):
        pass
    job.refresh_from_db()
    return job


def fetching_gate(campaign):
    gates = why_campaign(Campaign.objects.get(pk=campaign.pk), now=NOON).gates
    return next(gate for gate in gates if gate.code == GateCode.FETCHING)


def test_people_are_fetched_made_leads_and_enrolled(ready, apollo):
    job = worked(request_fetch(campaign=ready, actor=SYSTEM, now=NOON))

    assert (job.status, job.done, job.error_message) == ("succeeded", 12, "")
    assert job.result == {
        "found": 25, "received": 12, "credits": 12, "end": "count_reached", "created": 12, "updated": 0,
        "unchanged": 0, "problems": 0, "enrolled": 12, "skipped": {},
    }  # fmt: skip
    ready.refresh_from_db()
    assert (ready.status, ready.total_records, ready.total_recipients) == ("draft", 12, 12)
    assert set(RawLead.objects.values_list("campaign_id", flat=True)) == {ready.pk}
    assert set(StagedLead.objects.values_list("campaign_id", "status")) == {(ready.pk, "promoted")}
    assert Lead.objects.get(email="ada.lovelind0@firm0.example").company == "Firm 0 GmbH"
    assert LeadImport.objects.get().status == "succeeded"


def test_a_start_fetches_first_then_checks_then_lets_mail_leave(ready, apollo):
    running = started(ready)
    job = open_fetch(ready)

    assert (running.status, job.state["then_send"]) == ("running", True)
    assert fetching_gate(ready).why == "fetching_leads"

    worked(job)

    ready.refresh_from_db()
    assert (ready.status, ready.active_leads_count) == ("running", 12)
    assert ready.recipients.filter(next_send_at__isnull=False).count() == 12
    assert list(Job.objects.filter(kind="send").values_list("status", "total")) == [("running", 12)]
    assert job.status == "succeeded"


def test_nobody_is_due_before_all_mails_are_checked(ready, apollo):
    started(ready)
    job = open_fetch(ready)
    while job.state["phase"] != "begin":
        work_on_fetch(job_id=job.pk, now=NOON, budget=timedelta(seconds=0.001))
        job.refresh_from_db()

    assert ready.recipients.count() == 12
    assert not ready.recipients.exclude(next_send_at=None).exists()


def test_the_hold_of_the_start_begins_when_the_people_are_in(ready, apollo):
    started(ready, hold=timedelta(seconds=60))
    later = NOON + timedelta(minutes=7)

    worked(open_fetch(ready), now=later)

    ready.refresh_from_db()
    assert ready.hold_until == later + timedelta(seconds=60)


def test_a_search_that_finds_nobody_fails_the_campaign_which_can_be_tried_again(ready, apollo):
    people, apollo.people = apollo.people, []
    started(ready)

    worked(open_fetch(ready))

    ready.refresh_from_db()
    assert (ready.status, ready.status_code) == ("failed", "nobody_found")
    assert ready.status_message == "Apollo found nobody for this search."
    assert ready.failed_at == NOON
    assert fetching_gate(ready).ok

    apollo.people = people
    lifecycle.resume(campaign=ready, actor=SYSTEM, now=NOON)
    worked(open_fetch(ready))

    ready.refresh_from_db()
    assert (ready.status, ready.status_message, ready.failed_at, ready.total_recipients) == ("running", "", None, 12)


def test_a_key_that_is_refused_fails_the_campaign_with_the_sentence_and_without_the_key(ready, apollo):
    apollo.keys = {}
    started(ready)

    job = worked(open_fetch(ready))

    ready.refresh_from_db()
    assert (ready.status, ready.status_code, job.status) == ("failed", "fetch_failed", "failed")
    assert ready.status_message == job.error_message != ""
    assert ready.status_error == "provider_key_refused"
    assert "master-key" not in f"{ready.status_message} {ready.status_error}"
    assert LeadImport.objects.get().status == "failed"


def test_preflight_blocks_while_the_key_is_known_to_be_refused(ready, apollo):
    apollo.keys = {}
    started(ready)
    worked(open_fetch(ready))

    with pytest.raises(StartRefused) as refused:
        lifecycle.resume(campaign=ready, actor=SYSTEM, now=NOON)
    [problem] = refused.value.details["problems"]
    ProviderAccount.objects.update(last_error="")  # as a check does that the provider answers well

    assert (problem["code"], "refuses the key" in problem["message"]) == ("lead_source_unusable", True)
    assert "lead_source_unusable" not in {each.code for each in preflight.check(ready)}


def test_a_block_in_the_mails_for_those_who_came_fails_the_campaign_with_the_list(ready, apollo):
    VariantFactory(step=StepFactory(campaign=ready), subject="Hi", body_html="<p>Hi</p>")
    started(ready)
    job = open_fetch(ready)
    ready.campaign_senders.all().delete()

    worked(job)

    ready.refresh_from_db()
    assert (ready.status, ready.status_code) == ("failed", "start_refused")
    assert ready.status_error.startswith("no_sender: ")


def test_somebody_who_lacks_a_needed_value_stays_out_and_the_others_go(ready, apollo):
    VariantFactory(step=StepFactory(campaign=ready), subject="Hi", body_html="<p>As a {{ title }}</p>")
    started(ready)

    job = worked(open_fetch(ready))

    assert job.result["skipped"] == {"merge_value_missing": 2}
    ready.refresh_from_db()
    assert (ready.status, ready.total_recipients) == ("running", 10)


def test_people_who_may_not_be_written_to_are_not_enrolled_and_if_none_is_left_it_fails(ready, apollo):
    for number in range(7):
        SuppressionFactory(organization=ready.organization, address=f"firm{number}.example")
    started(ready)

    worked(open_fetch(ready))

    ready.refresh_from_db()
    assert (ready.status, ready.status_code) == ("failed", "nobody_enrolled")
    assert "12 suppressed" in ready.status_message


def test_a_provider_that_asks_for_patience_is_asked_again_at_its_hour(ready, apollo):
    started(ready)
    job = open_fetch(ready)
    limit = Reply(429, {"message": "The maximum number of api calls allowed for this endpoint is 6000 times per hour."},
                  {"retry-after": "1800"})  # fmt: skip
    apollo.next_reply("mixed_people/api_search", limit)

    worked(job)

    at = datetime.fromisoformat(job.state["retry_at"])
    assert job.status == "queued"
    assert take_waiting(now=at - timedelta(minutes=5)) == []
    gate = fetching_gate(ready)
    assert (gate.why, gate.is_in_order, gate.numbers["retry_at"]) == ("fetching_leads", True, at)
    assert take_waiting(now=at) == [job.pk]
    assert worked(job).status == "succeeded"


@pytest.mark.parametrize("was_begun", [False, True])
def test_a_fetch_without_a_worker_is_taken_up_again_once(ready, apollo, was_begun):
    job = request_fetch(campaign=ready, actor=SYSTEM, now=NOON)
    if was_begun:
        work_on_fetch(job_id=job.pk, now=NOON, budget=timedelta(seconds=0.001))
    OrmQ.objects.all().delete()  # whoever had it in hand is dead
    just_heard_of = take_waiting(now=NOON)
    long_ago = timezone.now() - 2 * STALE_AFTER
    Job.objects.filter(pk=job.pk).update(created_at=long_ago, heartbeat_at=long_ago if was_begun else None)

    assert [just_heard_of, take_waiting(now=NOON), take_waiting(now=NOON)] == [[], [job.pk], []]


def test_a_provider_out_of_reach_is_tried_again_and_then_fails(ready, apollo, settings, monkeypatch):
    monkeypatch.setattr(ApolloClient, "back_off", (0.0, 0.0))  # what lies between the tries of one call, in seconds
    settings.APOLLO_API_URL = "http://127.0.0.1:1/api/v1"
    started(ready)
    job = open_fetch(ready)
    now = NOON
    for _ in UNREACHABLE_WAITS:
        worked(job, now=now)
        assert job.status == "queued"
        now = datetime.fromisoformat(job.state["retry_at"])
        assert take_waiting(now=now) == [job.pk]

    worked(job, now=now)

    ready.refresh_from_db()
    assert (job.status, ready.status) == ("failed", "failed")


def test_an_answer_that_got_lost_is_not_bought_again(ready, apollo):
    apollo.next_reply("people/bulk_match", Reply(200, {}, is_dropped=True))
    started(ready)

    job = worked(open_fetch(ready))
    at = datetime.fromisoformat(job.state["retry_at"])
    assert (job.status, take_waiting(now=at)) == ("queued", [job.pk])
    worked(job, now=at)

    assert (job.status, job.result["received"], job.result["problems"], job.result["enrolled"]) == (
        "succeeded", 12, 10, 2,
    )  # fmt: skip
    assert sorted(apollo.sold.values()) == [1] * 12


def test_a_fetch_by_another_source_that_is_refused_leaves_the_source_as_it_was(ready):
    before = Campaign.objects.get().lead_source
    ProviderAccount.objects.all().delete()

    with pytest.raises(Refused) as refused:
        request_fetch(campaign=ready, source={"filters": FILTERS, "count": 3}, actor=SYSTEM, now=NOON)

    assert (refused.value.code, Campaign.objects.get().lead_source) == ("provider_not_configured", before)


def test_a_fetch_that_was_done_before_buys_nobody_again(ready, apollo):
    worked(request_fetch(campaign=ready, actor=SYSTEM, now=NOON))

    again = worked(request_fetch(campaign=ready, actor=SYSTEM, now=NOON))

    assert set(apollo.sold.values()) == {1}
    assert (again.result["credits"], again.result["enrolled"]) == (0, 0)
    assert again.result["skipped"] == {"already_enrolled": 12}


def test_no_more_credits_are_spent_than_the_source_allows(ready, apollo):
    source = {"filters": {"person_locations": ["germany"]}, "count": 12, "credit_limit": 5}
    set_lead_source(campaign=ready, actor=SYSTEM, now=NOON, **source)

    job = worked(request_fetch(campaign=ready, actor=SYSTEM, now=NOON))

    assert (job.result["credits"], job.result["end"], job.result["enrolled"]) == (5, "credit_limit", 5)


def test_a_pause_ends_the_fetch_and_a_resume_begins_it_anew(ready, apollo):
    started(ready)
    job = open_fetch(ready)
    work_on_fetch(job_id=job.pk, now=NOON, budget=timedelta(seconds=0.001))

    lifecycle.pause(campaign=ready, actor=SYSTEM, now=NOON)

    job.refresh_from_db()
    assert (job.status, work_on_fetch(job_id=job.pk, now=NOON, budget=LONG)) == ("canceled", False)
    assert LeadImport.objects.get(pk=job.state["import"]).status == "canceled"
    lifecycle.resume(campaign=ready, actor=SYSTEM, now=NOON)
    worked(open_fetch(ready))
    ready.refresh_from_db()
    assert (ready.status, ready.total_recipients) == ("running", 12)
    assert set(apollo.sold.values()) == {1}


def test_a_fetch_that_somebody_asked_for_can_be_canceled(ready):
    job = request_fetch(campaign=ready, actor=SYSTEM, now=NOON)

    cancel_fetch(campaign=ready, actor=SYSTEM, now=NOON)

    assert worked(job).status == "canceled"
    assert not Recipient.objects.exists()


def test_a_fetch_that_the_start_waits_for_ends_with_the_campaign_alone(ready):
    started(ready)

    with pytest.raises(Refused) as refused:
        cancel_fetch(campaign=ready, actor=SYSTEM, now=NOON)

    assert refused.value.code == "fetch_is_awaited"


@pytest.mark.parametrize("then_send", [False, True])
def test_a_fetch_whose_import_is_canceled_buys_nobody_and_says_so(ready, apollo, then_send):
    job = open_fetch(started(ready)) if then_send else request_fetch(campaign=ready, actor=SYSTEM, now=NOON)
    apollo.next_reply("mixed_people/api_search", Reply(429, {"message": "per hour"}, {"retry-after": "1800"}))
    worked(job)

    cancel_import(lead_import=LeadImport.objects.get(), actor=SYSTEM)
    worked(job)

    number = LeadImport.objects.get().pk
    said = f"Import {number} of this fetch was canceled: nobody more is bought."
    assert (job.status, job.error_message, sum(apollo.sold.values())) == ("canceled", said, 0)
    ready.refresh_from_db()
    after = ("failed", "fetch_failed", said, "import_canceled") if then_send else ("draft", "", "", "")
    assert (ready.status, ready.status_code, ready.status_message, ready.status_error) == after


def test_an_import_that_is_canceled_while_a_page_is_asked_for_ends_the_fetch_with_that_page(ready, apollo):
    job = request_fetch(campaign=ready, actor=SYSTEM, now=NOON)

    def canceled_meanwhile(reply):
        LeadImport.objects.update(status="canceled", finished_at=NOON)
        connection.close()  # that of the fake's thread
        return reply

    apollo.next_reply("people/bulk_match", canceled_meanwhile)
    worked(job)

    assert (job.status, job.state["attempts"]) == ("canceled", 2)
    assert Recipient.objects.count() == 0


def test_only_one_fetch_fills_a_campaign_and_a_start_takes_over_the_one_there_is(ready, apollo):
    job = request_fetch(campaign=ready, actor=SYSTEM, now=NOON)

    with pytest.raises(Refused) as refused:
        request_fetch(campaign=ready, actor=SYSTEM, now=NOON)
    started(ready)

    assert refused.value.code == "fetch_under_way"
    assert open_fetch(ready) == job
    worked(job)
    ready.refresh_from_db()
    assert (ready.status, Job.objects.filter(kind="send").count()) == ("running", 1)


def test_a_fetch_that_breaks_off_again_and_again_gives_up(ready, apollo):
    started(ready)
    job = open_fetch(ready)
    Job.objects.filter(pk=job.pk).update(state={**job.state, "attempts": 5})

    worked(job)

    ready.refresh_from_db()
    assert (ready.status, ready.status_error) == ("failed", "broke_off")


def test_somebody_enrolled_by_hand_meanwhile_waits_for_the_check_too(ready, apollo):
    started(ready)
    job = open_fetch(ready)
    lead = LeadFactory(organization=ready.organization)

    enroll(campaign=ready, selection=Selection(lead_ids=(lead.pk,)), actor=SYSTEM, now=NOON)

    assert ready.recipients.get().next_send_at is None
    worked(job)
    assert ready.recipients.exclude(next_send_at=None).count() == 13
    assert ProviderPurchase.objects.count() == 12


@pytest.mark.parametrize("phase", ["enroll", "begin"])
def test_a_fetch_gives_way_to_whoever_enrolls_and_goes_on_soon_after(ready, apollo, monkeypatch, phase):
    started(ready)
    job = open_fetch(ready)
    if phase == "begin":  # everybody is in, and the mails are not checked yet
        monkeypatch.setitem(STEPS, Phase.ENROLL, partial(enroll_and_stop, STEPS[Phase.ENROLL]))
        worked(job)
    with transaction.atomic():
        hold_audience(ready.organization_id)
        has_more = beside(partial(work_on_fetch, job_id=job.pk, now=NOON, budget=LONG))
    job.refresh_from_db()
    waits = (has_more, job.status, job.error_message, job.state["phase"], take_waiting(now=NOON))

    later = take_waiting(now=NOON + SOON)
    worked(job, now=NOON + SOON)

    assert waits == (False, "queued", str(AudienceTaken()), phase, [])
    ready.refresh_from_db()
    assert (later, job.status, job.error_message, ready.active_leads_count) == ([job.pk], "succeeded", "", 12)


def enroll_and_stop(step, turn):
    step(turn)
    if turn.phase == Phase.BEGIN:
        raise AudienceTaken
