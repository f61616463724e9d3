"""/senders: the mailboxes mails go out from, and which of them a campaign uses."""

from typing import Any, cast

from django.db import models
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.connecting import WHERE, connect_address
from campaigns.api.finding import InCampaign
from campaigns.api.sender_limits import LIMITS, SenderLimits
from campaigns.api.verbs import ReasonSerializer
from campaigns.delivery.hooks import HOOKS
from campaigns.delivery.services import SERVICES
from campaigns.health import HealthCheck, HealthStatus, check_sender
from campaigns.hearing import how_to_set_up, renew_webhook_address, webhook_address
from campaigns.models import Authentication, Mailbox, Sender, SenderKind, SenderStatus
from campaigns.senders import (
    check_address_is_free,
    check_login_stays,
    check_settings,
    pause_sender,
    remove_sender,
    resume_sender,
)
from campaigns.sending.limits import RECENT_DAYS
from campaigns.steps import set_senders
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, CreatedFilters
from campaigns_project.rest.schema import example
from campaigns_project.rest.serializers import (
    ScopedRelatedField,
    StrictModelSerializer,
    StrictSerializer,
    refuse_a_body,
)
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads


class FindingSerializer(serializers.Serializer):
    """One check of a sender: what should be there, what is, and what to do."""

    code = serializers.ChoiceField(choices=HealthCheck.choices)
    status = serializers.ChoiceField(choices=HealthStatus.choices)
    message = serializers.CharField()
    expected = serializers.CharField()
    found = serializers.CharField()
    hint = serializers.CharField()
    is_down = serializers.BooleanField(help_text="Something outside could not be reached.")
    where = serializers.CharField(default="", allow_blank=True, help_text="The name in DNS that was asked.")
    publish = serializers.CharField(
        default="", allow_blank=True, help_text="What can be put there as it stands; empty where it depends."
    )
    log = serializers.CharField(
        default="", allow_blank=True, help_text="What was said at the login, without what is secret."
    )


class HealthSerializer(serializers.Serializer):
    """What the last look at a sender found."""

    status = serializers.ChoiceField(choices=HealthStatus.choices)
    checks = FindingSerializer(many=True)


@example("An SMTP server", email="petr@fairlead.example", name="Petr", host="smtp.fairlead.example", username="petr")
class SenderSerializer(SenderLimits, StrictModelSerializer):
    """A mailbox. Its password is taken and never shown."""

    mailbox = ScopedRelatedField(
        queryset=Mailbox.objects.all(),
        allow_null=True,
        required=False,
        help_text="The number of the mailbox in which its replies and bounces arrive and are read.",
    )
    has_password = serializers.SerializerMethodField()
    authentication = serializers.ChoiceField(
        choices=Authentication.choices,
        read_only=True,
        help_text="How it logs in. A person connects it with an account on its page in the admin; no key can do that.",
    )
    is_connected = serializers.BooleanField(
        read_only=True, help_text="Whether it is connected; false also where a person has to connect it again."
    )
    connect_address = serializers.SerializerMethodField(help_text=WHERE)
    has_esp_settings = serializers.SerializerMethodField()
    has_webhook_secret = serializers.SerializerMethodField()
    webhook_address = serializers.SerializerMethodField(
        help_text="Where its e-mail service is to report what became of mails; empty where none does."
    )
    webhook_setup = serializers.SerializerMethodField(help_text="What to enter where, for a person.")
    health = HealthSerializer(read_only=True, allow_null=True)

    broken = {"sender_once_per_organization": ("email", "There is already a sender with this address.")}

    class Meta:
        model = Sender
        fields = [
            "id", "email", "name", "reply_to", "kind", "host", "port", "security", "username", "password",
            "has_password", "authentication", "is_connected", "connect_address", "esp", "esp_settings",
            "has_esp_settings",
            "max_connections", "guard_percent", "guard_floor",
            "dkim_selector", "return_path_domain", "return_path_plus", "mailbox",
            "webhook_service",
            "webhook_secret", "has_webhook_secret", "webhook_address", "webhook_setup", "heard_at", "health",
            "health_checked_at", *LIMITS, "used_today",
            "status", "status_reason", "backs_off_until", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "heard_at", "health", "health_checked_at", "status", "status_reason", "backs_off_until", "created_at",
            "updated_at",
        ]  # fmt: skip
        extra_kwargs = {
            "esp": {"help_text": f"One of {', '.join(SERVICES)}; only for the kind esp."},
            "esp_settings": {
                "write_only": True,
                "help_text": "The service's keys, as a JSON object in a text. Kept encrypted, never shown again.",
            },
            "max_connections": {"min_value": 1},
            "guard_percent": {"max_value": 100},
            "password": {
                "write_only": True,
                "trim_whitespace": False,
                "help_text": "Kept encrypted, never shown again.",
            },
            "port": {"min_value": 1, "max_value": 65535},
            "webhook_service": {
                "help_text": f"One of {', '.join(HOOKS)}; empty: the service of `esp`. To be given where the SMTP "
                "server of a service is used."
            },
            "webhook_secret": {
                "write_only": True,
                "help_text": "What proves that a report is the service's; `webhook_setup` says what it is. Kept "
                "encrypted, never shown again.",
            },
        }

    def get_has_password(self, sender: Sender) -> bool:
        return bool(sender.password)

    def get_connect_address(self, sender: Sender) -> str:
        return connect_address(sender)

    def get_has_webhook_secret(self, sender: Sender) -> bool:
        return bool(sender.webhook_secret)

    def get_webhook_address(self, sender: Sender) -> str:
        return webhook_address(sender)

    def get_webhook_setup(self, sender: Sender) -> str:
        return how_to_set_up(sender)

    def get_has_esp_settings(self, sender: Sender) -> bool:
        return bool(sender.esp_settings)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        row = cast(Sender, self._would_be(attrs))
        check_settings(row)
        check_address_is_free(row)
        if self.instance is not None:
            check_login_stays(cast(Sender, self.instance), host=row.host, keeps_password="password" not in attrs)
        return attrs


