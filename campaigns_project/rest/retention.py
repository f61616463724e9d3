"""/retention: for how many days an organization keeps what tells of single people."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.api import OrganizationScoped
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.models.organization import LEAST_KEPT_DAYS, MOST_KEPT_DAYS
from campaigns_project.accounts.retention import keep_for
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.serializers import StrictSerializer
from campaigns_project.rest.viewsets import StrictView


class RetentionSerializer(StrictSerializer):
    """Days after which workers clear what is older, for good; null keeps it for ever. Rows and counts stay."""

    values_kept_days = serializers.IntegerField(
        min_value=LEAST_KEPT_DAYS,
        max_value=MOST_KEPT_DAYS,
        allow_null=True,
        required=False,
        help_text="Of the values of mails sent, by which a mail can be shown again.",
    )
    details_kept_days = serializers.IntegerField(
        min_value=LEAST_KEPT_DAYS,
        max_value=MOST_KEPT_DAYS,
        allow_null=True,
        required=False,
        help_text="Of the details of events: addresses and programs of visitors, what servers said, words of replies.",
    )


class RetentionViewSet(StrictView, OrganizationScoped, viewsets.ViewSet):
    """One for each organization."""

    rehearses = frozenset({"change"})
    tag = "me"
    roles = {"change": Role.OWNER}
    shows = frozenset({"read", "change"})
    guards = frozenset({"change"})

    def hold(self) -> Organization:
        return Organization.objects.select_for_update(no_key=True).get(pk=self.organization.pk)

    def shown(self, row: Organization) -> Any:
        return RetentionSerializer(row).data

    @extend_schema(summary="Read how long what tells of people is kept", responses=RetentionSerializer)
    def read(self, request: Request) -> Response:
        return Response(RetentionSerializer(self.organization).data)

    @extend_schema(
        summary="Change how long what tells of people is kept",
        description="A shorter time is in force within the hour, and what was cleared does not come back.",
        request=RetentionSerializer,
        responses=RetentionSerializer,
    )
    def change(self, request: Request) -> Response:
        asked = RetentionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = keep_for(organization=self.organization, days=asked.validated_data, actor=self.actor)
        return Response(RetentionSerializer(changed).data)
