"""The demo's campaigns, each in another state."""

from datetime import datetime, timedelta

from campaigns import automatic as enrolling
from campaigns import lifecycle
from campaigns.deletion import preview, request_deletion
from campaigns.enrollment import Selection, enroll
from campaigns.fetching.source import set_lead_source
from campaigns.models import Campaign, Job, JobKind, Sender, WaitUnit
from campaigns.ranking import ask_ranking, set_ranking_rules
from campaigns.ranking.asking import run_ranking
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.runtime.demo.campaign import demo_sender, make_campaign
from campaigns_project.runtime.demo.content import NOT_ASKED, SEARCH
from campaigns_project.runtime.demo.past import FOLLOWS, Habits, date_back, live_through, send_what_is_due
from leads.models import Lead, Provider, ProviderAccount, Segment

FIRST, FORTNIGHT = timedelta(days=23), timedelta(days=15)  # how long ago campaigns began
DIRECTORY = "Directory"  # the tag of whom the running campaigns write to
REACHED = 160  # of them, by the running campaign before the first day of the demo
TRIED, KEPT_BACK = 60, 40  # by the one whose sender was paused, and who were left
ASKED = 12  # by the one that was put away
DECIDERS = ["Chief", "CEO", "CTO", "COO", "Director", "Head", "Owner", "Founder"]
DECIDERS_WHO_READ = "Deciders who read us"
RANKING_RULES = [
    {"field": "title", "operator": "has_any_word", "value": DECIDERS, "points": 30},
    {"field": "replied", "operator": "in", "value": None, "points": 20},
    {"field": "is_role", "operator": "is", "value": None, "points": -10},
]


def finished(organization: Organization, sender: Sender, now: datetime) -> Campaign:
    """Of three weeks ago, and through: two mails to whoever reads the newsletter."""
    campaign = _begun(organization, "Summer introduction", sender, Selection(tag="Newsletter"), now - FIRST)
    habits = Habits(reply=10, leave=0, are_gone=0)  # all of them are there to be written to again
    live_through(campaign, until=now - timedelta(days=15), a_day=16, now=now, habits=habits)
    lifecycle.complete_finished(now=now)
    return _dated_back(campaign, by=FIRST)


def put_away(organization: Organization, sender: Sender, now: datetime) -> Campaign:
    """Two mails to a few of those readers, through, and in the archive."""
    ago = timedelta(days=12)
    readers = Lead.objects.for_organization(organization).filter(lead_tags__tag__name="Newsletter").order_by("pk")
    few = Selection(lead_ids=tuple(readers.values_list("pk", flat=True)[:ASKED]))
    campaign = _begun(organization, "Price list by mail", sender, few, now - ago)
    habits = Habits(reply=0, leave=0, are_gone=0)
    live_through(campaign, until=now - timedelta(days=6), a_day=ASKED, now=now, habits=habits)
    lifecycle.complete_finished(now=now)
    lifecycle.archive(campaign=campaign, actor=SYSTEM, now=now)
    return _dated_back(campaign, by=ago)


def running(organization: Organization, now: datetime) -> Campaign:
    """Two weeks old, and at work: the worker sends the next mail every few seconds, for an hour or two."""
    sender = demo_sender(organization, name="Ina Berth", email="ina@harbor.example")
    first = Selection(lead_ids=_people(organization, of_the_directory=slice(REACHED)))
    campaign = _begun(organization, "Harbor directory", sender, first, now - FORTNIGHT)
    habits = Habits(read=34, click=6, reply=6, are_gone=2)
    live_through(campaign, until=now - timedelta(minutes=20), a_day=16, now=now, habits=habits)
    rest = Selection(lead_ids=_people(organization, of_the_directory=slice(REACHED, -TRIED - KEPT_BACK)))
    enroll(campaign=campaign, selection=rest, actor=SYSTEM, now=now)
    Sender.objects.filter(pk=sender.pk).update(gap_seconds=4, gap_jitter_seconds=3)
    Campaign.objects.filter(pk=campaign.pk).update(priority=1)  # the first one on Home
    return _dated_back(campaign, by=FORTNIGHT)


