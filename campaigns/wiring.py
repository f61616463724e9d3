"""What `campaigns` tells the apps below it, which may not import it: what to ask and whom to tell (`ready`)."""

from campaigns import task_names, verifying
from campaigns.automatic.uses import (
    campaigns_enrolling_by_segment,
    campaigns_leaving_out_tag,
    leave_out_other_tag,
)
from campaigns.enrollment.imported import check_target, queue_enrollment
from campaigns.enrollment.keeping import enrolled_among, keep_enrolled, worked_on_among
from campaigns.enrollment.stop import active_among, stop_leads
from campaigns.ranking.uses import campaigns_ranking_by_segment, campaigns_ranking_by_tag, rank_by_other_tag
from campaigns.segments import FIELDS, campaigns_enrolled_by
from campaigns.tallies import counts, ledgers, wordings
from campaigns_project.verification.registry import keeps_used_ids, verifies
from campaigns_project.verification.rows import related, unreadable
from campaigns_project.workers.subjects import speaks_of
from leads.enrichment.prompts import read_prompts_with
from leads.imports.following import after_import
from leads.removal import kept_in_numbers, while_kept
from leads.segments.fields import offer
from leads.segments.uses import also_used_by, tags_also_used_by
from leads.suppression import counts_active, when_suppressed

SUBJECTS = {
    task_names.CHECK: "campaigns.Job",
    task_names.RANK: "campaigns.Job",
    task_names.FETCH: "campaigns.Job",
    task_names.DELETE: "campaigns.Job",
    task_names.ENROLL_REST: "campaigns.Job",
    task_names.HAND_OVER: "campaigns.Campaign",
    task_names.LOOK: "campaigns.Campaign",
    task_names.SWEEP: "campaigns.DeEnrollmentRun",
    task_names.COUNT: "campaigns.CampaignTally",
    task_names.ENROLL: "leads.LeadImport",
}


def wire() -> None:
    """Fill the registries below; once, when all models are there."""
    _serve_leads()
    _serve_verification()
    counts(ledgers.KIND, ledgers.count)
    counts(wordings.KIND, wordings.count)
    for task, model in SUBJECTS.items():
        speaks_of(task, model)


def _serve_leads() -> None:
    """Segments by campaigns, who uses a segment or tag, what keeps a lead, what follows a suppression or import."""
    offer(FIELDS)
    also_used_by(campaigns_enrolled_by)
    also_used_by(campaigns_ranking_by_segment)
    also_used_by(campaigns_enrolling_by_segment)
    tags_also_used_by(campaigns_leaving_out_tag, renamed=leave_out_other_tag)
    tags_also_used_by(campaigns_ranking_by_tag, renamed=rank_by_other_tag)
    when_suppressed(stop_leads)
    counts_active(active_among)
    while_kept(keep_enrolled)
    kept_in_numbers("in_campaign", enrolled_among)
    kept_in_numbers("worked_on", worked_on_among)
    after_import(queue_enrollment, checked_by=check_target)
    read_prompts_with("campaigns.prompts.read_prompt")


def _serve_verification() -> None:
    verifies("references of campaigns", related("campaigns"))
    verifies("secrets of campaigns", unreadable("campaigns"))
    verifies("tombstones", verifying.check_tombstones)
    verifies("the sum rule", verifying.check_pairs)
    verifies("messages", verifying.check_messages)
    verifies("recipients", verifying.check_recipients)
    verifies("counters", verifying.check_counters)
    verifies("blackout days", verifying.check_blackouts)
    verifies("values of mails", verifying.check_values)
    keeps_used_ids("campaigns", kept_in="campaign_tombstones")
    keeps_used_ids("organizations", kept_in="campaign_tombstones", column="organization_ref")
