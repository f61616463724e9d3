"""Row locks in the order all of us keep: campaigns and steps against deletion, recipients by id, campaigns to count."""

from django.db import connection

from campaigns.models import Campaign, Recipient
from leads.models import LeadAlias

TRIES = 3  # a person may be merged again while one waits for the first merge


def hold_against_deletion(campaign_ids: list[int]) -> None:
    """Nobody deletes these campaigns or their steps until the transaction ends; whoever has begun is waited for.

    A deletion goes from the campaign down to its recipients, and so the other way round than those who count. The locks
    are the weakest there are (KEY SHARE): a sender that counts on the same campaign does not wait for us.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM campaigns WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE", [campaign_ids])
        cursor.execute(
            "SELECT FROM campaign_steps WHERE campaign_id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE", [campaign_ids]
        )


def hold_recipients(ids: list[int]) -> None:
    """Nobody changes these recipients until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM campaign_recipients WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE", [ids]
        )


def hold_person(recipient: Recipient) -> Recipient | None:
    """Lock the person behind `recipient` in every campaign; the recipient as it is then, None when it is gone.

    Of two who bring news at once the second waits here, then sees what the first did. All campaigns now, though the
    news may touch only one: what follows would take them one by one and out of order. Where two leads were made one
    meanwhile, who answers is the recipient that theirs went into.
    """
    for _ in range(TRIES):
        current = _current(recipient)
        if current is None or current.pk in _hold_everywhere(current.lead_id):
            return current
    return None


def _hold_everywhere(lead_id: int) -> list[int]:
    everywhere = Recipient.objects.filter(lead=lead_id)
    campaigns = sorted(everywhere.values_list("campaign_id", flat=True))
    hold_against_deletion(campaigns)
    held = list(everywhere.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    list(Campaign.objects.filter(pk__in=campaigns).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return held


def _current(recipient: Recipient) -> Recipient | None:
    living = Recipient.objects.select_related("campaign__organization", "lead")
    merged_into = LeadAlias.objects.filter(old_id=recipient.lead_id).values("lead")
    return (
        living.filter(pk=recipient.pk).first()
        or living.filter(lead__in=merged_into, campaign=recipient.campaign_id).first()
    )
