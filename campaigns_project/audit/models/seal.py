"""The hash chain over the audit log: what waits to be sealed, the seals, what each of them covers, where a chain ends.

A chain is that of one organization, by its number, or the system's own (0). Writers of the log never touch a chain, so
they never wait for each other: a trigger puts each new entry on a list, and sealing takes from that list whatever has
been committed. A transaction that was open for long is sealed late, and nothing is missed or sealed twice.
"""

from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.db import models

from campaigns_project.accounts.tenancy import Tenanted
from campaigns_project.audit.triggers import append_only, never_truncated, only_grows

if TYPE_CHECKING:
    from campaigns_project.accounts.models import Organization

AWAIT_SEALING = pgtrigger.Trigger(
    name="await_sealing",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
        INSERT INTO audit_unsealed (entry_ref, chain)
        VALUES (NEW.id, coalesce(NEW.organization_ref, 0));
        RETURN NEW;
    """,
)


class SealQuerySet(models.QuerySet["AuditSeal"]):
    def for_organization(self, organization: "Organization") -> Self:
        return self.filter(chain=organization.pk)

    def for_organizations(self, organizations: Any) -> Self:
        return self.filter(chain__in=organizations)


class AuditSeal(Tenanted, models.Model):
    """One link of a chain. `hash` is over the digests of its entries and the link before it; `signature` proves that
    it was made with a key of this installation, which `key_name` names."""

    organization_path = "chain"

    chain = models.BigIntegerField(editable=False)
    number = models.PositiveBigIntegerField(editable=False)
    entries = models.PositiveIntegerField(editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    signature = models.CharField(max_length=64, editable=False)
    key_name = models.CharField(max_length=16, editable=False)
    sealed_at = models.DateTimeField(editable=False)

    objects = SealQuerySet.as_manager()

    class Meta:
        db_table = "audit_seals"
        ordering = ["chain", "number"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="audit_seal_number_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1, entries__gte=1), name="audit_seal_of_something"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"Seal {self.number} of chain {self.chain}"


class SealedEntry(models.Model):
    """An entry under a seal, and its digest (SHA-256) as it was then. The key keeps it from being sealed twice."""

    entry_ref = models.BigIntegerField("entry number", primary_key=True)
    seal = models.ForeignKey(AuditSeal, on_delete=models.DB_CASCADE, related_name="sealed_entries")
    digest = models.BinaryField()

    class Meta:
        verbose_name_plural = "sealed entries"
        db_table = "audit_sealed_entries"
        triggers = append_only()

    def __str__(self) -> str:
        return f"Entry {self.entry_ref}, sealed"


class UnsealedEntry(models.Model):
    """An entry that waits to be sealed, put here by a trigger on the log."""

    entry_ref = models.BigIntegerField("entry number", primary_key=True)
    chain = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "unsealed entries"
        db_table = "audit_unsealed"
        triggers = [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update), never_truncated()]

    def __str__(self) -> str:
        return f"Entry {self.entry_ref}, not sealed yet"


class ChainHead(models.Model):
    """Where a chain ends. Only ever moves on by one, so that links cannot be cut off its end unseen."""

    chain = models.BigIntegerField(primary_key=True)
    number = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_chain_heads"
        triggers = only_grows()

    def __str__(self) -> str:
        return f"Chain {self.chain} up to {self.number}"