class SenderFilters(CreatedFilters):
    status = AnyOf(choices=SenderStatus.choices)
    kind = AnyOf(choices=SenderKind.choices)
    q = filters.CharFilter("email", "icontains", label="A part of the address.")

    class Meta:
        model = Sender
        fields: list[str] = []


class SenderViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """While SANDBOX is on, the mails of every sender reach the local mailbox and nothing else."""

    rehearses = ApiViewSet.rehearses | {"pause", "resume"}
    tag = "senders"
    noun = ("a sender", "senders")
    queryset = Sender.objects.defer(*Sender.TOKENS).prefetch_related(RECENT_DAYS)
    serializer_class = SenderSerializer
    filterset_class = SenderFilters
    roles = dict.fromkeys(
        ("create", "partial_update", "destroy", "pause", "resume", "check", "renew_webhook"), Role.MANAGER
    )
    live = frozenset({"used_today", "heard_at", "health", "health_checked_at", "backs_off_until"})

    @extend_schema(description="Refused (409) while a campaign that may still send uses it.")
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Any) -> None:
        remove_sender(sender=instance, actor=self.actor)

    @extend_schema(summary="Pause a sender", request=ReasonSerializer, responses=SenderSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **_address: str) -> Response:
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sender = pause_sender(sender=self.get_object(), actor=self.actor, **asked.validated_data)
        return Response(self.get_serializer(sender).data)

    @extend_schema(
        summary="Check a sender",
        description="Tests the login and looks the domain up in DNS; sends no mail and takes up to half a minute. "
        "`health` in the answer has what was found.",
        request=None,
        responses=SenderSerializer,
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        sender = self.get_object()
        check_sender(sender=sender, actor=self.actor, now=timezone.now())
        return Response(self.get_serializer(sender).data)

    @extend_schema(summary="Resume a sender", request=None, responses=SenderSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        sender = resume_sender(sender=self.get_object(), actor=self.actor)
        return Response(self.get_serializer(sender).data)

    @extend_schema(
        summary="Give a sender another webhook address",
        description="What its e-mail service reports to the present one is refused from then on.",
        request=None,
        responses=SenderSerializer,
    )
    @action(detail=True, methods=["post"], url_path="renew-webhook")
    def renew_webhook(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        sender = renew_webhook_address(sender=self.get_object(), actor=self.actor)
        return Response(self.get_serializer(sender).data)


class ChosenSendersSerializer(StrictSerializer):
    """The senders a campaign may use, all of them."""

    senders = ScopedRelatedField(queryset=Sender.objects.all(), many=True, allow_empty=True)


class CampaignSenderViewSet(InCampaign):
    """Recipients are spread over the senders of their campaign and then stay with theirs."""

    rehearses = frozenset({"replace"})
    tag = "senders"
    queryset = Sender.objects.defer(*Sender.TOKENS).prefetch_related(RECENT_DAYS)
    serializer_class = SenderSerializer
    campaign_path = "campaign_senders__campaign"
    roles = {"replace": Role.MANAGER}
    pagination_class = None
    shows = parted = frozenset({"chosen"})
    guards = frozenset({"replace"})
    live = frozenset({"each"})

    def parents(self) -> dict[str, models.Model]:
        return {"organization": self.organization}

    @extend_schema(summary="List the senders of a campaign", responses=SenderSerializer(many=True))
    def chosen(self, request: Request, **_address: str) -> Response:
        return self._answer()

    @extend_schema(
        summary="Choose the senders of a campaign",
        description="These and no others; recipients of one that is left out go to another.",
        request=ChosenSendersSerializer,
        responses=SenderSerializer(many=True),
    )
    def replace(self, request: Request, **_address: str) -> Response:
        asked = ChosenSendersSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        set_senders(campaign=self.campaign, senders=asked.validated_data["senders"], actor=self.actor)
        return self._answer()

    def hold(self) -> Any:
        self.hold_campaign()
        return self.get_queryset().order_by("pk")

    def shown(self, row: Any) -> Any:
        return self.get_serializer(row, many=True).data

    def entity_tag(self, shown: Any) -> str:
        """Of which senders they are, and then of how each is."""
        return super().entity_tag({"senders": [sender["id"] for sender in shown], "each": shown})

    def _answer(self) -> Response:
        senders = self.get_queryset().order_by("pk")
        return Response(self.get_serializer(senders, many=True).data, status=status.HTTP_200_OK)
