"""/tags: words put on leads."""

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from rest_framework import serializers

from campaigns_project.rest.serializers import StrictModelSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.models import LeadTag, Tag

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


class TagFilters(filters.FilterSet):
    q = filters.CharFilter("name", "icontains", label="A part of the name.")

    class Meta:
        model = Tag
        fields: list[str] = []


class TagViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Deleting a tag takes it off its leads and changes nothing else."""

    tag = "leads"
    noun = ("a tag", "tags")
    queryset = Tag.objects.annotate(lead_count=_COUNT)
    serializer_class = TagSerializer
    filterset_class = TagFilters
