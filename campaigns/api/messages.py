"""/campaigns/{campaign}/messages: the ledger, one step to one recipient a row."""

from rest_framework import serializers

from campaigns.api.finding import InCampaign
from campaigns.models import Message, MessageStatus
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.viewsets import Reads


class MessageSerializer(serializers.ModelSerializer):
    """One step to one recipient. `uncertain` is never sent again by itself."""

    lead = serializers.IntegerField(source="recipient.lead_id", read_only=True)
    email_address = serializers.CharField(source="recipient.email_address", read_only=True)
    position = serializers.IntegerField(source="step.position", read_only=True)

    class Meta:
        model = Message
        fields = [
            "id", "recipient", "lead", "email_address", "step", "position", "step_version", "variant", "sender",
            "status", "reason", "attempts", "message_id", "claimed_at", "attempted_at", "sent_at", "smtp_code",
            "smtp_reply", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class MessageFilters(CreatedFilters):
    status = AnyOf(choices=MessageStatus.choices)
    recipient = IdFilter("recipient", label="The number of a recipient.")
    lead = IdFilter("recipient__lead", label="The number of a lead.")
    step = IdFilter("step", label="The number of a step.")
    variant = IdFilter("variant", label="The number of a variant.")
    sender = IdFilter("sender", label="The number of a sender.")

    class Meta:
        model = Message
        fields: list[str] = []


class MessageViewSet(Reads, InCampaign):
    """A row is there from the moment a worker takes the mail in hand; before that, the recipient tells what is next."""

    tag = "messages"
    noun = ("a message", "messages")
    queryset = Message.objects.select_related("recipient", "step").defer("merge_values")
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    campaign_path = "recipient__campaign"
