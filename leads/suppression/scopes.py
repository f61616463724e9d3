"""The campaign a suppression is for: known by its number alone, and looked up in the organization before it is used."""

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound
from leads.models import Suppression


def campaigns_of(organization: Organization) -> dict[int, str]:
    """The living campaigns of `organization` by number, the newest first, with their names."""
    # By the declared reference: this app is below campaigns and knows nothing of them but where its column leads.
    reference = Suppression.loose_references[0]
    living = reference.target._default_manager.living().for_organization(organization)  # type: ignore[attr-defined]
    return {campaign.pk: str(campaign) for campaign in living.order_by("-pk")[:1_000]}


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
