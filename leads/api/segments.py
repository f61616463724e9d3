"""/segments: saved questions about leads, the people they give, and how many those are."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.roles import Role
from campaigns_project.counting import Count, count
from campaigns_project.rest.filtering import PAGING
from campaigns_project.rest.paging import NewestInTime
from campaigns_project.rest.schema import example
from campaigns_project.rest.serializers import StrictModelSerializer, StrictSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.api.leads import LeadSerializer
from leads.api.rules import RulesField
from leads.models import Segment
from leads.segments.keeping import (
    change_segment,
    check_rules,
    freeze_segment,
    make_segment,
    remove_segment,
    unfreeze_segment,
)
from leads.segments.members import matching, members
from leads.segments.uses import uses_of
from leads.segments.words import in_words, words_of


@example(
    "Whoever decides and heard nothing for a month",
    name="Founders",
    rules={
        "groups": [
            {"rules": [{"field": "title", "operator": "has_any_word", "value": ["CEO", "founder"]}]},
            {"rules": [{"field": "last_contacted", "operator": "not_for_days", "value": 30}]},
        ]
    },
)
class SegmentSerializer(StrictModelSerializer):
    """A saved question. `words` says it in a sentence; once frozen, its members stay as they were."""

    rules = RulesField()
    words = serializers.SerializerMethodField()

    class Meta:
        model = Segment
        fields = ["id", "name", "description", "rules", "words", "frozen_at", "created_at", "updated_at"]
        read_only_fields = ["frozen_at", "created_at", "updated_at"]

    broken = {"segment_name_once_per_organization": ("name", "There is already a segment of this name.")}

    @extend_schema_field(serializers.CharField())
    def get_words(self, segment: Segment) -> str:
        known = self.context.get("words", {})
        return known[segment.pk] if segment.pk in known else words_of([segment])[segment.pk]


@extend_schema_serializer(component_name="SegmentUse")
class UseSerializer(serializers.Serializer):
    """Something that uses the segment."""

    kind = serializers.CharField(help_text="segment or campaign.")
    number = serializers.IntegerField()
    name = serializers.CharField()


@extend_schema_serializer(component_name="LeadCount")
class CountSerializer(serializers.Serializer):
    """How many leads; past 10,000 it is not counted on, and what takes too long to count is estimated."""

    count = serializers.IntegerField(source="number")
    is_capped = serializers.BooleanField(help_text="There are more.")
    is_estimate = serializers.BooleanField(help_text="Not counted: what the database expects.")


@extend_schema_serializer(component_name="SegmentPreview")
class PreviewedSerializer(CountSerializer):
    """What rules would give, before they are saved."""

    words = serializers.CharField()


class RulesSerializer(StrictSerializer):
    """Rules to try."""

    rules = RulesField()


@extend_schema_serializer(component_name="FrozenSegment")
class FrozenSerializer(serializers.Serializer):
    """A segment whose members are fixed now."""

    members = serializers.IntegerField()


class SegmentFilters(filters.FilterSet):
    q = filters.CharFilter("name", "istartswith", label="The start of the name.")

    class Meta:
        model = Segment
        fields: list[str] = []


class SegmentViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Segments are asked anew each time, unless they are frozen."""

    rehearses = ApiViewSet.rehearses | {"freeze", "unfreeze"}
    tag = "leads"
    noun = ("a segment", "segments")
    queryset = Segment.objects.all()
    serializer_class = SegmentSerializer
    filterset_class = SegmentFilters
    roles = {**ApiViewSet.roles, "preview": Role.VIEWER}
    query_parameters = {"members": PAGING}
    parted = ApiViewSet.parted | {"members"}

    def row_serializer(self) -> Any:
        return LeadSerializer() if self.action == "members" else super().row_serializer()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "words": getattr(self, "words_of_page", {})}

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        if self.action == "list":
            self.words_of_page = words_of(page or [])
        return page

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = make_segment(
            **serializer.validated_data,
            organization=self.organization,
            actor=self.actor,
            created_by=self.request.user,  # type: ignore[arg-type]
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = change_segment(
            segment=serializer.instance, changes=serializer.validated_data, actor=self.actor
        )

    @extend_schema(description="Refused (409) while another segment asks for it.")
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Any) -> None:
        remove_segment(segment=instance, actor=self.actor)

    @extend_schema(
        summary="Try rules: how many they give, and the sentence they make",
        request=RulesSerializer,
        responses={200: PreviewedSerializer},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def preview(self, request: Request) -> Response:
        asked = RulesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        rules = check_rules(self.organization, asked.validated_data["rules"])
        found = count(matching(self.organization, rules, now=timezone.now()))
        said = {"words": in_words(self.organization.pk, rules)}
        return Response({**CountSerializer(found).data, **said})

    @extend_schema(summary="Count a segment", responses={200: CountSerializer})
    @action(detail=True, pagination_class=None)
    def count(self, request: Request, **_address: str) -> Response:
        found: Count = count(members(self.get_object(), now=timezone.now()))
        return Response(CountSerializer(found).data)

    @extend_schema(summary="List the leads of a segment", responses={200: LeadSerializer(many=True)})
    @action(detail=True, pagination_class=NewestInTime, filterset_class=None)
    def members(self, request: Request, **_address: str) -> Response:
        leads = members(self.get_object(), now=timezone.now())
        page = self.paginate_queryset(leads.prefetch_related("lead_tags__tag"))
        return self.get_paginated_response(LeadSerializer(page, many=True).data)

    @extend_schema(summary="List what uses a segment", responses={200: UseSerializer(many=True)})
    @action(detail=True, pagination_class=None)
    def uses(self, request: Request, **_address: str) -> Response:
        return Response(UseSerializer(uses_of(self.get_object()), many=True).data)

    @extend_schema(
        summary="Fix the members of a segment as they are now", request=None, responses={200: FrozenSerializer}
    )
    @action(detail=True, methods=["post"], pagination_class=None)
    def freeze(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        number = freeze_segment(segment=self.get_object(), actor=self.actor, now=timezone.now())
        return Response({"members": number})

    @extend_schema(summary="Have a frozen segment asked anew again", request=None, responses={200: SegmentSerializer})
    @action(detail=True, methods=["post"], pagination_class=None)
    def unfreeze(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        unfreeze_segment(segment=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)