def held_up(organization: Organization, now: datetime) -> Campaign:
    """Its only sender was refused too often: the bounce guard paused it, and so the campaign waits for a person."""
    nils = demo_sender(organization, name="Nils Ferry", email="nils@ferry.example")
    people = _people(organization, of_the_directory=slice(-TRIED - KEPT_BACK, None))
    ago = timedelta(days=9)
    campaign = _begun(organization, "Baltic yards", nils, Selection(lead_ids=people[:TRIED]), now - ago)
    habits = Habits(reply=3, leave=0)
    live_through(campaign, until=now - timedelta(days=2), a_day=20, now=now, habits=habits, disliked=nils)
    enroll(campaign=campaign, selection=Selection(lead_ids=people[TRIED:]), actor=SYSTEM, now=now)
    send_what_is_due(campaign)  # finds no sender, which pauses the campaign
    return _dated_back(campaign, by=ago)


def _begun(organization: Organization, name: str, sender: Sender, selection: Selection, at: datetime) -> Campaign:
    campaign = make_campaign(
        organization=organization, name=name, senders=[sender], wait=(FOLLOWS.days, WaitUnit.DAYS), actor=SYSTEM, now=at
    )
    enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=at)
    return lifecycle.start(campaign=campaign, actor=SYSTEM, now=at)


def _dated_back(campaign: Campaign, *, by: timedelta) -> Campaign:
    date_back(campaign, by=by)
    campaign.refresh_from_db()
    return campaign


def _people(organization: Organization, *, of_the_directory: slice) -> tuple[int, ...]:
    """Numbers of leads of the directory, in its order."""
    leads = Lead.objects.for_organization(organization).filter(lead_tags__tag__name=DIRECTORY)
    return tuple(leads.order_by("pk").values_list("pk", flat=True))[of_the_directory]


def draft(organization: Organization, sender: Sender, now: datetime) -> Campaign:
    """Ready to start: two mails to everybody of the sample, who are ranked."""
    campaign = make_campaign(
        organization=organization,
        name="Autumn fair follow-up",
        senders=[sender],
        wait=(3, WaitUnit.DAYS),
        actor=SYSTEM,
        now=now,
    )
    enroll(campaign=campaign, selection=Selection(tag="Autumn fair"), actor=SYSTEM, now=now)
    set_ranking_rules(campaign=campaign, rules=RANKING_RULES, actor=SYSTEM)
    campaign.refresh_from_db()
    ask_ranking(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)
    return campaign


def broken(campaign: Campaign, organizer: str, now: datetime) -> None:
    """A job that could not be done, and says why: the tag it was asked for was removed before a worker came to it."""
    job = Job.objects.create(
        organization=campaign.organization,
        campaign=campaign,
        kind=JobKind.RANK,
        state={"selection": Selection(tag="Spring fair").as_json()},
        created_by=organizer,
    )
    run_ranking(job_id=job.pk, now=now)


def to_be_fetched(organization: Organization, sender: Sender, now: datetime) -> None:
    """A draft without people, and the search that its start would fetch them by, had the demo a real key."""
    ProviderAccount.objects.create(
        organization=organization,
        provider=Provider.APOLLO,
        api_key="example-of-the-demo",
        checked_at=now,
        last_error="The demo has an example in the place of a key.",
    )
    campaign = make_campaign(
        organization=organization,
        name="Ports in Germany",
        senders=[sender],
        wait=(4, WaitUnit.DAYS),
        actor=SYSTEM,
        now=now,
    )
    set_lead_source(
        campaign=campaign,
        url=SEARCH,
        count=200,
        acknowledged=[NOT_ASKED],
        tags=["Apollo"],
        credit_limit=150,
        actor=SYSTEM,
        now=now,
    )


def automatic(organization: Organization, sender: Sender, now: datetime) -> None:
    """One that runs and waits: whoever decides and reads us, and is busy nowhere else, comes in by itself."""
    campaign = make_campaign(
        organization=organization,
        name="Welcome, new deciders",
        senders=[sender],
        wait=(5, WaitUnit.DAYS),
        actor=SYSTEM,
        now=now,
    )
    segment = Segment.objects.get(organization=organization, name=DECIDERS_WHO_READ)
    audience = enrolling.StandingAudience(segments=(segment.pk,), at_most=100)
    campaign = enrolling.set_audience(campaign=campaign, audience=audience, actor=SYSTEM, now=now)
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    enrolling.look(campaign_id=campaign.pk, now=now)


def given_up(organization: Organization, sender: Sender, now: datetime) -> None:
    """A draft that was deleted, so that there is a tombstone to look at."""
    campaign = make_campaign(
        organization=organization, name="Spring fair", senders=[sender], wait=(3, WaitUnit.DAYS), actor=SYSTEM, now=now
    )
    request_deletion(
        campaign=campaign,
        confirm_name=campaign.name,
        token=preview(campaign=campaign, now=now).token,
        reason="The fair was called off.",
        actor=SYSTEM,
        now=now,
    )
