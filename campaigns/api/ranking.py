"""/campaigns/{campaign}/ranking and /ranking-rules: how well leads fit a campaign, and by what."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import ranking
from campaigns.api.finding import InCampaign
from campaigns.api.jobs import JobSerializer
from campaigns.api.selecting import SelectionSerializer, selection_of
from campaigns.models import Campaign, LeadRanking
from campaigns.ranking.asking import AT_ONCE
from campaigns.ranking.rules import MOST_POINTS
from campaigns_project.rest.filtering import IdFilter
from campaigns_project.rest.paging import NewestFirst
from campaigns_project.rest.serializers import KeptJSONField, StrictSerializer
from campaigns_project.states import ProgressStatus
from leads.api.rules import RuleSerializer


class RankingSerializer(serializers.ModelSerializer):
    """The place of one lead. `reasons` has the rules that gave points, in words, each with its points."""

    email = serializers.CharField(source="lead.email")
    reasons = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, help_text="Rule to points, those that gave any."
    )
    computed_at = serializers.DateTimeField(read_only=True, help_text="When it last came out otherwise.")

    class Meta:
        model = LeadRanking
        fields = ["rank", "lead", "email", "score", "reasons", "computed_at"]
        read_only_fields = fields


class PointRuleSerializer(RuleSerializer):
    """A question, and what a yes is worth."""

    points = serializers.IntegerField(min_value=-MOST_POINTS, max_value=MOST_POINTS, help_text="Not 0.")


@extend_schema_field(PointRuleSerializer(many=True))
class PointRulesField(KeptJSONField):
    """A list of rules as they are written."""


class RankingRulesSerializer(StrictSerializer):
    """The rules with their points."""

    rules = PointRulesField()


class ToldRulesSerializer(serializers.Serializer):
    """The rules as they stand."""

    rules = PointRulesField()
    words = serializers.ListField(child=serializers.CharField(), help_text="Each rule in words, in the same order.")


class ByRank(NewestFirst):
    """The best first."""

    ordering = "rank"


class RankingFilters(filters.FilterSet):
    lead = IdFilter("lead", label="The number of a lead.")

    class Meta:
        model = LeadRanking
        fields: list[str] = []


class RankingViewSet(mixins.ListModelMixin, InCampaign):
    """The ranking as it was made last; rules that changed since count with the next one."""

    tag = "campaigns"
    noun = ("a ranked lead", "ranked leads")
    queryset = LeadRanking.objects.select_related("lead")
    serializer_class = RankingSerializer
    filterset_class = RankingFilters
    pagination_class = ByRank

    @extend_schema(
        summary="Rank leads",
        description=f"All who are selected, and nobody else. Up to {AT_ONCE:,} at once (200), more by a job (202).",
        request=SelectionSerializer,
        responses={200: JobSerializer, 202: JobSerializer},
    )
    def create(self, request: Request, **_address: str) -> Response:
        asked = SelectionSerializer(data=request.data or {"everyone": True})
        asked.is_valid(raise_exception=True)
        selection = selection_of(asked.validated_data)
        job = ranking.ask_ranking(campaign=self.campaign, selection=selection, actor=self.actor, now=timezone.now())
        is_done = job.status in ProgressStatus.ended
        code = status.HTTP_200_OK if is_done else status.HTTP_202_ACCEPTED
        return Response(JobSerializer(job).data, status=code, headers={"Location": f"/api/v1/jobs/{job.pk}"})


class RankingRulesViewSet(InCampaign):
    """What leads are ranked by."""

    rehearses = frozenset({"replace"})
    tag = "campaigns"
    queryset = Campaign.objects.all()
    campaign_path = "pk"
    serializer_class = ToldRulesSerializer
    pagination_class = None
    filter_backends: list[Any] = []
    shows = frozenset({"read"})
    guards = frozenset({"replace"})

    def hold(self) -> Any:
        return ranking.read_point_rules(self.hold_campaign().ranking_rules)

    def shown(self, row: Any) -> Any:
        return self._told(row)

    @extend_schema(summary="Read the ranking rules", responses=ToldRulesSerializer)
    def read(self, request: Request, **_address: str) -> Response:
        return Response(self._told(ranking.read_point_rules(self.campaign.ranking_rules)))

    @extend_schema(
        summary="Set the ranking rules",
        description="All of them: what is not sent is gone.",
        request=RankingRulesSerializer,
        responses=ToldRulesSerializer,
    )
    def replace(self, request: Request, **_address: str) -> Response:
        asked = RankingRulesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        rules = asked.validated_data["rules"]
        return Response(self._told(ranking.set_ranking_rules(campaign=self.campaign, rules=rules, actor=self.actor)))

    def _told(self, rules: list[ranking.PointRule]) -> dict[str, Any]:
        return {"rules": [each.as_json() for each in rules], "words": ranking.told(self.organization.pk, rules)}
