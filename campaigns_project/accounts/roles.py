"""Who may do what: four roles, each able to do all that the ones before it can."""

from django.db import models


class Role(models.TextChoices):
    """A person's or key's role in one organization, least first."""

    VIEWER = "viewer", "Viewer (reads)"
    OPERATOR = "operator", "Operator (works with leads and content)"
    MANAGER = "manager", "Manager (starts, deletes, configures)"
    OWNER = "owner", "Owner (people and keys)"

    def covers(self, needed: "Role | str") -> bool:
        """True when this role may do what `needed` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(Role(needed))
