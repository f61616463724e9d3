"""What has to end before a deletion: it would be torn apart, or go on with what is gone."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.deletion.counting import refusing
from campaigns.deletion.errors import BlockerCode
from campaigns.deletion.impact import Blocker
from campaigns.deletion.relations import Tree
from campaigns.models import Campaign, CampaignStatus, HandedLead, HandedStatus, Handover, Job, Lease, Told
from campaigns.models.instantly import HandoverQuerySet
from campaigns.models.lease import LeaseQuerySet
from campaigns_project.accounts.models import Organization
from campaigns_project.states import ProgressStatus
from leads.models import ImportStatus, LeadImport


def blockers_of_campaign(campaign: Campaign, tree: Tree) -> list[Blocker]:
    """Empty when nothing is in the way of removing `tree`. A few index look-ups."""
    found = []
    if Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.RUNNING).exists():
        found.append(Blocker(BlockerCode.RUNNING, "The campaign is running: pause or stop it first."))
    found += _at_instantly(Handover.objects.filter(campaign=campaign))
    found += _in_flight(Lease.objects.filter(campaign=campaign)) + _jobs(Job.objects.filter(campaign=campaign))
    return found + _refusing(tree, campaign.pk)


def blockers_of_organization(organization: Organization, tree: Tree) -> list[Blocker]:
    """The same of all its campaigns, and of imports."""
    running = Campaign.objects.for_organization(organization).filter(status=CampaignStatus.RUNNING)
    found = [
        Blocker(BlockerCode.RUNNING, f"Campaign {pk} “{name}” is running: pause or stop it first.")
        for pk, name in running.order_by("pk").values_list("pk", "name")
    ]
    # A draft waits for somebody's word, but for what is done with it already.
    active = Q(dry_run_status__in=ProgressStatus.active) | Q(undo_status__in=ProgressStatus.active)
    importing = LeadImport.objects.for_organization(organization).filter(Q(status__in=ImportStatus.going) | active)
    found += [
        Blocker(BlockerCode.IMPORT_ACTIVE, f"Import {pk} is under way: wait for its end or cancel it.")
        for pk in importing.order_by("pk").values_list("pk", flat=True)
    ]
    found += _at_instantly(Handover.objects.for_organization(organization))
    found += _in_flight(Lease.objects.for_organization(organization))
    found += _jobs(Job.objects.for_organization(organization))
    return found + _refusing(tree, organization.pk)


def _refusing(tree: Tree, key: int) -> list[Blocker]:
    return [
        Blocker(
            BlockerCode.FOREIGN_KEY,
            f"Rows of {each.schema + '.' if each.schema else ''}{each.table} refer to it ({each.column}), and the "
            f"foreign key {each.constraint} lets nothing go that they refer to: remove them or the key, or give it ON "
            "DELETE CASCADE. No migration of ours made it; manage.py verify_schema tells of it.",
        )
        for each in refusing(tree, key)
    ]


def _in_flight(leases: LeaseQuerySet) -> list[Blocker]:
    number = leases.mails().count()
    if not number:
        return []
    noun = "1 mail is" if number == 1 else f"{number:,} mails are"
    return [Blocker(BlockerCode.MAIL_IN_FLIGHT, f"{noun} in a worker's hands: wait a moment and look again.")]


def _at_instantly(handovers: HandoverQuerySet) -> list[Blocker]:
    """With the rows would go who is still to be stopped there."""
    ours = handovers.filter(campaign__auto_discovered=False)
    sending = ours.filter(told__in=Told.sending).exclude(campaign__status=CampaignStatus.COMPLETED)
    to_remove = Exists(
        HandedLead.objects.filter(handover=OuterRef("pk"), status__in=HandedStatus.OPEN, wanted_out_at__isnull=False)
    )
    found = ours.filter(Q(pk__in=sending) | to_remove, account__isnull=False).order_by("campaign")
    return [
        Blocker(
            BlockerCode.AT_INSTANTLY,
            f"Instantly has not been told yet what is over of campaign {pk}: stop it, and wait until its page says so.",
        )
        for pk in found.values_list("campaign", flat=True)
    ]


def _jobs(jobs: QuerySet[Job]) -> list[Blocker]:
    """A stalled one is no better than one at work: it is gone on with."""
    active = jobs.exclude(status__in=ProgressStatus.ended).order_by("pk")
    return [
        Blocker(BlockerCode.JOB_ACTIVE, f"{job} ({job.get_status_display().lower()}) has to end first.")
        for job in active
    ]
