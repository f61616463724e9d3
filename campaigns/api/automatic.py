"""/campaigns/{id}/standing-audience, /activate and /deactivate: whom a campaign enrolls by itself."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import automatic
from campaigns.api.campaign import CampaignSerializer
from campaigns.api.verbs import ReasonSerializer
from campaigns.automatic import Look, StandingAudience
from campaigns.automatic.audience import MOST_AT_ONCE, USUAL
from campaigns.enrollment.take_in import SkipReason
from campaigns.models import Campaign
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.serializers import ScopedRelatedField, StrictSerializer
from leads.models import Segment, Tag


class AudienceSerializer(StrictSerializer):
    """Everybody of one of the segments, but nobody of others and nobody with some tags; all by their numbers."""

    segments = ScopedRelatedField(queryset=Segment.objects.all(), many=True, allow_empty=False)
    exclude_segments = ScopedRelatedField(queryset=Segment.objects.all(), many=True, required=False, default=list)
    exclude_tags = ScopedRelatedField(queryset=Tag.objects.all(), many=True, required=False, default=list)
    at_most = serializers.IntegerField(
        min_value=1, max_value=MOST_AT_ONCE, default=USUAL, help_text="So many people a look enrolls; the next goes on."
    )
    before_start = serializers.BooleanField(default=False, help_text="Enroll while it is a draft or scheduled, too.")


class LookSerializer(serializers.Serializer):
    """What a look for new people came to."""

    at = serializers.DateTimeField()
    enrolled = serializers.IntegerField()
    skipped = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=f"Who belongs to the audience and stayed out, by reason: {', '.join(SkipReason.values)}.",
    )
    seconds = serializers.FloatField()
    refused = serializers.CharField(allow_blank=True, help_text="Why nobody could be looked for; empty usually.")
    put_off = serializers.CharField(allow_blank=True, help_text="Why the next one has to wait; empty usually.")


class StandingAudienceSerializer(serializers.Serializer):
    """The audience as it is kept; of a campaign that is not automatic nobody is in it."""

    is_automatic = serializers.BooleanField(help_text="Whether the campaign is automatic.")
    is_active = serializers.BooleanField(help_text="Whether that is switched on.")
    deactivated_at = serializers.DateTimeField(allow_null=True)
    segments = serializers.ListField(child=serializers.IntegerField())
    exclude_segments = serializers.ListField(child=serializers.IntegerField())
    exclude_tags = serializers.ListField(child=serializers.IntegerField())
    at_most = serializers.IntegerField()
    before_start = serializers.BooleanField()
    in_words = serializers.CharField(allow_blank=True)
    next_look_at = serializers.DateTimeField(allow_null=True, help_text="Null: as soon as its state lets it.")
    last_look = LookSerializer(allow_null=True)


class CampaignAudience:
    """Mixed into the campaigns' viewset. Who comes in gets mail without anybody's doing: it takes a manager."""

    audience_roles: ClassVar[Mapping[str, Role]] = dict.fromkeys(
        ("set_standing_audience", "clear_standing_audience", "activate", "deactivate"), Role.MANAGER
    )

    rehearsed_audience: ClassVar[frozenset[str]] = frozenset(audience_roles)

    @extend_schema(summary="See whom a campaign enrolls by itself", responses=StandingAudienceSerializer)
    @action(detail=True, url_path="standing-audience")
    def standing_audience(self, request: Request, **_address: str) -> Response:
        return _told(self.get_object())  # type: ignore[attr-defined]

    @extend_schema(
        summary="Make a campaign automatic",
        description="From now on, while it runs, workers enroll whoever belongs to this audience and was never in the "
        f"campaign, every {automatic.EVERY.seconds // 60} minutes or so. Refused (409) for a campaign that has ended.",
        request=AudienceSerializer,
        responses=StandingAudienceSerializer,
    )
    @standing_audience.mapping.post
    def set_standing_audience(self, request: Request, **_address: str) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        asked = AudienceSerializer(data=request.data, context=self.get_serializer_context())  # type: ignore[attr-defined]
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = {
            name: tuple(row.pk for row in value) if isinstance(value, list) else value
            for name, value in asked.validated_data.items()
        }
        audience = StandingAudience(**given)
        return _told(
            automatic.set_audience(campaign=campaign, audience=audience, actor=self.actor, now=timezone.now())  # type: ignore[attr-defined]
        )

    @extend_schema(
        summary="Make a campaign one whose people are put in by hand",
        description="Who is in it stays. Refused (409) where it is so already.",
        request=None,
        responses={204: None},
    )
    @standing_audience.mapping.delete
    def clear_standing_audience(self, request: Request, **_address: str) -> Response:
        automatic.clear_audience(campaign=self.get_object(), actor=self.actor, now=timezone.now())  # type: ignore[attr-defined]
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Switch automatic enrollment on",
        description="Refused (409) where it is on, or the campaign has no standing audience.",
        request=ReasonSerializer,
        responses=CampaignSerializer,
    )
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, **_address: str) -> Response:
        return self._switch(automatic.activate, request)

    @extend_schema(
        summary="Switch automatic enrollment off",
        description="Who is in the campaign goes on; a running one in which nobody is left completes. Refused (409) "
        "where it is off, or the campaign has no standing audience.",
        request=ReasonSerializer,
        responses=CampaignSerializer,
    )
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, **_address: str) -> Response:
        return self._switch(automatic.deactivate, request)

    def _switch(self, act: Any, request: Request) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        switched = act(campaign=campaign, actor=self.actor, now=timezone.now(), **asked.validated_data)  # type: ignore[attr-defined]
        return Response(self.get_serializer(switched).data)  # type: ignore[attr-defined]


def _told(campaign: Campaign) -> Response:
    audience = automatic.audience_of(campaign) or StandingAudience(segments=())
    told = {
        **audience.as_json(),
        **{name: getattr(campaign, name) for name in ("is_automatic", "is_active", "deactivated_at", "next_look_at")},
        "in_words": automatic.audience_in_words(campaign),
        "last_look": Look.of(campaign),
    }
    return Response(StandingAudienceSerializer(told).data)
