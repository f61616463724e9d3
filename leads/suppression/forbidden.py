"""The one rule by which an address is forbidden, in SQL and for Python: both must say the same of everybody."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from campaigns_project.accounts.models import Organization
from leads.addresses import domain_of
from leads.models import Suppression
from leads.suppression.hashes import hashes_of


def forbidden_sql(*, organization: str, addresses: str, campaign: str, at: str) -> str:
    """A condition: is one of `addresses` (addresses and domains) suppressed for `campaign`, at the time `at`?

    All four are SQL, of the caller's own making; a campaign of NULL asks only for what holds everywhere. An index
    probe for each row, whatever the length of the list: for the last look, which has some hundred rows and no time.
    Erased persons are not asked for: they have no lead.
    """
    # The organization as a sum, so that no index that begins with it will do: while the database does not know how many
    # rows each of them has, it may take such a one for as good, and read the whole list for each row.
    return f"""EXISTS (
        SELECT 1 FROM ({in_force_sql(organization=organization, at=at, own="suppression.organization_id + 0")}) listed
        WHERE listed.address IN ({addresses}) AND (listed.campaign_id IS NULL OR listed.campaign_id = {campaign})
    )"""  # noqa: S608 - texts of our own


def forbidden_among_sql(*, rows: str, addresses: Sequence[str], organization: str, campaign: str, at: str) -> str:
    """A SELECT of those of the `addresses` (addresses and domains) of `rows` that are suppressed for `campaign`.

    All are SQL of the caller's own making; `rows` is a table of the statement, some thousand people of one
    organization. The list is read once, whatever the database knows of its tables: where it has no statistics yet, it
    would take a join for one of single rows.
    """
    return f"""
        SELECT unnest(ARRAY[{", ".join(addresses)}]) FROM {rows}
        INTERSECT
        SELECT listed.address FROM ({in_force_sql(organization=organization, at=at)}) listed
        WHERE listed.campaign_id IS NULL OR listed.campaign_id = {campaign}
    """  # noqa: S608 - texts of our own


def in_force_sql(*, organization: str, at: str, own: str = "suppression.organization_id") -> str:
    """A SELECT of all that is suppressed in an organization at the time `at`: for a statement over everybody.

    To be joined by `address` with the addresses of leads, and once more with their domains, in one pass
    (`without_loops`); what it says of one campaign alone is for the caller to leave out. `own` is what is compared with
    the organization.
    """
    # The index is made for addresses that are not empty, and serves nobody who does not say so.
    return f"""
        SELECT suppression.address, suppression.campaign_id, suppression.reason, suppression.created_at
        FROM suppressions suppression
        WHERE {own} = {organization} AND suppression.address <> ''
          AND (suppression.expires_at IS NULL OR suppression.expires_at > {at})
    """  # noqa: S608 - texts of our own


def find_suppression(
    organization: Organization, address: str, *, campaign_id: int | None = None, now: datetime | None = None
) -> Suppression | None:
    """The suppression that forbids writing to the normalized `address`: by itself, by its domain, or as an erased one.

    What holds for one campaign alone counts only when that is the one asked about. What holds everywhere comes first.
    """
    kept_by = Q(address__in=[address, domain_of(address)]) | Q(address_hash__in=hashes_of(organization.pk, address))
    own = Suppression.objects.for_organization(organization).filter(kept_by)
    in_force = own.in_force(now or timezone.now(), campaign_id=campaign_id)
    return in_force.order_by(F("campaign_id").asc(nulls_first=True), "-pk").first()
