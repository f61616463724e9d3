"""/instantly-accounts: keys for Instantly; /campaigns/{id}/delivery: who delivers a campaign, and how far that is."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from campaigns.models import Campaign, DeliveredBy, InstantlyAccount, InstantlyDay, Told
from campaigns.providers.instantly.accounts import (
    check_account,
    key_has_changed,
    new_secret,
    pause_account,
    remove_account,
    resume_account,
)
from campaigns.providers.instantly.choose import MOST_MAILBOXES, choose_delivery
from campaigns.providers.instantly.discover import discover, take_over
from campaigns.providers.instantly.standing import delivery_of
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from campaigns_project.rest.serializers import LineField, StrictModelSerializer, StrictSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.api.providers import CheckedAccountSerializer
from leads.providers.accounts import check_key

MOST_DAYS = 366


class InstantlyAccountSerializer(StrictModelSerializer):
    """A key for Instantly. It is taken and never shown."""

    broken = {"instantly_accounts_organization_id_key": ("api_key", "There is already a key for Instantly; change it.")}

    class Meta:
        model = InstantlyAccount
        fields = [
            "id", "api_key", "status", "workspace_name", "checked_at", "last_error", "heard_at", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "status", "workspace_name", "checked_at", "last_error", "heard_at", "created_at", "updated_at",
        ]  # fmt: skip
        extra_kwargs = {
            "api_key": {"write_only": True, "help_text": "Kept encrypted, never shown again."},
            "last_error": {"help_text": "What Instantly says against the key; empty where it takes it."},
        }

    def validate_api_key(self, value: str) -> str:
        try:
            return check_key(value)
        except Refused as refused:
            raise serializers.ValidationError(str(refused), "bad_api_key") from None

    def create(self, validated_data: dict[str, Any]) -> Any:
        return super().create({**validated_data, "webhook_secret": new_secret()})


class DiscoveredSerializer(StrictSerializer):
    """A campaign at Instantly."""

    id = serializers.CharField(help_text="Its number there.")
    name = serializers.CharField()
    status = serializers.CharField()
    campaign = serializers.IntegerField(allow_null=True, help_text="The campaign here that it is; null where none.")


class TakeOverSerializer(StrictSerializer):
    """Which campaigns of Instantly get a page here."""

    ids = serializers.ListField(
        child=LineField(max_length=64), required=False, allow_null=True, default=None, max_length=1_000,
        help_text="Their numbers there. Left out: all that are not known here.",
    )  # fmt: skip


class TakenOverSerializer(StrictSerializer):
    """The campaigns that were made for them."""

    campaigns = serializers.ListField(child=serializers.IntegerField())


class InstantlyAccountViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Keys with which campaigns are handed over to Instantly."""

    rehearses = ApiViewSet.rehearses | {"pause", "resume"}
    tag = "instantly-accounts"
    noun = ("an Instantly account", "Instantly accounts")
    queryset = InstantlyAccount.objects.all()
    serializer_class = InstantlyAccountSerializer
    asking_outside = ("campaigns",)
    live = frozenset({"checked_at", "last_error", "heard_at"})
    roles = dict.fromkeys(
        ("create", "partial_update", "destroy", "check", "pause", "resume", "campaigns", "take_over"), Role.MANAGER
    )

    def perform_update(self, serializer: BaseSerializer) -> None:
        super().perform_update(serializer)
        if "api_key" in serializer.validated_data:
            key_has_changed(serializer.instance)  # type: ignore[arg-type]
            serializer.instance.refresh_from_db()  # type: ignore[union-attr]

    def perform_destroy(self, instance: Any) -> None:
        remove_account(account=instance, actor=self.actor)

    @extend_schema(
        summary="Check a key for Instantly",
        description="Asks Instantly whether it accepts the key. The answer is 200 either way.",
        request=None,
        responses=CheckedAccountSerializer,
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return CheckedAccountSerializer.answer(check_account(account=self.get_object(), actor=self.actor))

    @extend_schema(
        summary="Pause Instantly",
        description="Each campaign it delivers is paused there; none is handed over.",
        request=None,
        responses=InstantlyAccountSerializer,
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return Response(self.get_serializer(pause_account(account=self.get_object(), actor=self.actor)).data)

    @extend_schema(
        summary="Let Instantly go on",
        description="Campaigns that run here are resumed there.",
        request=None,
        responses=InstantlyAccountSerializer,
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return Response(self.get_serializer(resume_account(account=self.get_object(), actor=self.actor)).data)

    @extend_schema(
        summary="List the campaigns at Instantly",
        description="Asks Instantly. Those that were made there have no campaign here until they are taken over.",
        responses=DiscoveredSerializer(many=True),
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def campaigns(self, request: Request, **_address: str) -> Response:
        found = discover(self.get_object().organization)
        return Response(DiscoveredSerializer([each.as_json() for each in found], many=True).data)

    @extend_schema(
        summary="Take over campaigns of Instantly",
        description="Each gets a campaign here that keeps its figures and controls nothing.",
        request=TakeOverSerializer,
        responses={201: TakenOverSerializer},
    )
    @campaigns.mapping.post
    def take_over(self, request: Request, **_address: str) -> Response:
        account = self.get_object()
        asked = TakeOverSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = take_over(
            organization=account.organization,
            numbers=asked.validated_data["ids"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"campaigns": [each.pk for each in made]}, status=status.HTTP_201_CREATED)


class ChooseDeliverySerializer(StrictSerializer):
    """Who is to deliver the campaign."""

    by = serializers.ChoiceField(DeliveredBy.choices)
    mailboxes = serializers.ListField(
        child=serializers.CharField(max_length=254), required=False, default=list, max_length=MOST_MAILBOXES,
        help_text="Addresses at Instantly that its mails leave from.",
    )  # fmt: skip


class InstantlyDaySerializer(serializers.ModelSerializer):
    """What Instantly counted on a day, by its own names."""

    figures = serializers.DictField(child=serializers.FloatField())

    class Meta:
        model = InstantlyDay
        fields = ["day", "figures"]


class DeliverySerializer(serializers.Serializer):
    """Who delivers the campaign; of one that Instantly delivers, what Instantly was told and whom it has."""

    by = serializers.ChoiceField(DeliveredBy.choices)
    mailboxes = serializers.ListField(child=serializers.CharField())
    told = serializers.ChoiceField(Told.choices, allow_null=True, help_text="What Instantly was told last.")
    told_at = serializers.DateTimeField(allow_null=True)
    held = serializers.IntegerField(help_text="People whom Instantly has.")
    asked = serializers.IntegerField(help_text="People handed over without an answer yet.")
    refused = serializers.IntegerField()
    removed = serializers.IntegerField()
    to_remove = serializers.IntegerField(help_text="People who are out here, and not yet removed there.")
    oldest_removal_at = serializers.DateTimeField(allow_null=True, help_text="Since when the first of them is out.")
    their_status = serializers.IntegerField(allow_null=True, help_text="As Instantly numbers it.")
    polled_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    retry_at = serializers.DateTimeField(allow_null=True)
    figures = serializers.DictField(child=serializers.FloatField(), help_text="What Instantly counts, by its names.")
    days = InstantlyDaySerializer(many=True)


_NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("told", "told_at", "oldest_removal_at", "their_status", "polled_at", "retry_at")),
    **dict.fromkeys(("held", "asked", "refused", "removed", "to_remove"), 0),
    "mailboxes": [],
    "error": "",
    "figures": {},
}


class CampaignDelivery:
    """Mixed into the campaigns' viewset."""

    delivery_roles: ClassVar[Mapping[str, Role]] = {"choose_delivery": Role.MANAGER}

    @extend_schema(summary="See who delivers a campaign", responses=DeliverySerializer)
    @action(detail=True)
    def delivery(self, request: Request, **_address: str) -> Response:
        return _delivery(self.get_object())  # type: ignore[attr-defined]

    @extend_schema(
        summary="Choose who delivers a campaign",
        description="Its senders, or Instantly. Refused (409) once it is no draft any more.",
        request=ChooseDeliverySerializer,
        responses=DeliverySerializer,
    )
    @delivery.mapping.post
    def choose_delivery(self, request: Request, **_address: str) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        asked = ChooseDeliverySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        campaign = choose_delivery(
            campaign=campaign,
            by=DeliveredBy(asked.validated_data["by"]),
            mailboxes=asked.validated_data["mailboxes"],
            actor=self.actor,  # type: ignore[attr-defined]
        )
        return _delivery(campaign)


def _delivery(campaign: Campaign) -> Response:
    found = delivery_of(campaign)
    told = found.as_dict() if found else _NOTHING
    days = InstantlyDay.objects.filter(campaign=campaign)[:MOST_DAYS]
    return Response(DeliverySerializer({**told, "by": campaign.delivered_by, "days": days}).data)
