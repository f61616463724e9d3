"""/leads/{id}/timeline and /leads/{id}/merge: one lead over all apps."""

import re
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from campaigns_project.rest.serializers import ScopedRelatedField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet
from leads.models import Lead
from tracking.merging import Choice, FateCode, MergePlan, merge_leads, preview_merge
from tracking.timeline import EntryKind, Show, expected_next, timeline
from tracking.timeline.read import PAGE

ONE_LEAD = r"leads/(?P<id>[0-9]{1,18})"
LARGEST_PAGE = 200


@extend_schema_serializer(component_name="TimelineEntry")
class EntrySerializer(serializers.Serializer):
    """Something that happened with the lead."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    title = serializers.CharField(help_text="A sentence for people.")
    detail = serializers.CharField(help_text="What there is to know beside it; may be empty.")
    actor = serializers.CharField(help_text="Who did it, where a person or key did.")
    refs = serializers.DictField(
        child=serializers.IntegerField(), help_text="Numbers of what it speaks of: campaign, recipient, message, ..."
    )
    data = serializers.DictField(help_text="By kind: what came with an event, fields before and after, ...")  # type: ignore[assignment]


class ExpectedSerializer(serializers.Serializer):
    """The mail that comes next, or why none does."""

    campaign = serializers.IntegerField(source="recipient.campaign_id")
    recipient = serializers.IntegerField(source="recipient.pk")
    next_send_at = serializers.DateTimeField(source="standing.next_send_at", allow_null=True)
    code = serializers.CharField(source="standing.code.value", help_text="As in the recipient's sending status.")
    sentence = serializers.CharField()


class TimelineSerializer(serializers.Serializer):
    """Newest first. `next` asks for what is older; null at the end."""

    next = serializers.CharField(allow_null=True)
    expected_next = ExpectedSerializer(allow_null=True, help_text="Null for somebody who is in no campaign.")
    results = EntrySerializer(many=True)


class TimelineView(ApiViewSet):
    """Everything that happened with a lead."""

    tag = "leads"
    noun = ("a lead", "leads")
    queryset = Lead.objects.select_related("organization")
    serializer_class = TimelineSerializer
    query_parameters = {"read": frozenset({"show", "cursor", "page_size"})}
    list_parameters = frozenset({"show"})

    @extend_schema(
        summary="Read what happened with a lead",
        description="Mails and why others were not sent, events, enrollments, changes, notes, imports, suppressions.",
        parameters=[
            OpenApiParameter(
                "show", str, enum=Show.values, many=True, explode=False, description="Only these, separated by commas."
            ),
            OpenApiParameter("cursor", description="Where the page begins: follow `next` instead of making one."),
            OpenApiParameter(
                "page_size",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
                description=f"1 to {LARGEST_PAGE}; {PAGE} unless given.",
            ),
        ],
        responses=TimelineSerializer,
    )
    def read(self, request: Request, **_address: str) -> Response:
        lead, asked = self.get_object(), request.query_params
        page = timeline(
            lead=lead, show=_shown(asked.get("show", "")), cursor=asked.get("cursor", ""), limit=_size(asked)
        )
        url = request.build_absolute_uri()
        answer = {
            "next": replace_query_param(url, "cursor", page.cursor) if page.cursor else None,
            "expected_next": expected_next(lead, now=timezone.now()),
            "results": page.entries,
        }
        return Response(TimelineSerializer(answer).data)


class MergeSerializer(StrictSerializer):
    """Which lead goes, and whose value each field gets."""

    other = ScopedRelatedField(queryset=Lead.objects.all(), help_text="The lead that goes into this one.")
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=Choice.choices),
        default=dict,
        help_text="By field: keep or other. Unless given, this lead's value, or the other's where this one has none.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would be done.")


class ChosenFieldSerializer(serializers.Serializer):
    """A field in which the two differ."""

    field = serializers.CharField(help_text="Of a custom field: custom. and its key.")
    keep = serializers.JSONField(help_text="The value of this lead.")
    other = serializers.JSONField(help_text="The value of the other.")
    chosen = serializers.ChoiceField(choices=Choice.choices)


class FateSerializer(serializers.Serializer):
    """What becomes of an enrollment of the lead that goes."""

    campaign = serializers.IntegerField()
    recipient = serializers.IntegerField()
    code = serializers.ChoiceField(choices=FateCode.choices)
    sentence = serializers.CharField()


class CarriedSerializer(serializers.Serializer):
    """A suppression of one of the two that holds for the person."""

    address = serializers.CharField()
    reason = serializers.CharField()
    campaign = serializers.IntegerField(allow_null=True)


class MergedSerializer(serializers.Serializer):
    """What was done or, on a dry run, what would be. `problem` says then why it would be refused now."""

    dry_run = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True)
    keep = serializers.IntegerField()
    other = serializers.IntegerField()
    fields = ChosenFieldSerializer(many=True)  # type: ignore[assignment]
    tags_added = serializers.ListField(child=serializers.CharField())
    campaigns = FateSerializer(many=True)
    suppressions = CarriedSerializer(many=True)
    moved = serializers.DictField(child=serializers.IntegerField(), help_text="Rows that go over, by kind.")


class MergeView(ApiViewSet):
    """Two leads that are one person."""

    tag = "leads"
    noun = ("a lead", "leads")
    queryset = Lead.objects.select_related("organization")
    serializer_class = MergeSerializer
    roles = {"merge": Role.MANAGER}

    @extend_schema(
        summary="Merge another lead into this one",
        description="Cannot be taken back. The other lead's number and address lead here from then on. Refused (409) "
        "while a mail to either is with a worker.",
        request=MergeSerializer,
        responses=MergedSerializer,
    )
    def merge(self, request: Request, **_address: str) -> Response:
        keep = self.get_object()
        asked = MergeSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        two = {"keep": keep, "other": wanted["other"], "choices": wanted["choices"], "now": timezone.now()}
        plan = preview_merge(**two) if wanted["dry_run"] else merge_leads(**two, actor=self.actor)
        return Response(_told(plan, dry_run=wanted["dry_run"]))


def _told(plan: MergePlan, *, dry_run: bool) -> dict[str, Any]:
    problem = str(plan.refusal) if plan.refusal else ""
    return {"dry_run": dry_run, "problem": problem, **plan.as_dict()}


def _shown(text: str) -> list[Show]:
    names = [name for name in text.split(",") if name]
    unknown = next((name for name in names if name not in Show.values), None)
    if unknown is not None:
        message = f"A timeline has no part “{unknown[:60]}”."
        raise Refused("unknown_part", message, f"Known: {', '.join(Show.values)}.", {"field": "?show"})
    return [Show(name) for name in names]


def _size(asked: Any) -> int:
    text = asked.get("page_size", str(PAGE))
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise serializers.ValidationError({"?page_size": [f"Give a whole number from 1 to {LARGEST_PAGE}."]})
    return int(text)
