"""Test sends, as the API takes and answers them."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from campaigns.models import Campaign, Sender
from campaigns.sending.trial import MOST_ADDRESSES, find_wording, send_test
from campaigns_project.audit.actors import Actor
from campaigns_project.rest.serializers import ScopedRelatedField, StrictSerializer
from leads.models import Lead


class TestSendSerializer(StrictSerializer):
    """What to send, as whom, to whom."""

    to = serializers.ListField(
        child=serializers.CharField(max_length=320), allow_empty=False, max_length=MOST_ADDRESSES
    )
    position = serializers.IntegerField(
        required=False, default=1, min_value=1, max_value=10_000, help_text="Of the step; 1 is the first mail."
    )
    variant = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=10,
        help_text="Its label; the first active one unless given.",
    )
    lead = ScopedRelatedField(
        queryset=Lead.objects.all(), required=False, allow_null=True, default=None, help_text="To write it as."
    )
    sender = ScopedRelatedField(
        queryset=Sender.objects.all(), required=False, allow_null=True, default=None, help_text="To send it from."
    )


class TestedSerializer(serializers.Serializer):
    """What came of one."""

    address = serializers.CharField()
    is_sent = serializers.BooleanField()
    sentence = serializers.CharField()
    seconds = serializers.FloatField()


class TestSentSerializer(serializers.Serializer):
    """What came of them."""

    results = TestedSerializer(many=True)


def sent_tests(campaign: Campaign, request: Request, actor: Actor, context: Any) -> dict[str, Any]:
    """Send what `request` asks for."""
    asked = TestSendSerializer(data=request.data, context=context)
    asked.is_valid(raise_exception=True)
    wanted = asked.validated_data
    variant = find_wording(campaign, position=wanted["position"], label=wanted["variant"])
    results = send_test(
        variant=variant,
        lead=wanted["lead"],
        sender=wanted["sender"],
        to=wanted["to"],
        actor=actor,
        now=timezone.now(),
    )
    return {"results": results}
