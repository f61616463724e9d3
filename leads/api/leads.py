"""/leads: the people we may write to."""

from typing import Any

from django.core.validators import URLValidator
from django.db.models import BaseConstraint
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.errors import NotFound, Refused
from campaigns_project.rest.kinds import WordField
from campaigns_project.rest.paging import NewestInTime
from campaigns_project.rest.schema import example, problems
from campaigns_project.rest.serializers import LineField, StrictModelSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.addresses import normalize_address, read_address
from leads.api.bulk import BulkDoneSerializer, BulkSerializer, do_in_bulk
from leads.api.lead_filters import LeadFilters
from leads.bulk import MOST_SUPPRESSED
from leads.changing import changing
from leads.imports.fields import CUSTOM_KEY_MAX, CUSTOM_VALUE_MAX, custom_key
from leads.models import ChangeSource, Lead, LeadAlias
from leads.removal import remove_lead
from leads.suppression import erased_among, suppressed_among, taking
from leads.tagging import set_tags

CUSTOM_FIELDS_MAX = 100


class TagNames(serializers.ListField):
    """The names of a lead's tags, in alphabetical order."""

    child = LineField(max_length=60)

    def get_attribute(self, instance: Lead) -> list[str]:
        return sorted(lead_tag.tag.name for lead_tag in instance.lead_tags.all())


