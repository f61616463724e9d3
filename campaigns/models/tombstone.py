"""What is left of a deleted campaign, and the triggers that see to it, whatever deletes: ORM, cascade or raw SQL."""

from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from campaigns_project.accounts.tenancy import Tenanted
from campaigns_project.audit.triggers import append_only

if TYPE_CHECKING:
    from campaigns_project.accounts.models import Organization

# Who, why and the counts are told by the use case through a transaction-local setting; a raw DELETE has none, and a
# setting that was used before reads '' and not NULL. A campaign that came back past the triggers (verify_schema finds
# it as campaign_was_deleted) has a tombstone already, and must be able to go again.
WRITE_TOMBSTONE = pgtrigger.Trigger(
    name="write_tombstone",
    operation=pgtrigger.Delete,
    when=pgtrigger.After,
    declare=[("told", "jsonb")],
    func="""
        told := coalesce(nullif(current_setting('app.deletion', true), '')::jsonb, '{}'::jsonb);
        INSERT INTO campaign_tombstones
            (id, campaign_slug, name, organization_ref, deleted_by, deleted_at, reason, counts)
        VALUES (OLD.id, OLD.campaign_id, OLD.name, OLD.organization_id, coalesce(told->>'actor', current_user),
                clock_timestamp(), coalesce(told->>'reason', ''), coalesce(told->'counts', '{}'::jsonb))
        ON CONFLICT DO NOTHING;
        RETURN OLD;
    """,
)

# AFTER, not BEFORE: an insert that waited on the unique index while the delete committed would pass a BEFORE trigger.
# It asks by trying to write the tombstone and taking that back: only a unique index knows what was committed after a
# REPEATABLE READ transaction took its snapshot.
REFUSE_TOMBSTONED = pgtrigger.Trigger(
    name="refuse_tombstoned",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("id", "campaign_id"),
    when=pgtrigger.After,
    declare=[("used", "text")],
    func="""
        BEGIN
            INSERT INTO campaign_tombstones (id, campaign_slug, name, organization_ref, deleted_by, reason, counts)
            VALUES (NEW.id, NEW.campaign_id, '', NEW.organization_id, '', '', '{}');
            RAISE SQLSTATE 'FL001';
        EXCEPTION
            WHEN SQLSTATE 'FL001' THEN
                RETURN NEW;
            WHEN unique_violation THEN
                GET STACKED DIAGNOSTICS used = CONSTRAINT_NAME;
        END;
        IF used = 'campaign_tombstones_pkey' THEN
            RAISE EXCEPTION 'campaign id % belonged to a deleted campaign and is never used again', NEW.id
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'campaign_id_tombstoned';
        END IF;
        RAISE EXCEPTION 'campaign ID "%" belonged to a deleted campaign and is never used again', NEW.campaign_id
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'campaign_slug_tombstoned';
    """,
)

# A form that was open when the deletion began would else bring back, with its stale values, what is half gone.
DELETING_IS_FINAL = pgtrigger.Trigger(
    name="deleting_is_final",
    operation=pgtrigger.UpdateOf("deleting_at", "status"),
    when=pgtrigger.Before,
    condition=pgtrigger.Q(old__deleting_at__isnull=False),
    func="""
        IF NEW.deleting_at IS NULL OR NEW.status <> OLD.status THEN
            RAISE EXCEPTION 'campaign % is being deleted', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_deleting_is_final';
        END IF;
        RETURN NEW;
    """,
)

# An id or campaign ID that a living campaign gave up would be free again, and no tombstone would know of it.
IDENTITY_STAYS = pgtrigger.Trigger(
    name="identity_stays",
    operation=pgtrigger.UpdateOf("id", "campaign_id"),
    when=pgtrigger.Before,
    condition=pgtrigger.AnyChange("id", "campaign_id"),
    func="""
        RAISE EXCEPTION 'campaign % keeps its id and its campaign ID, so that they are never used again', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'campaign_identity_stays';
    """,
)


class TombstoneQuerySet(models.QuerySet["CampaignTombstone"]):
    def for_organization(self, organization: "Organization") -> Self:
        return self.filter(organization_ref=organization.pk)

    def for_organizations(self, organizations: Any) -> Self:
        return self.filter(organization_ref__in=organizations)


class CampaignTombstone(Tenanted, models.Model):
    """Written by trigger on any deletion of a campaign; append-only. An id or slug in it is never given out again."""

    organization_path = "organization_ref"

    id = models.BigIntegerField("campaign number", primary_key=True)
    campaign_slug = models.CharField("campaign ID", max_length=100, unique=True)
    name = models.CharField(max_length=200)
    organization_ref = models.BigIntegerField("organization")
    deleted_by = models.CharField(max_length=254)
    deleted_at = models.DateTimeField(db_default=Now())
    reason = models.TextField(blank=True)
    counts = models.JSONField(default=dict)

    objects = TombstoneQuerySet.as_manager()

    class Meta:
        db_table = "campaign_tombstones"
        ordering = ["-deleted_at"]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.name} ({self.campaign_slug}), deleted"
