"""Row locks in the order all of us keep: campaigns and steps against deletion, recipients by id, campaigns to count."""

from django.db import connection

from campaigns.models import Campaign, Recipient


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


def hold_person(recipient: Recipient) -> bool:
    """Lock the person behind `recipient` in every campaign; False when this recipient is gone meanwhile.

    Of two who bring news at once the second waits here, then sees what the first did. All campaigns now, though the
    news may touch only one: what follows would take them one by one and out of order.
    """
    everywhere = Recipient.objects.filter(lead=recipient.lead_id)
    campaigns = sorted(everywhere.values_list("campaign_id", flat=True))
    hold_against_deletion(campaigns)
    held = list(everywhere.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    list(Campaign.objects.filter(pk__in=campaigns).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return recipient.pk in held
