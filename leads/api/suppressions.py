"""/suppressions: who is never to be written to again."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.api import role_of_request
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import LONGEST_MESSAGE
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, TrueOrFalse, of_the_query
from campaigns_project.rest.paging import NewestInTime
from campaigns_project.rest.schema import example, problems
from campaigns_project.rest.serializers import LineField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from leads.addresses import kept_form
from leads.imports.lists import without_heading
from leads.models import GIVEN_REASONS, Suppression, SuppressionReason
from leads.suppression import (
    PROTECTED,
    Checked,
    Entry,
    EntryState,
    Outlook,
    check,
    held_back,
    look_at,
    require_scope,
    suppress,
    suppress_many,
    unsuppress,
)

CHECK_MAX = 1_000  # addresses in one question
BULK_MAX = 1_000  # entries in one list; longer ones go by the command or in parts


class CampaignOf(serializers.IntegerField):
    """A campaign by its number. This app knows no campaigns: whether it is one of the organization, `scoped` tells."""

    def __init__(self, **kwargs: Any):
        told = "Only for the campaign with this number; without it for the whole organization."
        super().__init__(**{"min_value": 1, "required": False, "allow_null": True, "help_text": told, **kwargs})


class SuppressionSerializer(serializers.ModelSerializer):
    """An address, or a whole domain; of an erased person, whose address is not kept, neither."""

    class Meta:
        model = Suppression
        fields = ["id", "address", "campaign_id", "reason", "source", "expires_at", "created_at"]
        read_only_fields = fields


class _HowSerializer(StrictSerializer):
    """What an entry and a list of them have in common."""

    campaign_id = CampaignOf()
    reason = serializers.ChoiceField(GIVEN_REASONS, default=SuppressionReason.MANUAL)
    source = LineField(max_length=120, default="API", help_text="What led to it.")  # type: ignore[assignment]
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="From then on it forbids nothing; whoever left does not come back."
    )

    def validate_reason(self, reason: str) -> SuppressionReason:
        return SuppressionReason(reason)


@example("A whole domain", address="acme.example", reason="manual")
class NewSuppressionSerializer(_HowSerializer):
    """Whom not to write to any more."""

    address = LineField(max_length=320, help_text="An address (ana@example.com) or a domain (example.com).")


class SuppressionEntrySerializer(StrictSerializer):
    """One entry of a list; what it leaves out is as the list has it."""

    address = LineField(max_length=320, help_text="An address (ana@example.com) or a domain (example.com).")
    reason = serializers.ChoiceField(GIVEN_REASONS, required=False, help_text="Unless that of the list weighs more.")
    source = LineField(max_length=120, required=False, help_text="What led to it.")  # type: ignore[assignment]

    def validate_reason(self, reason: str) -> SuppressionReason:
        return SuppressionReason(reason)


class BulkSuppressionSerializer(_HowSerializer):
    """A list of those not to write to any more: exactly one of `addresses` and `entries`."""

    addresses = serializers.ListField(
        child=LineField(max_length=320), min_length=1, max_length=BULK_MAX, required=False, help_text="All alike."
    )
    entries = SuppressionEntrySerializer(  # type: ignore[call-arg]
        many=True, allow_empty=False, max_length=BULK_MAX, required=False, help_text="Each as it says itself."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would be done.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """With what the use case takes: `texts`, and text by text `reasons` and `sources`."""
        if ("addresses" in attrs) == ("entries" in attrs):
            said = "Say whom in exactly one way: addresses, or entries with a reason or source of their own."
            raise serializers.ValidationError(said, "unclear")
        entries = attrs.pop("entries", [])
        texts = [entry["address"] for entry in entries] or without_heading(attrs.pop("addresses"))
        reasons = [entry.get("reason") for entry in entries]
        return {**attrs, "texts": texts, "reasons": reasons, "sources": [entry.get("source", "") for entry in entries]}


class InvalidEntrySerializer(serializers.Serializer):
    """An entry that was left out."""

    index = serializers.IntegerField(help_text="In the list, from 0.")
    address = serializers.CharField(help_text="As it was written.")
    message = serializers.CharField()


class ManySuppressedSerializer(serializers.Serializer):
    """What came of a list, or would; `leads` with `dry_run` alone."""

    dry_run = serializers.BooleanField()
    added = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Suppressed already.")
    twice = serializers.IntegerField(help_text="Stood in the list before.")
    invalid = InvalidEntrySerializer(many=True)
    leads = serializers.IntegerField(required=False, help_text="People the new entries are about.")
    active = serializers.IntegerField(help_text="How many people leave a campaign by it.")


class CheckSerializer(StrictSerializer):
    """Addresses and domains to ask about."""

    addresses = serializers.ListField(child=LineField(max_length=320), min_length=1, max_length=CHECK_MAX)
    campaign_id = CampaignOf(help_text="Count what is suppressed for this campaign alone, too.")


@extend_schema_serializer(component_name="SuppressionCheck")
class CheckedSerializer(serializers.Serializer):
    """The answer for one address or domain. Of a domain: whether everybody there is suppressed."""

    address = serializers.CharField(source="asked", help_text="As asked.")
    allowed = serializers.BooleanField(source="is_allowed")
    code = serializers.CharField(
        help_text="The reason where it is not allowed; invalid_address where it is neither; else empty."
    )
    suppressed = serializers.SerializerMethodField(
        help_text="The suppressed address or domain; empty where there is none, and for an erased person."
    )
    suppression = SuppressionSerializer(allow_null=True, help_text="The entry that forbids it.")
    only_in_campaigns = serializers.SerializerMethodField(
        help_text="Entries that forbid it in a single campaign (`campaign_id`), whatever holds in the others."
    )

    @extend_schema_field(SuppressionSerializer(many=True))
    def get_only_in_campaigns(self, checked: Checked) -> Any:
        return SuppressionSerializer(self.context["held"].get(checked.target, []), many=True).data

    def get_suppressed(self, checked: Checked) -> str:
        return checked.suppression.address if checked.suppression else ""


class SuppressionFilters(CreatedFilters):
    reason = AnyOf(choices=SuppressionReason.choices)
    q = filters.CharFilter("address", "contains", label="A part of the address, in small letters.")
    domain = filters.CharFilter(method="of_domain", label="Entries for this domain, and for addresses under it.")
    scope = filters.ChoiceFilter(
        choices=[("organization", "Everywhere"), ("campaign", "One campaign")],
        method="scoped",
        label="What holds for the whole organization, or for single campaigns.",
    )
    campaign = IdFilter("campaign_id", label="What holds for this campaign alone.")
    source = filters.CharFilter(label="Exactly.")
    expires = TrueOrFalse("expires_at", "isnull", exclude=True, label="true: it ends by itself; false: it does not.")

    class Meta:
        model = Suppression
        fields: list[str] = []

    def of_domain(self, rows: Any, _name: str, domain: str) -> Any:
        asked = kept_form(domain.strip().lstrip("@"))
        return rows.filter(Q(address=asked) | Q(address__endswith=f"@{asked}"))

    def scoped(self, rows: Any, _name: str, scope: str) -> Any:
        return rows.filter(campaign_id__isnull=scope == "organization")


class SuppressionViewSet(Reads, ApiViewSet):
    """Whoever is here gets nothing more: from any campaign of the organization, or from the one that is named."""

    tag = "suppressions"
    noun = ("a suppression", "suppressions")
    roles: ClassVar[Mapping[str, Role]] = {"destroy": Role.OPERATOR, "check": Role.VIEWER}
    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    filterset_class = SuppressionFilters
    pagination_class = NewestInTime
    query_parameters = {"destroy": frozenset({"reason"})}

    @extend_schema(
        summary="Suppress an address or a domain",
        description="The person leaves all campaigns at once, or the one that is named. A domain covers the addresses "
        "under exactly that name; `*@example.com` and a link to `www.example.com` are the domain example.com. Done "
        "twice it answers what is there (200), with the weightier reason and the later end. Refused with "
        "`invalid_address`, `invalid_domain`, `invalid_wildcard`, `several_emails` or `expiry_passed` (400), "
        "`not_found` (404) for a campaign that is none of the organization.",
        request=NewSuppressionSerializer,
        responses={201: SuppressionSerializer, 200: SuppressionSerializer, **problems(404)},
    )
    def create(self, request: Request) -> Response:
        asked = NewSuppressionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now = timezone.now()
        made = suppress(**self._scoped(asked.validated_data), **self._by(), at=now)
        code = status.HTTP_201_CREATED if made.created_at >= now else status.HTTP_200_OK
        location = {"Location": f"{request.path}/{made.pk}"}
        return Response(self.get_serializer(made).data, status=code, headers=location)

    @extend_schema(
        summary="Allow an address again",
        description="Puts nobody back into a campaign. What the person asked for (unsubscribed, complaint, legal, "
        "erased) a manager alone removes.",
        parameters=[
            OpenApiParameter(
                "reason",
                {"type": "string", "maxLength": LONGEST_MESSAGE},
                required=True,
                description="Why this person may be written to again.",
            )
        ],
    )
    def destroy(self, request: Request, **_address: str) -> Response:
        suppression = self.get_object()
        if suppression.reason in PROTECTED and not role_of_request(request).covers(Role.MANAGER):
            raise PermissionDenied("What the person asked for themselves, a manager alone removes.")
        reason = request.query_params.get("reason", "")
        if len(reason) > LONGEST_MESSAGE:
            said = f"A reason has at most {LONGEST_MESSAGE} characters; this one has {len(reason):,}."
            raise serializers.ValidationError({"?reason": [said]}, "max_length")
        try:
            reason = LineField(allow_blank=True).run_validation(reason)
        except serializers.ValidationError as error:
            raise of_the_query(serializers.ValidationError({"reason": error.detail})) from None
        unsuppress(suppression=suppression, actor=self.actor, reason=reason)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Suppress a list",
        description=f"Up to {BULK_MAX:,} addresses and domains, as people write them; several in one text are one "
        "entry each. Or as `entries`, of which each may have a `reason` and a `source` of its own: the weightier of "
        "its reason and that of the list counts, and of an entry that stands there twice the weightiest. What is "
        "neither an address nor a domain is left out and named; the rest is done all the same.",
        request=BulkSuppressionSerializer,
        responses={200: ManySuppressedSerializer, **problems(404)},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk(self, request: Request) -> Response:
        asked = BulkSuppressionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = self._scoped(asked.validated_data)
        now = timezone.now()
        if wanted.pop("dry_run"):
            meant: dict[str, Any] = {name: wanted.get(name) for name in ("texts", "reason", "reasons", "campaign_id")}
            return Response(_told_of(look_at(organization=self.organization, now=now, **meant)))
        done = suppress_many(**wanted, **self._by(), at=now)
        told = {"dry_run": False, "added": done.added, "known": done.known, "twice": done.twice, "active": done.active}
        return Response({**told, "invalid": _invalid(done.invalid)})

    @extend_schema(
        summary="Ask who may be written to",
        request=CheckSerializer,
        responses={200: CheckedSerializer(many=True), **problems(404)},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def check(self, request: Request) -> Response:
        asked = CheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted, now = self._scoped(asked.validated_data), timezone.now()
        answers = check(organization=self.organization, now=now, **wanted)
        targets = {each.target for each in answers if each.target}
        held = held_back(organization=self.organization, targets=targets, now=now)
        return Response(CheckedSerializer(answers, many=True, context={"held": held}).data)

    def _by(self) -> dict[str, Any]:
        return {"organization": self.organization, "actor": self.actor, "created_by": self.request.user}

    def _scoped(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`asked`, once the campaign it names is one of the organization."""
        campaign_id = asked.get("campaign_id")
        if campaign_id is not None:
            require_scope(self.organization, campaign_id)
        return asked


def _told_of(outlook: Outlook) -> dict[str, Any]:
    counts = {state.value: outlook.count(state) for state in (EntryState.KNOWN, EntryState.TWICE)}
    invalid = _invalid(outlook.of(EntryState.INVALID))
    told = {"dry_run": True, "added": outlook.count(EntryState.NEW), **counts, "invalid": invalid}
    return {**told, "leads": outlook.leads, "active": outlook.active}


def _invalid(entries: list[Entry]) -> list[dict[str, Any]]:
    return [{"index": entry.line - 1, "address": entry.text, "message": entry.error} for entry in entries]
