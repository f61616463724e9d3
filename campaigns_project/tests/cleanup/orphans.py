"""Orphans as they come about: rows whose campaign was deleted while they were loose, or while a key was missing."""

from typing import Any

from django.db import connection

from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory, LeadEnrichmentFactory, RawLeadFactory, StagedLeadFactory


def gone_campaign() -> int:
    """The number of a campaign that was deleted by raw SQL."""
    campaign = CampaignFactory()
    key = campaign.pk
    sql("DELETE FROM campaigns WHERE id = %s", key)
    return key


def loose_rows(campaign_id: int, count: int = 1) -> list[Any]:
    """Raw, staged and enriched rows that name this campaign, a chain of three for each of `count`."""
    chains = []
    for _ in range(count):
        raw = RawLeadFactory(campaign_id=campaign_id)
        staged = StagedLeadFactory(raw_lead=raw)
        chains.append((raw, staged, LeadEnrichmentFactory(staged_lead=staged)))
    return chains


def without_key(table: str, column: str) -> None:
    """Drop the foreign key of a column, as a hand-made change might."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # Postgres changes no table that waits for a check
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
        name = next(key for key, each in constraints.items() if each["foreign_key"] and each["columns"] == [column])
    sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def living_campaign() -> Campaign:
    return CampaignFactory()


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
