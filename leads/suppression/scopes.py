"""The campaign a suppression is for: known by its number alone, and looked up in the organization before it is used."""

from django.db.models import BigIntegerField, Case, CharField, F, Func, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound
from leads.models import Suppression, SuppressionQuerySet

_OF_CAMPAIGN = "^campaign [0-9]{1,18}$"  # how those whose mail bounced, or who opted out by it, say their source


def campaigns_of(organization: Organization) -> dict[int, str]:
    """The living campaigns of `organization` by number, the newest first, with their names."""
    # By the declared reference: this app is below campaigns and knows nothing of them but where its column leads.
    reference = Suppression.loose_references[0]
    living = reference.target._default_manager.living().for_organization(organization)  # type: ignore[attr-defined]
    return {campaign.pk: str(campaign) for campaign in living.order_by("-pk")[:1_000]}


def with_campaign_names(suppressions: SuppressionQuerySet) -> SuppressionQuerySet:
    """The same with what campaigns are called: `campaign_name` is the one that each is for, and `source_name` the one
    whose mail led to it; None where there is none."""
    campaigns = Suppression.loose_references[0].target._default_manager
    number = Func(F("source"), Value(" "), Value(2), function="split_part", output_field=CharField())
    led = Case(When(source__regex=_OF_CAMPAIGN, then=Cast(number, BigIntegerField())))
    own = campaigns.filter(organization=OuterRef("organization"))
    return suppressions.annotate(source_campaign=led).annotate(
        campaign_name=Subquery(own.filter(pk=OuterRef("campaign_id")).values("name")),
        source_name=Subquery(own.filter(pk=OuterRef("source_campaign")).values("name")),
    )


def require_scope(organization: Organization, campaign_id: int) -> None:
    """NotFound unless `organization` has a living campaign of this number."""
    reference = Suppression.loose_references[0]
    living = reference.target._default_manager.living().for_organization(organization)  # type: ignore[attr-defined]
    if not living.filter(pk=campaign_id).exists():
        raise NotFound(
            "not_found",
            f"There is no campaign {campaign_id} in this organization.",
            "Leave it out to suppress everywhere.",
            {"field": "campaign_id"},
        )
