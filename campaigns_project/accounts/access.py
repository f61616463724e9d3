"""What a logged-in user may see and do, asked by admin and API alike."""

from django.db.models import Q

from campaigns_project.accounts.models import Membership, Organization, ServiceAccount, User
from campaigns_project.accounts.roles import Role


def organizations_of(user: User, *, needing: Role = Role.VIEWER):
    """The organizations in which `user` has at least the role `needing`; all of them for a system administrator."""
    if not user.is_active or not user.is_authenticated:
        return Organization.objects.none()
    if user.is_superuser:
        return Organization.objects.all()
    enough = [role for role in Role if role.covers(needing)]
    by_key = ServiceAccount.objects.filter(user=user, role__in=enough).values("organization")
    by_person = Membership.objects.filter(user=user, role__in=enough).values("organization")
    return Organization.objects.filter(Q(pk__in=by_person) | Q(pk__in=by_key))


def role_in(user: User, organization: Organization) -> Role | None:
    """The role of `user` in `organization`; None where it has none."""
    if user.is_superuser:
        return Role.OWNER
    as_person, as_key = (
        model.objects.filter(user=user, organization=organization).values_list("role", flat=True)
        for model in (Membership, ServiceAccount)
    )
    return max((Role(role) for role in as_person.union(as_key).order_by()), key=list(Role).index, default=None)


def seats_of(user: User) -> dict[Organization, Role]:
    """The organizations that `user` is named in, with its role in each; a system administrator needs no seat anywhere.

    One query, asked with every request.
    """
    if not user.is_active or not user.is_authenticated:
        return {}
    seats: dict[Organization, Role] = {}
    for organization in Organization.objects.raw(_SEATS, {"user": user.pk}):
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
"""


def may(user: User, organization: Organization | None, needed: Role) -> bool:
    """True when `user` has at least the role `needed` in `organization`."""
    if organization is None:
        return False
    role = role_in(user, organization)
    return role is not None and role.covers(needed)
