"""/lead-statuses: where each operator stands with a lead."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from campaigns.api.own import OwnRows
from campaigns.models import Campaign, LeadUserStatus, UserStatus
from campaigns.working_with_leads import change_status, clear_status, set_status
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, Moment
from campaigns_project.rest.serializers import ScopedRelatedField, StrictModelSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.models import Lead


class LeadUserStatusSerializer(StrictModelSerializer):
    """Where somebody stands with a lead. `campaign` is that of the lead's latest enrollment unless given."""

    lead: Any = ScopedRelatedField(queryset=Lead.objects.all())
    campaign: Any = ScopedRelatedField(queryset=Campaign.objects.all(), required=False, allow_null=True)
    user_name = serializers.SerializerMethodField(help_text="Whose status it is.")

    class Meta:
        model = LeadUserStatus
        fields = ["id", "lead", "campaign", "status", "user", "user_name", "created_at", "updated_at"]
        read_only_fields = ["user", "created_at", "updated_at"]

    def get_user_name(self, row: LeadUserStatus) -> str:
        return str(row.user)


class LeadUserStatusChangeSerializer(LeadUserStatusSerializer):
    """Another status; it stays where it was said."""

    lead: Any = serializers.PrimaryKeyRelatedField(read_only=True)
    campaign: Any = serializers.PrimaryKeyRelatedField(read_only=True)


class LeadStatusFilters(CreatedFilters):
    lead = IdFilter("lead", label="The number of a lead.")
    campaign = IdFilter("campaign", label="The number of a campaign.")
    user = IdFilter("user", label="The number of a person.")
    status = AnyOf(choices=UserStatus.choices)
    updated_at__gte = Moment("updated_at", "gte", label="Said at this time or later (RFC 3339).")
    updated_at__lt = Moment("updated_at", "lt", label="Said before this time (RFC 3339).")

    class Meta:
        model = LeadUserStatus
        fields: list[str] = []


class LeadStatusViewSet(OwnRows, Reads, Creates, Changes, Deletes, ApiViewSet):
    """A status belongs to whoever calls: one for each lead and campaign."""

    tag = "leads"
    noun = ("a lead status", "lead statuses")
    queryset = LeadUserStatus.objects.select_related("lead__organization", "campaign", "user")
    serializer_class = LeadUserStatusSerializer
    filterset_class = LeadStatusFilters
    owner = "user_id"

    @extend_schema(summary="Say where you stand with a lead", description="Replaces what you said for that campaign.")
    def create(self, *args: Any, **kwargs: Any) -> Any:
        return super().create(*args, **kwargs)

    def get_serializer_class(self) -> Any:
        return LeadUserStatusChangeSerializer if self.action == "partial_update" else LeadUserStatusSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        user: Any = self.request.user
        serializer.instance = set_status(**serializer.validated_data, user=user, actor=self.actor)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        row: Any = serializer.instance
        if "status" in serializer.validated_data:
            change_status(row=row, status=serializer.validated_data["status"], actor=self.actor)

    def perform_destroy(self, instance: Any) -> None:
        clear_status(status=instance, actor=self.actor)
