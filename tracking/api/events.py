"""/events: opens, clicks, replies, bounces; of the organization or of one campaign."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.finding import InCampaign
from campaigns.models import Message, Recipient
from campaigns_project.accounts.tenancy import living
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, TrueOrFalse
from campaigns_project.rest.serializers import LineField, ScopedRelatedField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from tracking.bounce_kind import BounceKind
from tracking.models import EmailEvent, EventType
from tracking.reporting import LONGEST_ID, REPORTED, report
from tracking.sources import Source

_MESSAGES = Message.objects.select_related("recipient__campaign__organization", "recipient__lead")


class EventSerializer(serializers.ModelSerializer):
    """Something that happened to a message. `is_machine`: a scanner or pre-fetcher did it, not a person.

    With `details_cleared_at` in `event_data`, the visitor's address and program and what servers said were cleared for
    their age; what is left of `event_data` is what is counted by.
    """

    campaign = serializers.IntegerField(source="campaign_recipient.campaign_id", read_only=True)
    recipient = serializers.IntegerField(source="campaign_recipient_id", read_only=True)
    lead = serializers.IntegerField(source="campaign_recipient.lead_id", read_only=True)

    class Meta:
        model = EmailEvent
        fields = [
            "id", "event_type", "campaign", "recipient", "lead", "message", "event_data", "user_agent", "ip_address",
            "is_machine", "machine_reason", "source", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ReportSerializer(StrictSerializer):
    """What happened to a mail. Exactly one of `recipient`, `message` and `message_id` says to which."""

    event_type = serializers.ChoiceField(choices=[(each.value, each.label) for each in REPORTED])
    recipient = ScopedRelatedField(
        queryset=Recipient.objects.select_related("campaign__organization", "lead"),
        required=False,
        help_text="The number of a recipient: it happened to the last mail they got.",
    )
    message = ScopedRelatedField(queryset=_MESSAGES, required=False, help_text="The number of a message.")
    message_id = LineField(
        max_length=255,
        required=False,
        help_text="The Message-ID of the mail, as an answer quotes it in In-Reply-To or References.",
    )
    kind = serializers.ChoiceField(
        choices=[each.value for each in BounceKind],
        required=False,
        help_text="Of a bounce, and needed there: hard (the address is dead), soft, or sender (our own fault).",
    )
    happened_at = serializers.DateTimeField(required=False, help_text="Now unless given.")
    source_event_id = LineField(
        max_length=LONGEST_ID,
        required=False,
        help_text="Your own id of it: told again under the same one, nothing happens a second time.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("recipient", "message", "message_id") if name in attrs]
        if len(given) != 1:
            raise serializers.ValidationError("Give exactly one of recipient, message and message_id.", "required")
        if "message_id" in attrs:
            attrs["message"] = self._found(attrs.pop("message_id"))
        message = attrs.get("message")
        attrs["recipient"] = message.recipient if message else attrs["recipient"]
        attrs["event_type"] = EventType(attrs["event_type"])
        attrs["kind"] = BounceKind(attrs["kind"]) if "kind" in attrs else None
        return attrs

    def _found(self, message_id: str) -> Message:
        own = living(_MESSAGES).for_organization(self.context["organization"])
        found: Message | None = own.filter(message_id=f"<{message_id.strip().strip('<>')}>").first()
        if found is None:
            raise serializers.ValidationError({"message_id": ["No mail of yours has this Message-ID."]}, "unknown")
        return found


class EventFilters(CreatedFilters):
    event_type = AnyOf(choices=EventType.choices)
    recipient = IdFilter("campaign_recipient", label="The number of a recipient.")
    lead = IdFilter("campaign_recipient__lead", label="The number of a lead.")
    message = IdFilter("message", label="The number of a message.")
    is_machine = TrueOrFalse(label="true: scanners and pre-fetchers alone; false: people alone.")

    class Meta:
        model = EmailEvent
        fields: list[str] = []


class AnyEventFilters(EventFilters):
    campaign = IdFilter("campaign_recipient__campaign", label="The number of a campaign.")


class EventViewSet(Reads, ApiViewSet):
    """Written once, never changed."""

    tag = "events"
    noun = ("an event", "events")
    queryset = EmailEvent.objects.select_related("campaign_recipient")
    serializer_class = EventSerializer
    filterset_class = AnyEventFilters

    @extend_schema(
        summary="Tell what happened to a mail",
        description="A reply, bounce, complaint or opt-out that you heard of elsewhere: a mailbox you read, an e-mail "
        "service, a phone call. All that follows from it follows at once: who replied leaves the campaign "
        "(`stop_on_reply`), who opted out or complained leaves all of them for good.",
        request=ReportSerializer,
        responses={201: EventSerializer, 200: EventSerializer},
    )
    def create(self, request: Request) -> Response:
        asked = ReportSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        wanted, now = asked.validated_data, timezone.now()
        told = report(at=wanted.pop("happened_at", now), **wanted, actor=self.actor, now=now, source=Source.API)
        code = status.HTTP_201_CREATED if told.is_new else status.HTTP_200_OK
        location = {"Location": f"{request.path}/{told.event.pk}"}
        return Response(self.get_serializer(told.event).data, status=code, headers=location)


class CampaignEventViewSet(Reads, InCampaign):
    """The events of one campaign."""

    tag = "events"
    noun = ("an event of a campaign", "events of a campaign")
    queryset = EmailEvent.objects.select_related("campaign_recipient")
    serializer_class = EventSerializer
    filterset_class = EventFilters
    campaign_path = "campaign_recipient__campaign"
