"""Where a user may act, and in which role: what the API asks of everybody. (For the admin see `admin.held`.)"""

from campaigns_project.accounts.models import Organization, User
from campaigns_project.accounts.roles import Role

# A system administrator may act everywhere. Two say already that one of them has to be named.
ENOUGH = 2


def seats_of(user: User, *, slug: str | None = None) -> dict[Organization, Role]:
    """The organizations of `user` with its role in each, the greater of two; with `slug`, that organization alone.

    Of a system administrator's, who is an owner in all, up to ENOUGH. One query, asked with every request.
    """
    if not user.is_active or not user.is_authenticated:
        return {}
    if user.is_superuser:
        everywhere = Organization.objects.filter(slug=slug) if slug else Organization.objects.all()
        return dict.fromkeys(everywhere[:ENOUGH], Role.OWNER)
    seats: dict[Organization, Role] = {}
    for organization in Organization.objects.raw(_SEATS, {"user": user.pk, "slug": slug or ""}):
        role = Role(organization.role)  # type: ignore[attr-defined]  # a column of the query
        other = seats.get(organization)
        seats[organization] = other if other and other.covers(role) else role
    return seats


# In SQL, since putting the two together by the ORM takes longer than the whole rest of a small request.
_SEATS = """
SELECT organization.*, seat.role FROM organizations organization JOIN (
    SELECT organization_id, role FROM memberships WHERE user_id = %(user)s
    UNION ALL
    SELECT organization_id, role FROM service_accounts WHERE user_id = %(user)s
) seat ON seat.organization_id = organization.id
WHERE %(slug)s IN ('', organization.slug)
"""
