"""The counters of a campaign set to what a recount gives."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from campaigns.models import Campaign
from campaigns.verifying.counters import MAILS, OF_MAILS, OF_PEOPLE, PEOPLE
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record


@dataclass(frozen=True, slots=True)
class Miscount:
    """A counter that is not what a recount gives."""

    name: str
    kept: int
    counted: int


def miscounts(*, campaign_id: int) -> list[Miscount]:
    """The counters that are wrong. While mails are being sent one may have moved in between: `recount` waits for it."""
    campaign = Campaign.objects.living().filter(pk=campaign_id).first()
    return _compared(campaign) if campaign else []


@transaction.atomic
def recount(*, campaign_id: int, actor: Actor) -> list[Miscount]:
    """Set the counters that are wrong right; answers what was. Whoever counts on the campaign waits meanwhile.

    What others have done and not yet counted, since they wait here, is not seen by the recount, and counted by them.
    """
    campaign = Campaign.objects.living().select_for_update(no_key=True).filter(pk=campaign_id).first()
    wrong = _compared(campaign) if campaign else []
    if campaign and wrong:
        Campaign.objects.filter(pk=campaign.pk).update(**{each.name: each.counted for each in wrong})
        record(
            action="campaign.recounted",
            entity=campaign,
            organization_id=campaign.organization_id,
            actor=actor,
            before={each.name: each.kept for each in wrong},
            after={each.name: each.counted for each in wrong},
        )
    return wrong


def _compared(campaign: Campaign) -> list[Miscount]:
    counted = _counted(campaign.pk)
    kept = {name: getattr(campaign, name) for name in counted}
    return [Miscount(name, kept[name], counted[name]) for name in counted if kept[name] != counted[name]]


def _counted(campaign_id: int) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"campaign": campaign_id})
        return dict(zip((*OF_PEOPLE, *OF_MAILS), cursor.fetchone(), strict=True))


_RECOUNT = f"""
SELECT * FROM
    (SELECT {", ".join(OF_PEOPLE.values())} FROM {PEOPLE} AND recipient.campaign_id = %(campaign)s) AS people,
    (SELECT {", ".join(OF_MAILS.values())} FROM {MAILS} AND recipient.campaign_id = %(campaign)s) AS mails
"""  # noqa: S608 - our own text
