"""/events: opens, clicks, replies, bounces; of the organization or of one campaign."""

from rest_framework import serializers

from campaigns.api.finding import InCampaign
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, TrueOrFalse
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from tracking.models import EmailEvent, EventType


class EventSerializer(serializers.ModelSerializer):
    """Something that happened to a message. `is_machine`: a scanner or pre-fetcher did it, not a person."""

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


class CampaignEventViewSet(Reads, InCampaign):
    """The events of one campaign."""

    tag = "events"
    noun = ("an event of a campaign", "events of a campaign")
    queryset = EmailEvent.objects.select_related("campaign_recipient")
    serializer_class = EventSerializer
    filterset_class = EventFilters
    campaign_path = "campaign_recipient__campaign"
