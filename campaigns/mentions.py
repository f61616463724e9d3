"""Texts that hang on leads and may mention somebody else: searched when that person is erased.

Apps above put their own in here when they get ready.
"""

from collections.abc import Mapping

# Table to its texts. Constraints tell on which lead a row hangs, by any number of steps.
_texts: dict[str, tuple[str, ...]] = {
    "campaign_messages": ("merge_values", "subject", "smtp_reply"),
    "campaign_recipients": ("error_message",),
    "lead_changes": ("changes",),
    "lead_notes": ("text",),
}


def may_mention(table: str, *columns: str) -> None:
    """Have these columns of `table`, whose key is `id`, searched as well."""
    _texts[table] = columns


# The same for texts of an organization that hang on no lead: table to columns, beside those of `persons.texts`.
_of_organization: dict[str, tuple[str, ...]] = {
    "calendar_items": ("title", "note"),
    "campaign_plans": ("name", "goal"),
    "operator_tasks": ("title", "note", "checklist"),
}


def may_mention_anybody(table: str, *columns: str) -> None:
    """Have these columns of `table`, which has an `organization_id`, searched for everybody who is erased there."""
    _of_organization[table] = columns


def mentioning_anybody() -> Mapping[str, tuple[str, ...]]:
    """All of those: the columns by table."""
    return dict(_of_organization)


def mentioning() -> Mapping[str, tuple[str, ...]]:
    """All of them: the columns by table."""
    return dict(_texts)
