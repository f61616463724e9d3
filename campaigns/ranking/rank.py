"""Score and rank leads for a campaign: one statement for any number of them."""

from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from campaigns.locks import hold_ranking
from campaigns.models import Campaign, LeadRanking
from campaigns.ranking.rules import PointRule, read_point_rules, told
from campaigns_project.errors import StateRefused
from leads.models import LeadQuerySet
from leads.segments.asking import Asking


@transaction.atomic
def rank(*, campaign: Campaign, leads: LeadQuerySet, now: datetime) -> int:
    """Give every one of `leads` score, rank and reasons by the campaign's rules; how many they are.

    Rank 1 has the most points; among equals the lead that has been here longer comes first. Whoever was ranked before
    and is not among `leads` is ranked no more. Rows that come out the same are not written.
    """
    rules = read_point_rules(campaign.ranking_rules)
    if not rules:
        raise StateRefused("no_ranking_rules", f"“{campaign}” has no ranking rules.", "Give it some first.")
    hold_ranking(campaign.pk)
    try:
        scored, values = _scored(campaign, leads, rules, now).query.sql_with_params()
    except EmptyResultSet:
        LeadRanking.objects.filter(campaign=campaign.pk).delete()
        return 0
    names = told(campaign.organization_id, rules)
    columns = [f"rule_{place}" for place in range(len(rules))]
    statement = _SCORE.format(
        scored=scored,
        columns=", ".join(columns),
        reasons=", ".join(f"%s::text, nullif({column}, 0)" for column in columns),
        score=" + ".join(columns),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*names, *values])
        cursor.execute(_WRITE, {"campaign": campaign.pk, "now": now})
        cursor.execute(_FORGET, {"campaign": campaign.pk})
        cursor.execute("SELECT count(*) FROM ranked")
        number = cursor.fetchone()[0]
        cursor.execute("DROP TABLE ranked")
    return number


def _scored(campaign: Campaign, leads: LeadQuerySet, rules: list[PointRule], now: datetime) -> QuerySet:
    """The leads by id, each with the points of every rule."""
    asking = Asking(campaign.organization_id, now)
    points = {
        f"rule_{place}": Case(
            When(each.rule.field.condition(each.rule.operator, each.rule.value, asking), then=Value(each.points)),
            default=Value(0),
            output_field=IntegerField(),
        )
        for place, each in enumerate(rules)
    }
    own = leads.for_organization(campaign.organization).order_by()
    return own.annotate(lead_key=F("pk"), **points).values_list("lead_key", *points)


# Worked out once, then compared with what is there: most leads keep their place from one ranking to the next.
_SCORE = """
CREATE TEMPORARY TABLE ranked ON COMMIT DROP AS
SELECT lead_id, score, row_number() OVER (ORDER BY score DESC, lead_id) AS rank,
    jsonb_strip_nulls(jsonb_build_object({reasons})) AS reasons
FROM (SELECT *, {score} AS score FROM ({scored}) AS pointed(lead_id, {columns})) AS scored
"""

_WRITE = """
INSERT INTO lead_rankings AS known (campaign_id, lead_id, score, rank, reasons, computed_at)
SELECT %(campaign)s, lead_id, score, rank, reasons, %(now)s FROM ranked
ON CONFLICT (campaign_id, lead_id) DO UPDATE
SET score = excluded.score, rank = excluded.rank, reasons = excluded.reasons, computed_at = excluded.computed_at
WHERE (known.score, known.rank, known.reasons) IS DISTINCT FROM (excluded.score, excluded.rank, excluded.reasons)
"""

_FORGET = """
DELETE FROM lead_rankings known WHERE campaign_id = %(campaign)s
    AND NOT EXISTS (SELECT FROM ranked WHERE ranked.lead_id = known.lead_id)
"""
