"""An organization by what people call it."""

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound


def find_organization(slug: str) -> Organization:
    """The organization by slug; NotFound names those there are."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        some = ", ".join(Organization.objects.values_list("slug", flat=True)[:10]) or "none yet; seed_demo makes one"
        raise NotFound("organization_not_found", f"There is no organization “{slug}”.", f"There are: {some}.")
    return organization
