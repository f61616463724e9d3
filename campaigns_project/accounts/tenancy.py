"""One place that decides which rows an organization may see: every query of an edge starts here."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models

if TYPE_CHECKING:
    from campaigns_project.accounts.models import Organization


class OrganizationQuerySet(models.QuerySet):
    """Rows reachable from an organization by the model's `organization_path`."""

    def for_organization(self, organization: "Organization") -> Self:
        """Only the rows of `organization`."""
        return self.filter(**{self._path(): organization.pk})

    def for_organizations(self, organizations: Any) -> Self:
        """Only the rows of these organizations (a queryset or a list of them)."""
        return self.filter(**{f"{self._path()}__in": organizations})

    def _path(self) -> str:
        return self.model.organization_path  # type: ignore[attr-defined]  # every model with this queryset is Tenanted


class Tenanted:
    """Mixed into every model that belongs to an organization, directly or through its parent.

    `organization_path` is the look-up from the row to its organization; a model without a foreign key that must
    outlive the organization's rows names its plain column instead.
    """

    organization_path: ClassVar[str] = "organization"

    def organization_of(self) -> "Organization | None":
        """The organization this row belongs to; None where it is not set yet (a form that is being filled in)."""
        value: Any = self
        for part in self.organization_path.split("__"):
            value = getattr(value, part, None)
            if value is None:
                return None
        return value
