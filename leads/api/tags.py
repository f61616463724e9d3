"""/tags: words put on leads."""

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.roles import Role
from campaigns_project.rest.serializers import ScopedRelatedField, StrictModelSerializer, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.models import LeadTag, Tag
from leads.tagging import refuse_separator
from leads.tags import merge_tags, remove_tag

# A subquery and not a join: rows of a GROUP BY cannot be locked for a change.
_CARRIERS = LeadTag.objects.filter(tag=OuterRef("pk")).order_by().values("tag").annotate(number=Count("pk"))
_COUNT = Coalesce(Subquery(_CARRIERS.values("number")), 0)


class TagSerializer(StrictModelSerializer):
    """A word put on leads; unique in any case."""

    # One that was just made has no leads yet, and no such column either.
    lead_count = serializers.IntegerField(read_only=True, default=0, help_text="How many leads carry it.")

    broken = {"tag_name_once_per_organization": ("name", "There is already a tag of this name.")}

    class Meta:
        model = Tag
        fields = ["id", "name", "color", "lead_count", "created_at"]
        read_only_fields = ["created_at"]

    def validate_name(self, name: str) -> str:
        if self.instance is None or name != self.instance.name:
            refuse_separator(name, field="name")
        return name


class MergeTagSerializer(StrictSerializer):
    """Which tag takes the leads of this one."""

    into = ScopedRelatedField(queryset=Tag.objects.all())


class TagFilters(filters.FilterSet):
    q = filters.CharFilter("name", "icontains", label="A part of the name.")

    class Meta:
        model = Tag
        fields: list[str] = []


class TagViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Deleting a tag takes it off its leads; refused (409) while a segment asks for it."""

    rehearses = ApiViewSet.rehearses | {"merge"}
    tag = "leads"
    noun = ("a tag", "tags")
    queryset = Tag.objects.annotate(lead_count=_COUNT)
    serializer_class = TagSerializer
    filterset_class = TagFilters
    live = frozenset({"lead_count"})
    roles = {**ApiViewSet.roles, "merge": Role.MANAGER}

    @extend_schema(
        summary="Merge a tag into another one",
        description="Its leads get the other one, segments ask for the other one, and it is gone.",
        request=MergeTagSerializer,
        responses={200: TagSerializer},
    )
    @action(detail=True, methods=["post"], pagination_class=None)
    def merge(self, request: Request, **_address: str) -> Response:
        tag = self.get_object()
        asked = MergeTagSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        into = asked.validated_data["into"]
        merge_tags(tag=tag, into=into, actor=self.actor)
        return Response(self.get_serializer(self.get_queryset().get(pk=into.pk)).data)

    def perform_destroy(self, instance: Any) -> None:
        remove_tag(tag=instance, actor=self.actor)