class WebAddress(LineField):
    """An http(s) address: it becomes a link on our pages."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        sentence = "Write the whole address, such as https://acme.example."
        self.validators.append(URLValidator(schemes=["http", "https"], message=sentence))


class CustomFields(serializers.DictField):
    """Further fields as texts: a template shows `stand` as `custom.stand`. One with an empty text is not there."""

    child = WordField(allow_blank=True, max_length=CUSTOM_VALUE_MAX)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        fields = super().to_internal_value(data)
        if len(fields) > CUSTOM_FIELDS_MAX:
            raise serializers.ValidationError(f"At most {CUSTOM_FIELDS_MAX} custom fields; these are {len(fields)}.")
        for key in fields:
            right = custom_key(key)[:CUSTOM_KEY_MAX]
            if not key or key != right:
                guess = f" Write it as {right}." if right else ""
                raise serializers.ValidationError({key: ["A key is of small letters, digits and underscores." + guess]})
        return {key: text for key, text in fields.items() if text}


class LeadPage(serializers.ListSerializer):
    """Several leads; who of them is suppressed is asked once."""

    def to_representation(self, data: Any) -> Any:
        leads = list(data)
        self.suppressed = suppressed_among(leads, now=timezone.now())
        return super().to_representation(leads)


class Suppressed(serializers.BooleanField):
    """Whether suppressions of the whole organization forbid writing to the lead now."""

    def get_attribute(self, instance: Lead) -> bool:
        page = getattr(self.parent, "parent", None)
        known = page.suppressed if isinstance(page, LeadPage) else suppressed_among([instance], now=timezone.now())
        return instance.pk in known


@example("A person with a tag", email="ana@acme.example", first_name="Ana", company="Acme", tags=["autumn"])
class LeadSerializer(StrictModelSerializer):
    """A person. `email` decides who it is: one lead per address in an organization."""

    email = LineField(max_length=254)
    website = WebAddress(max_length=300, required=False, allow_blank=True)
    linkedin_url = WebAddress(max_length=300, required=False, allow_blank=True)
    custom = CustomFields(
        required=False, help_text="Further fields as texts. One with an empty text is left out, as an import does."
    )
    tags = TagNames(required=False, max_length=100, help_text="Names; one that does not exist yet is made.")
    suppressed = Suppressed(
        read_only=True, help_text="Never to be written to: the address or its domain is suppressed for all campaigns."
    )
    import_id = serializers.IntegerField(source="lead_import_id", read_only=True, allow_null=True)

    broken = {"lead_once_per_organization": ("email", "There is already a lead with this address.")}

    class Meta:
        model = Lead
        list_serializer_class = LeadPage
        fields = [
            "id", "email", "first_name", "last_name", "company", "title", "phone", "website", "linkedin_url", "city",
            "country", "timezone", "seniority", "industry", "company_domain", "company_size", "custom", "tags",
            "status", "suppressed", "verification", "domain", "is_role", "is_disposable", "is_catch_all", "import_id",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "status", "domain", "is_role", "is_disposable", "is_catch_all", "created_at", "updated_at",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "email" in attrs:
            attrs["email"], attrs["email_normalized"] = _read(attrs["email"])
        return super().validate(attrs)

    def refusal(self, constraint: BaseConstraint, row: Lead, sentence: str) -> Exception:
        """Of a second lead with one address it is told which one is there."""
        there = Lead.objects.filter(organization=row.organization_id, email_normalized=row.email_normalized).first()
        if there is None or constraint.name not in self.broken:
            return super().refusal(constraint, row, sentence)
        field, said = self.broken[constraint.name]
        errors = [{"pointer": f"/{field}", "code": "not_unique", "detail": said}]
        message = f"There is already a lead with this address: lead {there.pk}."
        return Refused("not_unique", message, "PATCH that one.", {"lead": there.pk, "errors": errors})

    def create(self, validated_data: dict[str, Any]) -> Lead:
        names = validated_data.pop("tags", [])
        with taking(validated_data["organization"].pk, validated_data["email_normalized"]):
            lead = Lead.objects.create(**validated_data)
        set_tags(lead=lead, names=names)
        return lead

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        names = validated_data.pop("tags", None)
        address = validated_data.get("email_normalized", instance.email_normalized)
        with taking(instance.organization_id, address, lead_id=instance.pk):
            super().update(instance, validated_data)
        if names is not None:
            set_tags(lead=instance, names=names)
        return LeadViewSet.queryset.get(pk=instance.pk)


class LeadViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """People, one per address."""

    rehearses = ApiViewSet.rehearses | {"bulk"}
    tag = "leads"
    noun = ("a lead", "leads")
    queryset = Lead.objects.prefetch_related("lead_tags__tag")
    serializer_class = LeadSerializer
    filterset_class = LeadFilters
    pagination_class = NewestInTime
    query_parameters = {"lookup": frozenset({"email"})}

    @extend_schema(
        summary="Find a lead by its address",
        parameters=[OpenApiParameter("email", required=True, description="In any case and spelling of its domain.")],
        responses={200: LeadSerializer, **problems(404)},
    )
    @action(detail=False)
    def lookup(self, request: Request) -> Response:
        address = request.query_params.get("email", "")
        if not address:
            raise serializers.ValidationError({"?email": ["Say whom: lookup?email=ana@example.com"]}, "required")
        wanted = normalize_address(address)
        leads = self.get_queryset()
        lead = leads.filter(email_normalized=wanted).first() or leads.filter(aliases__email_normalized=wanted).first()
        if lead is None:
            is_erased = bool(erased_among(self.organization.pk, [wanted]))
            hint = "The person was erased, and is not to come back." if is_erased else "POST /leads makes one."
            raise NotFound("not_found", "There is no lead with this address.", hint)
        return Response(self.get_serializer(lead).data)

    @extend_schema(
        description="The number of a lead that was merged into another leads to that one (301).",
        responses={200: LeadSerializer, 301: OpenApiResponse(description="Location is the address of the lead kept.")},
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().retrieve(request, *args, **kwargs)
        except Http404:
            aliases = LeadAlias.objects.for_organization(self.organization).filter(old_id=kwargs["id"])
            kept = aliases.values_list("lead", flat=True).first()
            if kept is None:
                raise
            where = {"Location": f"{request.path.rpartition('/')[0]}/{kept}"}
            return Response(status=status.HTTP_301_MOVED_PERMANENTLY, headers=where)

    @extend_schema(
        summary="Tag, untag or suppress many leads",
        description=f"Tags go on and off any number at once. At most {MOST_SUPPRESSED:,} are suppressed at a time.",
        request=BulkSerializer,
        responses={200: BulkDoneSerializer, **problems(404)},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk(self, request: Request) -> Response:
        asked = BulkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response({"changed": do_in_bulk(self.organization, asked.validated_data, self.actor, request.user)})

    @extend_schema(description="Refused (409) while the lead is in a campaign: its mails would vanish from the counts.")
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().destroy(request, *args, **kwargs)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        lead: Any = serializer.instance
        with changing(lead=lead, source=ChangeSource.API, actor=self.actor):
            super().perform_update(serializer)

    def perform_destroy(self, instance: Any) -> None:
        remove_lead(lead=instance, actor=self.actor)


def _read(address: str) -> tuple[str, str]:
    try:
        return read_address(address)
    except Refused as refused:
        raise serializers.ValidationError({"email": [refused.message]}, refused.code) from None
