"""One place that decides which rows an organization may see: every query of an edge starts here."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from campaigns_project.references import LooseReference

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

    def living(self) -> Self:
        """Without rows of what is being deleted, and without those whose loose reference leads nowhere any more.

        What belongs to nothing that can go (a lead, a job that outlives its campaign) is always among them.
        """
        living = self.filter(**{self.model.deleting_path: None}) if self.model.deleting_path else self  # type: ignore[attr-defined]
        for reference in getattr(self.model, "loose_references", ()):
            living = living.filter(Q(**{reference.column: None}) | Exists(_living_target(reference)))
        return living

    def _path(self) -> str:
        return self.model.organization_path  # type: ignore[attr-defined]  # every model with this queryset is Tenanted


class Tenanted:
    """Mixed into every model that belongs to an organization, directly or through its parent.

    `organization_path` is the look-up from the row to its organization; a model without a foreign key that must
    outlive the organization's rows names its plain column instead. `deleting_path` is the look-up from a row that goes
    with a campaign to when the campaign's deletion began (empty for all others): see `living`.
    """

    organization_path: ClassVar[str] = "organization"
    deleting_path: ClassVar[str] = ""

    def organization_of(self) -> "Organization | None":
        """The organization this row belongs to; None where it is not set yet (a form that is being filled in)."""
        value: Any = self
        for part in self.organization_path.split("__"):
            value = getattr(value, part, None)
            if value is None:
                return None
        return value


def living[Rows: models.QuerySet](rows: Rows) -> Rows:
    """`rows` without what is being deleted; as they are where their model knows no such thing (see `living` above)."""
    return rows.living() if isinstance(rows, OrganizationQuerySet) else rows


def _living_target(reference: LooseReference) -> models.QuerySet:
    return reference.target._default_manager.living().filter(pk=OuterRef(reference.column))  # type: ignore[attr-defined]
