"""The limits of a sender, as the API shows and takes them."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from campaigns.models import Sender
from campaigns.sender_limits import limit_problems
from campaigns.sending.limits import used_today

LIMITS = (
    "timezone", "daily_limit", "hourly_limit", "domain_daily_limit", "gap_seconds", "gap_jitter_seconds", "ramp_start",
    "ramp_increase", "ramp_ceiling", "ramp_started_on",
)  # fmt: skip


class SenderLimits(serializers.Serializer):
    """Mixed into the serializer of senders: its fields are LIMITS and `used_today`."""

    used_today = serializers.SerializerMethodField(
        help_text="Mails of this day, in its time zone. Counted only while anything is limited."
    )

    def get_used_today(self, sender: Sender) -> int | None:
        return used_today(sender, now=timezone.now())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        problems = limit_problems(self._would_be(attrs))  # type: ignore[attr-defined]
        if problems:
            raise serializers.ValidationError({name: [sentence] for name, sentence in problems.items()}, "invalid")
        return super().validate(attrs)

    def create(self, validated_data: dict[str, Any]) -> Any:
        validated_data.setdefault("timezone", validated_data["organization"].timezone)
        return super().create(validated_data)
