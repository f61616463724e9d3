"""/enrichment-profiles: which language model fills which empty fields of leads."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import CreatedFilters
from campaigns_project.rest.serializers import StrictModelSerializer, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.enrichment.profiles import MOST_FIELDS, check_key_stays, check_profile
from leads.enrichment.trying import try_on
from leads.models import EnrichmentProfile


class EnrichmentProfileSerializer(StrictModelSerializer):
    """An endpoint and what it is asked. Its key is taken and never shown."""

    has_api_key = serializers.SerializerMethodField()
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(max_length=120),
        min_length=1,
        max_length=MOST_FIELDS,
        help_text="What it may fill where a lead has nothing: fields of a lead but its address, or custom.NAME.",
    )

    broken = {"enrichment_profile_name_once": ("name", "There is already a profile of this name.")}

    class Meta:
        model = EnrichmentProfile
        fields = [
            "id", "name", "url", "model", "api_key", "has_api_key", "prompt", "fields", "is_active", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "updated_at"]
        extra_kwargs = {
            "api_key": {"write_only": True, "required": False, "help_text": "Kept encrypted, never shown again."},
            "prompt": {"help_text": "Liquid with the fields of a lead, e.g. What does {{ company }} do?"},
        }

    def get_has_api_key(self, profile: EnrichmentProfile) -> bool:
        return bool(profile.api_key)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        row: Any = self._would_be(attrs)
        check_profile(url=row.url, prompt=row.prompt, fields=row.fields)
        if self.instance is not None and "api_key" not in attrs:
            check_key_stays(cast(EnrichmentProfile, self.instance), url=row.url)
        return attrs


class TrySerializer(StrictSerializer):
    """On whom."""

    lead = serializers.IntegerField(min_value=1, help_text="The number of a lead.")


@extend_schema_serializer(component_name="EnrichmentTrial")
class TriedSerializer(serializers.Serializer):
    """What was asked and what came."""

    lead = serializers.IntegerField()
    prompt = serializers.CharField(help_text="As the endpoint got it; empty where it could not be made.")
    values = serializers.DictField(help_text="What the endpoint answered, cleaned; what it did not know is left out.")
    kept = serializers.DictField(help_text="Fields the lead has: an enrichment leaves them as they are.")
    model = serializers.CharField()
    seconds = serializers.FloatField()
    error_code = serializers.CharField(help_text="Why nothing would be filled in; empty where something came.")
    error_message = serializers.CharField()


class EnrichmentProfileFilters(CreatedFilters):
    class Meta:
        model = EnrichmentProfile
        fields: list[str] = []


class EnrichmentProfileViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Chosen by an import or a lead source; nothing is sent anywhere before that."""

    tag = "leads"
    noun = ("an enrichment profile", "enrichment profiles")
    queryset = EnrichmentProfile.objects.all()
    serializer_class = EnrichmentProfileSerializer
    filterset_class = EnrichmentProfileFilters
    roles = dict.fromkeys(("create", "partial_update", "destroy"), Role.MANAGER)

    @extend_schema(
        summary="Try an enrichment profile on one lead",
        description="The endpoint is asked as in an import; nothing is changed.",
        request=TrySerializer,
        responses=TriedSerializer,
    )
    @action(detail=True, methods=["post"], url_path="try")
    def try_on(self, request: Request, **_address: str) -> Response:
        profile = self.get_object()
        asked = TrySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        trial = try_on(profile=profile, lead_id=asked.validated_data["lead"], actor=self.actor)
        return Response(TriedSerializer(trial.as_dict()).data)
