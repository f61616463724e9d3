"""/campaigns/{id}/lead-source and /fetch-leads: people of a lead provider into a campaign."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.jobs import JobSerializer
from campaigns.fetching.request import cancel_fetch, request_fetch
from campaigns.fetching.source import CampaignSource, clear_lead_source, preview_source, set_lead_source, source_of
from campaigns.models import Campaign, Job
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import NotFound
from campaigns_project.rest.serializers import LineField, StrictSerializer, refuse_a_body
from leads.models import Provider
from leads.providers.sources import COUNT_MAX


class SearchSerializer(StrictSerializer):
    """Whom to look for: the address of a search page, filters by name, or both."""

    provider = serializers.ChoiceField(Provider.choices, default=Provider.APOLLO.value)
    url = LineField(max_length=2000, required=False, default="", allow_blank=True, help_text="Of a search page.")
    filters = serializers.DictField(
        required=False, default=dict, help_text="By name, e.g. {“person_titles”: [“head of growth”]}."
    )
    count = serializers.IntegerField(min_value=1, max_value=COUNT_MAX, help_text="The most people to fetch.")
    credit_limit = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="The most credits of one fetch."
    )


class LeadSourceSerializer(SearchSerializer):
    """A search, and what is done with the people it finds."""

    acknowledged = serializers.ListField(
        child=serializers.CharField(max_length=2000),
        required=False,
        default=list,
        help_text="Each part of the address that will not count, as `text` of a preview's `unmapped`; exactly those.",
    )
    tags = serializers.ListField(child=LineField(max_length=60), required=False, default=list)
    enrichment_profile = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="The number of an enrichment profile."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        profile = attrs.pop("enrichment_profile")
        return {**attrs, "enrichment": profile}


class UnmappedSerializer(serializers.Serializer):
    """A part of the address that cannot be asked: the search is broader than the address shows."""

    key = serializers.CharField()
    value = serializers.CharField()
    why = serializers.CharField()
    text = serializers.CharField(help_text="How it is acknowledged.")
    message = serializers.CharField()


class StoredSourceSerializer(serializers.Serializer):
    """The lead source as it is kept."""

    provider = serializers.CharField()
    url = serializers.CharField()
    filters = serializers.DictField(help_text="What the provider is asked: of the address and by name.")
    count = serializers.IntegerField()
    credit_limit = serializers.IntegerField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    enrichment_profile = serializers.IntegerField(allow_null=True)
    unmapped = UnmappedSerializer(many=True)


@extend_schema_serializer(component_name="LeadSourcePreview")
class FoundSerializer(serializers.Serializer):
    """What a search finds, and what fetching it would cost."""

    total = serializers.IntegerField(help_text="So many people there are.")
    count = serializers.IntegerField(help_text="So many of them would be fetched.")
    about_credits = serializers.IntegerField()
    capped_at = serializers.IntegerField(allow_null=True, help_text="The provider shows no more of one search.")
    unmapped = UnmappedSerializer(many=True)


class CampaignFetching:
    """Mixed into the campaigns' viewset. What costs credits needs a manager."""

    fetching_roles: ClassVar[Mapping[str, Role]] = {
        "fetch_leads": Role.MANAGER,
        "lead_source_preview": Role.OPERATOR,
    }

    rehearsed_source: ClassVar[frozenset[str]] = frozenset({"set_lead_source", "clear_lead_source"})

    @extend_schema(summary="See the lead source of a campaign", responses=StoredSourceSerializer)
    @action(detail=True, url_path="lead-source")
    def lead_source(self, request: Request, **_address: str) -> Response:
        return _told(_source(self.get_object()))  # type: ignore[attr-defined]

    @extend_schema(
        summary="Set the lead source of a campaign",
        description="Nothing is fetched. A start of the campaign fetches first while nobody was ever enrolled. Refused "
        "(`unmapped_not_acknowledged`) while a part of the address that will not count is not acknowledged.",
        request=LeadSourceSerializer,
        responses=StoredSourceSerializer,
    )
    @lead_source.mapping.post
    def set_lead_source(self, request: Request, **_address: str) -> Response:
        campaign = set_lead_source(
            campaign=self.get_object(),  # type: ignore[attr-defined]
            **_asked(request),
            actor=self.actor,  # type: ignore[attr-defined]
            now=timezone.now(),
        )
        return _told(_source(campaign))

    @extend_schema(summary="Take the lead source of a campaign away", request=None, responses={204: None})
    @lead_source.mapping.delete
    def clear_lead_source(self, request: Request, **_address: str) -> Response:
        clear_lead_source(campaign=self.get_object(), actor=self.actor, now=timezone.now())  # type: ignore[attr-defined]
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Ask how many leads there are",
        description="Asks the provider by the campaign's lead source; costs nothing.",
        responses=FoundSerializer,
    )
    @action(detail=True, url_path="lead-source/preview")
    def lead_source_preview(self, request: Request, **_address: str) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        source = _source(campaign)
        search = {"provider": source.search.provider, "url": source.search.url, "filters": source.named}
        asked = {**search, "count": source.search.count, "credit_limit": source.credit_limit}
        return _found(campaign, asked)

    @extend_schema(
        summary="Ask how many leads a search would find",
        description="The same for a search that is not stored, with the parts of its address that would not count.",
        request=SearchSerializer,
        responses=FoundSerializer,
    )
    @lead_source_preview.mapping.post
    def preview_search(self, request: Request, **_address: str) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        asked = SearchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return _found(campaign, asked.validated_data)

    @extend_schema(
        summary="Fetch leads into a campaign",
        description="A job (202) fetches people by the campaign's lead source, or by the one in the body, which then "
        "is the campaign's, and enrolls them. Whoever was bought before is not bought again.",
        request=LeadSourceSerializer,
        responses={202: JobSerializer},
    )
    @action(detail=True, methods=["post"], url_path="fetch-leads")
    def fetch_leads(self, request: Request, **_address: str) -> Response:
        job = request_fetch(
            campaign=self.get_object(),  # type: ignore[attr-defined]
            source=_asked(request) if request.data else None,
            actor=self.actor,  # type: ignore[attr-defined]
            now=timezone.now(),
        )
        return _job(job, status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="Stop fetching leads",
        description="Refused (409) for a fetch that the campaign's start waits for: pause or stop the campaign.",
        request=None,
        responses=JobSerializer,
    )
    @action(detail=True, methods=["post"], url_path="cancel-fetch")
    def cancel_fetch(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return _job(cancel_fetch(campaign=self.get_object(), actor=self.actor, now=timezone.now()))  # type: ignore[attr-defined]


def _asked(request: Request) -> dict[str, Any]:
    asked = LeadSourceSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return asked.validated_data


def _source(campaign: Campaign) -> CampaignSource:
    source = source_of(campaign)
    if source is None:
        raise NotFound("no_lead_source", "The campaign has no lead source.", "Set one with POST.")
    return source


def _told(source: CampaignSource) -> Response:
    kept = source.as_json()
    return Response(StoredSourceSerializer({**kept, "enrichment_profile": kept["enrichment"]}).data)


def _found(campaign: Campaign, asked: Mapping[str, Any]) -> Response:
    found = preview_source(organization=campaign.organization, now=timezone.now(), **asked)
    return Response(FoundSerializer(found.as_json()).data)


def _job(job: Job, code: int = status.HTTP_200_OK) -> Response:
    return Response(JobSerializer(job).data, status=code, headers={"Location": f"/api/v1/jobs/{job.pk}"})
