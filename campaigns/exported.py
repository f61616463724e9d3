"""What an export of a campaign holds: the tables that become CSV files, filled up by the apps above."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model, QuerySet

from campaigns.models import Campaign


@dataclass(frozen=True)
class ExportedTable:
    """One CSV file. `model` is a label, `of_campaign` the path from its rows to the campaign's key.

    `columns` are the headers, each with the path of the value; a table need not give all it has, but never a secret.
    """

    file: str
    model: str
    of_campaign: str
    columns: Mapping[str, str]

    @property
    def source(self) -> type[Model]:
        """The model the rows come from."""
        return apps.get_model(self.model)

    def rows(self, campaign: Campaign) -> QuerySet:
        """The values of every row of `campaign`, oldest first."""
        found = self.source._base_manager.filter(**{self.of_campaign: campaign.pk})
        return found.order_by("pk").values_list(*self.columns.values())


def _as_named(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_tables: list[ExportedTable] = [
    ExportedTable(
        "people.csv",
        "campaigns.Recipient",
        "campaign",
        {
            "recipient": "id",
            "lead": "lead_id",
            **_as_named("email_address"),
            **{name: f"lead__{name}" for name in ("first_name", "last_name", "company", "title")},
            **_as_named("status", "exit_reason", "exited_at", "error_message"),
            "next_step": "next_step__position",
            **_as_named("next_send_at"),
            "sender": "sender__email",
            **_as_named("sent_at", "opened_at", "clicked_at", "replied_at", "bounced_at", "booked_at"),
            **_as_named("created_at", "updated_at"),
        },
    ),
    ExportedTable(
        "messages.csv",
        "campaigns.Message",
        "recipient__campaign",
        {
            "message": "id",
            "recipient": "recipient_id",
            "email_address": "recipient__email_address",
            "step": "step__position",
            "variant": "variant__label",
            "version": "step_version",
            "sender": "sender__email",
            **_as_named("status", "reason", "attempts", "message_id", "subject", "merge_values", "values_cleared_at"),
            **_as_named("attempted_at", "first_deferred_at", "sent_at", "smtp_code", "smtp_reply", "created_at"),
        },
    ),
    ExportedTable(
        "instantly-leads.csv",
        "campaigns.HandedLead",
        "handover__campaign",
        {
            "lead_at_instantly": "external_id",
            "recipient": "recipient_id",
            "email_address": "recipient__email_address",
            **_as_named("status", "reason", "asked_at", "answered_at", "wanted_out_at", "removed_at"),
        },
    ),
    ExportedTable("instantly-days.csv", "campaigns.InstantlyDay", "campaign", _as_named("day", "figures", "seen_at")),
    ExportedTable("links.csv", "campaigns.Link", "campaign", {"link": "id", **_as_named("url", "created_at")}),
    ExportedTable(
        "raw-leads.csv",
        "leads.RawLead",
        "campaign_id",
        {
            "raw_lead": "id",
            "source": "lead_import__source",
            **_as_named("external_id", "row_number", "payload", "received_at"),
        },
    ),
    ExportedTable(
        "staged-leads.csv",
        "leads.StagedLead",
        "campaign_id",
        {
            "raw_lead": "raw_lead_id",
            "lead": "lead_id",
            **_as_named("status", "email_normalized", "fields", "problem_code", "problem_column", "problem_message"),
            **_as_named("staged_at", "promoted_at"),
        },
    ),
    ExportedTable(
        "enrichments.csv",
        "leads.LeadEnrichment",
        "campaign_id",
        {
            "enrichment": "id",
            "raw_lead": "staged_lead_id",
            **_as_named("provider", "model", "result", "error_message", "created_at"),
        },
    ),
    ExportedTable(
        "de-enrollments.csv",
        "campaigns.DeEnrollmentLog",
        "recipient__campaign",
        {"run": "run_id", "recipient": "recipient_id", **_as_named("reason", "outcome", "trigger_at", "settled_at")},
    ),
    ExportedTable(
        "rankings.csv",
        "campaigns.LeadRanking",
        "campaign",
        {"lead": "lead_id", **_as_named("rank", "score", "reasons", "computed_at")},
    ),
    ExportedTable(
        "notes.csv",
        "campaigns.LeadNote",
        "campaign",
        {
            "note": "id",
            "lead": "lead_id",
            "email": "lead__email",
            "by": "created_by__email",
            **_as_named("text", "created_at", "updated_at"),
        },
    ),
    ExportedTable(
        "lead-statuses.csv",
        "campaigns.LeadUserStatus",
        "campaign",
        {"lead": "lead_id", "user": "user__email", **_as_named("status", "created_at", "updated_at")},
    ),
    ExportedTable(
        "tasks.csv",
        "campaigns.OperatorTask",
        "campaign",
        {
            "task": "id",
            "lead": "lead_id",
            **_as_named("title", "kind", "note", "checklist", "status", "due_at"),
            "assignee": "assignee__email",
            **_as_named("completed_at", "created_at", "updated_at"),
        },
    ),
    ExportedTable(
        "suppressions.csv",
        "leads.Suppression",
        "campaign_id",
        {"suppression": "id", **_as_named("address", "reason", "source", "expires_at", "created_at")},
    ),
]


def exports(table: ExportedTable) -> None:
    """Have every export of a campaign hold `table`; called by upper apps in their `wiring`."""
    _tables.append(table)


def exported_tables() -> list[ExportedTable]:
    """All tables, in the order in which the files stand in the archive."""
    return list(_tables)
