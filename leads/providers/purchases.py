"""The journal of what was paid for: noted and committed before the call and after, so that nobody is bought twice.

Apollo knows no idempotency keys. A worker that dies between the call and its answer leaves `asked`; whoever comes next
turns that into `unclear`, buys the person not again by itself, and reports it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from campaigns_project.accounts.tenancy import OrganizationQuerySet
from leads.models import LeadImport, ProviderAccount, ProviderPurchase, PurchaseStatus
from leads.providers.errors import ProviderLimited
from leads.providers.values import Bought

# A call takes four minutes at most, with its tries and waits: after that, nobody is waiting for its answer.
STALE_AFTER = timedelta(minutes=5)
OPEN = (PurchaseStatus.ASKED, PurchaseStatus.UNCLEAR)


class PurchaseJournal:
    """Purchases with one key for one fetch; see `base.Purchases` for what is promised."""

    def __init__(self, account: ProviderAccount, *, lead_import: LeadImport | None, credit_limit: int | None):
        self._account = account
        self._lead_import = lead_import
        self._limit = credit_limit
        self._spent: Decimal | None = None

    def left(self) -> Decimal | None:
        if self._limit is None:
            return None
        if self._spent is None:
            self._spent = spent_on(self._lead_import) if self._lead_import else Decimal(0)
        return self._limit - self._spent

    def known(self, external_ids: Sequence[str]) -> dict[str, Bought]:
        rows = list(self._rows(external_ids))
        self._end_asking([row for row in rows if row.status == PurchaseStatus.ASKED], now=timezone.now())
        return {row.external_id: Bought(_seen(row), row.payload) for row in rows}

    def ask(self, external_ids: Sequence[str]) -> None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            of_import = self._lead_import.pk if self._lead_import else None
            account = self._account
            cursor.execute(_ASK, [account.organization_id, account.provider, of_import, list(external_ids)])
            asked = [row[0] for row in cursor.fetchall()]
        self._spend(Decimal(len(asked)))
        if len(asked) < len(external_ids):
            self.take_back(asked)
            raise _elsewhere(timezone.now() + STALE_AFTER)

    def answer(self, bought: Mapping[str, Bought]) -> None:
        with transaction.atomic(durable=True):
            for external_id, each in bought.items():
                # Also what somebody took for lost meanwhile: this is the answer.
                self._rows([external_id]).filter(status__in=OPEN).update(
                    status=each.status, payload=each.payload, credits=each.credits, answered_at=Now()
                )
        self._spend(sum((each.credits or Decimal(0) for each in bought.values()), Decimal(0)) - len(bought))

    def take_back(self, external_ids: Sequence[str]) -> None:
        # Ours alone: while we were held up, somebody may have let another fetch ask for them.
        self._rows(external_ids).filter(status=PurchaseStatus.ASKED, lead_import=self._lead_import).delete()
        self._spend(Decimal(-len(external_ids)))

    def lose(self, external_ids: Sequence[str]) -> None:
        self._rows(external_ids).filter(status=PurchaseStatus.ASKED).update(status=PurchaseStatus.UNCLEAR)

    def _rows(self, external_ids: Sequence[str]) -> OrganizationQuerySet:
        account = self._account
        return ProviderPurchase.objects.for_organization(account.organization).filter(
            provider=account.provider, external_id__in=external_ids
        )

    def _spend(self, more: Decimal) -> None:
        if self._spent is not None:
            self._spent += more

    def _end_asking(self, rows: list[ProviderPurchase], *, now: datetime) -> None:
        """Asked, and no answer: by this very fetch, before its worker died, or by another that may still be waiting."""
        waiting = [row.asked_at + STALE_AFTER for row in rows if not self._is_over(row, now)]
        if waiting:
            raise _elsewhere(max(waiting))
        self.lose([row.external_id for row in rows])

    def _is_over(self, row: ProviderPurchase, now: datetime) -> bool:
        is_ours = self._lead_import is not None and row.lead_import_id == self._lead_import.pk
        return is_ours or row.asked_at < now - STALE_AFTER


def spent_on(lead_import: LeadImport) -> Decimal:
    """Credits that a fetch has cost so far; what was asked for and has no answer counts as one each."""
    rows = ProviderPurchase.objects.filter(lead_import=lead_import)
    found = rows.aggregate(known=Sum("credits"), unknown=Count("pk", filter=Q(credits=None, status__in=OPEN)))
    return (found["known"] or Decimal(0)) + found["unknown"]


def unclear_purchases(account: ProviderAccount, *, now: datetime) -> QuerySet[ProviderPurchase]:
    """People who were asked for and of whom nobody knows whether they were paid for; those asked right now are not."""
    rows = ProviderPurchase.objects.for_organization(account.organization).filter(provider=account.provider)
    stale = Q(status=PurchaseStatus.ASKED, asked_at__lt=now - STALE_AFTER)
    return rows.filter(Q(status=PurchaseStatus.UNCLEAR) | stale, status__in=OPEN)


def _seen(row: ProviderPurchase) -> str:
    """`asked` is over when this is asked for."""
    return PurchaseStatus.UNCLEAR if row.status == PurchaseStatus.ASKED else row.status


def _elsewhere(retry_at: datetime) -> ProviderLimited:
    return ProviderLimited("Another fetch is asking for the same people at this moment.", retry_at=retry_at)


_ASK = """
INSERT INTO provider_purchases (organization_id, provider, status, lead_import_id, external_id)
SELECT %s, %s, 'asked', %s, unnest(%s::text[])
ON CONFLICT DO NOTHING
RETURNING external_id
"""
