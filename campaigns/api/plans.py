"""/plans: what several campaigns are to bring in a time."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.operations import OperationsViewSet
from campaigns.models import CampaignPlan, CampaignStatus
from campaigns.ops.plans import standing
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import CreatedFilters, Day
from campaigns_project.rest.serializers import StrictModelSerializer
from campaigns_project.rest.viewsets import Changes, Creates, Deletes, Reads


class PlanSerializer(StrictModelSerializer):
    """A plan. A campaign is put into it by the campaign's own field `plan`."""

    broken = {"plan_named_once": ("name", "There is a plan of this name already.")}

    class Meta:
        model = CampaignPlan
        fields = [
            "id", "name", "goal", "starts_on", "ends_on", "target_metric", "target_value", "budgeted_touches",
            "calls_interested", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "updated_at"]


class PlannedCampaignSerializer(serializers.Serializer):
    """A campaign of the plan; dates are null where it has not come to them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.ChoiceField(CampaignStatus.choices)
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)


class ConflictSerializer(serializers.Serializer):
    """A week that asks for more mails than the senders may send."""

    year = serializers.IntegerField(help_text="Of the ISO week.")
    week = serializers.IntegerField()
    starts_on = serializers.DateField()
    needs = serializers.IntegerField()
    allowed = serializers.IntegerField()
    sentence = serializers.CharField()


class PlanStandingSerializer(serializers.Serializer):
    """How a plan stands. `actual` is null for a plan without a target."""

    actual = serializers.IntegerField(allow_null=True)
    target = serializers.IntegerField(allow_null=True)
    touches = serializers.IntegerField(help_text="Mails sent by its campaigns.")
    budgeted_touches = serializers.IntegerField(allow_null=True)
    campaigns = PlannedCampaignSerializer(many=True)
    conflicts = ConflictSerializer(many=True)
    is_partial = serializers.BooleanField(help_text="true: more mail waits than was counted for the weeks.")


class PlanFilters(CreatedFilters):
    q = filters.CharFilter("name", "icontains", label="A part of the name.")
    starts_on__gte = Day("starts_on", "gte", label="Begins on this day or later.")
    starts_on__lte = Day("starts_on", "lte", label="Begins on this day or earlier.")
    ends_on__gte = Day("ends_on", "gte", label="Ends on this day or later.")

    class Meta:
        model = CampaignPlan
        fields: list[str] = []


class PlanViewSet(Reads, Creates, Changes, Deletes, OperationsViewSet):
    """A campaign is in one plan at most, and stays when the plan goes."""

    noun = ("a plan", "plans")
    queryset = CampaignPlan.objects.select_related("organization")
    serializer_class = PlanSerializer
    filterset_class = PlanFilters
    roles = {"create": Role.MANAGER, "partial_update": Role.MANAGER, "destroy": Role.MANAGER}

    def parents(self) -> dict[str, Any]:
        return {**super().parents(), "created_by": self.request.user}

    @extend_schema(
        summary="See how a plan stands",
        description="What its campaigns brought against the target, when each runs, and weeks in which they need more "
        "mails than their senders allow. The weeks are an upper bound: nobody is thought to reply or leave.",
        responses=PlanStandingSerializer,
    )
    @action(detail=True)
    def standing(self, request: Request, **_address: str) -> Response:
        return Response(PlanStandingSerializer(standing(self.get_object(), now=timezone.now()).as_dict()).data)
