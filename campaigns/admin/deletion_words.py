"""What the counted rows of a deletion are called on our pages."""

from collections.abc import Mapping
from dataclasses import dataclass

# One and many, where the name of the table says too little.
WORDS = {
    "campaign_senders": ("choice of a sender", "choices of senders"),
    "campaign_usages": ("count of what a campaign sent in a day", "counts of what a campaign sent in a day"),
    "de-enrollments": ("line of a de-enrollment run", "lines of de-enrollment runs"),
    "drafts_discarded": (
        "draft of an import, whose file names them: discarded",
        "drafts of imports, whose files name them: discarded",
    ),
    "handovers_to_instantly": ("handover to Instantly", "handovers to Instantly"),
    "instantly_accounts": ("Instantly account", "Instantly accounts"),
    "leads_at_instantly": ("person handed over to Instantly", "people handed over to Instantly"),
    "days_at_instantly": ("day of Instantly's figures", "days of Instantly's figures"),
    "incoming_mails": ("mail that came in, with its words", "mails that came in, with their words"),
    "idempotent_requests": (
        "request of the API that may not be done twice",
        "requests of the API that may not be done twice",
    ),
    "lead_enrichments": ("enrichment", "enrichments"),
    "lead_aliases": ("address of a merged lead", "addresses of merged leads"),
    "lead_changes": ("change of a field", "changes of fields"),
    "lead_notes": ("note", "notes"),
    "lead_rankings": ("rank in a campaign", "ranks in campaigns"),
    "lead_tags": ("tag on the lead", "tags on the lead"),
    "answers_forgotten": (
        "answer of the API that was kept for a repeat: forgotten",
        "answers of the API that were kept for repeats: forgotten",
    ),
    "calendar_feeds": ("address of the calendar for a program", "addresses of the calendar for programs"),
    "calendar_items": ("item of the calendar", "items of the calendar"),
    "mailboxes": ("mailbox", "mailboxes"),
    "oauth_applications": ("OAuth application", "OAuth applications"),
    "metric_entries": ("value of a metric", "values of metrics"),
    "operator_tasks": ("task", "tasks"),
    "lead_user_statuses": ("operator's status", "operators' statuses"),
    "campaign_days": ("day in numbers", "days in numbers"),
    "campaign_tallies": ("count of a campaign", "counts of a campaign"),
    "leases": ("lease of mails to a worker", "leases of mails to workers"),
    "queued_tasks": ("task that waits in the queue", "tasks that wait in the queue"),
    "rows_emptied": ("row that came in: emptied", "rows that came in: emptied"),
    "segment_members": ("place in a frozen segment", "places in frozen segments"),
    "sender_usages": ("count of what a sender sent in an hour or a day", "counts of what a sender sent in a while"),
    "template_versions": ("version of a template", "versions of templates"),
    "users": ("user behind an API key", "users behind API keys"),
    "variant_versions": ("earlier wording, as it was sent", "earlier wordings, as they were sent"),
    "webhook_deliveries": ("webhook that was sent", "webhooks that were sent"),
    "webhook_endpoints": ("webhook endpoint", "webhook endpoints"),
    # These stay.
    "audit_entries": ("entry of the audit log", "entries of the audit log"),
    "campaigns_kept": ("campaign, which counts one person fewer", "campaigns, which count one person fewer"),
    "leads_kept": (
        "lead: people are not deleted, but what was written to them here and what they answered is forgotten",
        "leads: people are not deleted, but what was written to them here and what they answered is forgotten",
    ),
    "people": ("person: the account stays", "people: their accounts stay"),
    "suppressions_kept": ("suppression that came of it", "suppressions that came of it"),
    "tombstones": ("record of a campaign that was deleted", "records of campaigns that were deleted"),
}


@dataclass(frozen=True)
class Row:
    """A counted kind of rows; `was` is another number that was shown before, or None."""

    words: str
    count: int
    was: int | None = None


def counted(counts: Mapping[str, int], shown: Mapping[str, int] | None = None) -> list[Row]:
    """What goes, most first; what there is none of, and was none of, is left out."""
    before = shown or {}
    rows = [Row(_words(label, count), count, _other(before.get(label), count)) for label, count in counts.items()]
    return sorted((row for row in rows if row.count or row.was), key=lambda row: -row.count)


def kept(counts: Mapping[str, int]) -> list[Row]:
    """What stays: other words for the same kinds."""
    return counted({f"{label}_kept" if f"{label}_kept" in WORDS else label: n for label, n in counts.items()})


def _words(label: str, count: int) -> str:
    plural = label.replace("_", " ")
    one, many = WORDS.get(label, (plural.removesuffix("s"), plural))
    return one if count == 1 else many


def _other(was: int | None, count: int) -> int | None:
    return None if was == count else was
