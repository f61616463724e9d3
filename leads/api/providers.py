"""/provider-accounts: keys for lead providers. A key is taken and never shown."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from campaigns_project.rest.filtering import AnyOf, CreatedFilters
from campaigns_project.rest.serializers import StrictModelSerializer, StrictSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from leads.models import Provider, ProviderAccount
from leads.providers.accounts import ask_again, check_account, check_key, key_has_changed, remove_account


class ProviderAccountSerializer(StrictModelSerializer):
    """A key for a lead provider. It is taken and never shown."""

    broken = {
        "provider_account_once": ("provider", "There is already a key for this provider; change it."),
    }

    class Meta:
        model = ProviderAccount
        fields = [
            "id", "provider", "api_key", "credit_limit", "checked_at", "last_error", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["checked_at", "last_error", "created_at", "updated_at"]
        extra_kwargs = {
            "api_key": {"write_only": True, "help_text": "Kept encrypted, never shown again."},
            "credit_limit": {"min_value": 1, "max_value": 2**31 - 1},
            "checked_at": {"help_text": "When it last answered; where last_error stands, since when."},
            "last_error": {"help_text": "What it says against the key; empty where it takes it."},
        }

    def validate_api_key(self, value: str) -> str:
        try:
            return check_key(value)
        except Refused as refused:
            raise serializers.ValidationError(str(refused), "bad_api_key") from None

    def validate_provider(self, value: str) -> str:
        if self.instance is not None and value != self.instance.provider:
            raise serializers.ValidationError("A key stays with its provider; delete it and add another.")
        return value


class CheckedAccountSerializer(StrictSerializer):
    """What the provider said of its key."""

    ok = serializers.BooleanField()
    code = serializers.CharField(help_text="Why not, as a code; empty where it accepts the key.")
    message = serializers.CharField()

    @classmethod
    def answer(cls, refused: Refused | None) -> Response:
        """The answer for a key that was refused so; None for one that is accepted."""
        said = {"ok": refused is None, "code": refused.code if refused else "", "message": str(refused or "")}
        return Response(cls(said).data)


class AskedAgainSerializer(StrictSerializer):
    """How many people the next fetch may ask for once more."""

    people = serializers.IntegerField()


class ProviderAccountFilters(CreatedFilters):
    provider = AnyOf(choices=Provider.choices)

    class Meta:
        model = ProviderAccount
        fields: list[str] = []


class ProviderAccountViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Keys with which leads are fetched."""

    rehearses = ApiViewSet.rehearses | {"ask_again"}
    tag = "provider-accounts"
    noun = ("a provider account", "provider accounts")
    queryset = ProviderAccount.objects.all()
    serializer_class = ProviderAccountSerializer
    filterset_class = ProviderAccountFilters
    roles = dict.fromkeys(("create", "partial_update", "destroy", "check", "ask_again"), Role.MANAGER)
    live = frozenset({"checked_at", "last_error"})

    def perform_update(self, serializer: BaseSerializer) -> None:
        super().perform_update(serializer)
        if "api_key" in serializer.validated_data:
            key_has_changed(serializer.instance)  # type: ignore[arg-type]
            serializer.instance.refresh_from_db()  # type: ignore[union-attr]

    def perform_destroy(self, instance: Any) -> None:
        remove_account(account=instance, actor=self.actor)

    @extend_schema(
        summary="Check a key",
        description="Asks the provider whether it accepts the key; costs no credits. The answer is 200 either way.",
        request=None,
        responses=CheckedAccountSerializer,
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return CheckedAccountSerializer.answer(check_account(account=self.get_object(), actor=self.actor))

    @extend_schema(
        summary="Let lost people be asked for again",
        description="People whose answer got lost may have been paid for and are not asked for again by themselves. "
        "After this the next fetch asks for them once more, which may cost a credit each a second time. Refused (409) "
        "where there are none.",
        request=None,
        responses=AskedAgainSerializer,
    )
    @action(detail=True, methods=["post"], url_path="ask-again")
    def ask_again(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        people = ask_again(account=self.get_object(), actor=self.actor, now=timezone.now())
        return Response({"people": people})
