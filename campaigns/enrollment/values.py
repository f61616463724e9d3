"""Who cannot be written to for want of a value: asked of those who come to a campaign that was started already.

Of those who are in it before the start, pre-flight says so.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from django.db.models import Min, Q

from campaigns.content.errors import MergeValueMissing
from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS
from campaigns.merge_values import lead_values, mail_values, presence
from campaigns.models import Campaign, Sender, Variant
from campaigns_project.errors import Refused
from leads.models import Lead, LeadQuerySet

if TYPE_CHECKING:
    from campaigns.sending.wording import Wording

MOST_PATTERNS = 500  # sets of present fields that are tried; real lists have a handful


def without_values(campaign: Campaign, leads: LeadQuerySet) -> LeadQuerySet:
    """Those of `leads` for whom some wording of `campaign` shows a field that they have no value for.

    Each wording is rendered once for every combination of present and missing values. Whoever is not found by it, since
    there are more than MOST_PATTERNS of them, has that one mail fail.
    """
    # Templates and all they need take 8 MB: whoever takes people out of campaigns loads this module, and none of them.
    from campaigns.sending.wording import wording_of  # noqa: PLC0415

    variants = Variant.objects.filter(step__campaign=campaign, is_active=True).select_related("step")
    wordings = [wording_of(variant) for variant in variants]
    used = sorted({name for wording in wordings for name in wording.fields if _is_of_lead(name)})
    has = presence(used, lead="")
    annotated = leads.order_by().annotate(**has)
    if not has:
        return annotated.none()
    patterns = list(annotated.values(*has).annotate(example=Min("pk"))[:MOST_PATTERNS])
    people = Lead.objects.in_bulk([pattern["example"] for pattern in patterns])
    lacking = [row for row in patterns if _lacks_a_value(campaign, wordings, people[row.pop("example")])]
    if not lacking:
        return annotated.none()
    return cast(LeadQuerySet, annotated.filter(Q.create([Q(**row) for row in lacking], connector=Q.OR)))


def _is_of_lead(name: str) -> bool:
    return name in LEAD_FIELDS or name.startswith(CUSTOM_PREFIX)


def _lacks_a_value(campaign: Campaign, wordings: "list[Wording]", lead: Lead) -> bool:
    sender = Sender(name="Sender", email="sender@example.com")
    way_out = "https://example.com/unsubscribe"
    values = {**lead_values(lead), **mail_values(sender, campaign.organization, way_out)}
    return any(_is_missing(wording, values) for wording in wordings)


def _is_missing(wording: "Wording", values: Mapping[str, str]) -> bool:
    try:
        wording.render(values)
    except MergeValueMissing:
        return True
    except Refused:
        return False  # which no value would mend: the mail fails, and says why
    return False
