from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns import task_names, verifying  # noqa: PLC0415 - models exist only from here on
        from campaigns.automatic.uses import (  # noqa: PLC0415
            campaigns_enrolling_by_segment,
            campaigns_leaving_out_tag,
            leave_out_other_tag,
        )
        from campaigns.enrollment.imported import check_target, queue_enrollment  # noqa: PLC0415
        from campaigns.enrollment.keeping import enrolled_among, keep_enrolled, worked_on_among  # noqa: PLC0415
        from campaigns.enrollment.stop import active_among, stop_leads  # noqa: PLC0415
        from campaigns.ranking.uses import (  # noqa: PLC0415
            campaigns_ranking_by_segment,
            campaigns_ranking_by_tag,
            rank_by_other_tag,
        )
        from campaigns.segments import FIELDS, campaigns_enrolled_by  # noqa: PLC0415
        from campaigns.tallies import counts, ledgers, wordings  # noqa: PLC0415
        from campaigns_project.verification.registry import keeps_used_ids, verifies  # noqa: PLC0415
        from campaigns_project.verification.rows import related, unreadable  # noqa: PLC0415
        from campaigns_project.workers.subjects import speaks_of  # noqa: PLC0415
        from leads.enrichment.prompts import read_prompts_with  # noqa: PLC0415
        from leads.imports.following import after_import  # noqa: PLC0415
        from leads.removal import kept_in_numbers, while_kept  # noqa: PLC0415
        from leads.segments.fields import offer  # noqa: PLC0415
        from leads.segments.uses import also_used_by, tags_also_used_by  # noqa: PLC0415
        from leads.suppression import counts_active, when_suppressed  # noqa: PLC0415

        counts(ledgers.KIND, ledgers.count)
        counts(wordings.KIND, wordings.count)
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
        verifies("references of campaigns", related("campaigns"))
        verifies("secrets of campaigns", unreadable("campaigns"))
        verifies("tombstones", verifying.check_tombstones)
        verifies("the sum rule", verifying.check_pairs)
        verifies("messages", verifying.check_messages)
        verifies("recipients", verifying.check_recipients)
        verifies("counters", verifying.check_counters)
        verifies("blackout days", verifying.check_blackouts)
        verifies("values of mails", verifying.check_values)
        for task in (
            task_names.CHECK,
            task_names.RANK,
            task_names.FETCH,
            task_names.DELETE,
            task_names.ENROLL_REST,
        ):
            speaks_of(task, "campaigns.Job")
        speaks_of(task_names.HAND_OVER, "campaigns.Campaign")
        speaks_of(task_names.LOOK, "campaigns.Campaign")
        speaks_of(task_names.SWEEP, "campaigns.DeEnrollmentRun")
        speaks_of(task_names.COUNT, "campaigns.CampaignTally")
        speaks_of(task_names.ENROLL, "leads.LeadImport")
        keeps_used_ids("campaigns", kept_in="campaign_tombstones")
        keeps_used_ids("organizations", kept_in="campaign_tombstones", column="organization_ref")
