"""One campaign, as the API shows and takes it."""

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns import lifecycle
from campaigns.models import Campaign, CampaignPlan, CampaignTombstone, EmailTemplate
from campaigns.models.verbs import FROM
from campaigns.naming import free_campaign_id
from campaigns.scheduling.window import MOST_HOLIDAYS
from campaigns_project.rest.schema import example
from campaigns_project.rest.serializers import ScopedRelatedField, StrictModelSerializer

SETTINGS = (
    "name", "description", "plan", "template", "timezone", "sending_days", "window_start", "window_end", "window_zone",
    "holidays", "counts_sending_days", "daily_limit", "daily_new_leads", "track_opens", "track_clicks", "stop_on_reply",
    "stop_on_booking", "priority",
)  # fmt: skip
KEPT_BY_THE_SYSTEM = (
    "status", "status_code", "status_message", "status_error", "allowed_actions", "scheduled_at", "started_at",
    "hold_until", "paused_at", "completed_at", "failed_at", "total_recipients", "recipients_reached", "emails_sent",
    "emails_opened", "emails_clicked", "emails_replied", "emails_bounced", "active_leads_count",
    "completed_leads_count", "opted_out_count", "booked_count", "open_rate", "click_rate", "reply_rate", "bounce_rate",
    "is_active", "is_automatic", "auto_discovered", "last_enrollment_at", "deactivated_at", "url", "file_name",
    "total_records", "delivered_by", "instantly_campaign_id", "created_by", "created_at", "updated_at",
)  # fmt: skip

# What moves while mails go out.
COUNTED = (
    "total_recipients", "recipients_reached", "emails_sent", "emails_opened", "emails_clicked", "emails_replied",
    "emails_bounced", "active_leads_count", "completed_leads_count", "opted_out_count", "booked_count", "open_rate",
    "click_rate", "reply_rate", "bounce_rate", "last_enrollment_at",
)  # fmt: skip


@example("A campaign with a time zone and a limit", name="Autumn", timezone="Europe/Prague", daily_limit=200)
class CampaignSerializer(StrictModelSerializer):
    """A campaign. Its status is moved by the actions alone; `allowed_actions` names those the status allows now."""

    plan = ScopedRelatedField(queryset=CampaignPlan.objects.all(), allow_null=True, required=False)
    template = ScopedRelatedField(queryset=EmailTemplate.objects.all(), allow_null=True, required=False)
    allowed_actions = serializers.SerializerMethodField()
    # As somebody copied it: browsers write brackets into addresses, of which no URI is made.
    url = serializers.CharField(read_only=True, help_text="The search that its people come from, where it has one.")
    open_rate = serializers.FloatField(read_only=True, allow_null=True, help_text="0 to 1, of recipients_reached.")
    click_rate = serializers.FloatField(read_only=True, allow_null=True, help_text="0 to 1, of recipients_reached.")
    reply_rate = serializers.FloatField(read_only=True, allow_null=True, help_text="0 to 1, of recipients_reached.")
    bounce_rate = serializers.FloatField(read_only=True, allow_null=True, help_text="0 to 1, of recipients_reached.")

    broken = {
        "campaign_window_is_whole": (
            "window_start",
            "Give both ends of the window, the start before the end, or neither.",
        )
    }

    class Meta:
        model = Campaign
        fields = ["id", "campaign_id", *SETTINGS, *KEPT_BY_THE_SYSTEM]
        read_only_fields = KEPT_BY_THE_SYSTEM
        extra_kwargs = {
            "campaign_id": {"required": False, "help_text": "Made from the name unless given; then it stays."}
        }

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(list(FROM))))
    def get_allowed_actions(self, campaign: Campaign) -> list[str]:
        return list(lifecycle.allowed_verbs(campaign))

    def validate_campaign_id(self, slug: str) -> str:
        if self.instance is not None and slug != self.instance.campaign_id:
            raise serializers.ValidationError(
                "A campaign ID stays as it is: addresses and commands use it.", "immutable"
            )
        if slug.isdecimal():
            raise serializers.ValidationError(
                "A campaign ID needs a letter: digits alone read like a campaign's number."
            )
        if CampaignTombstone.objects.filter(campaign_slug=slug).exists():
            raise serializers.ValidationError(
                "This was the ID of a deleted campaign and is never used again.", "tombstoned"
            )
        return slug

    def validate_sending_days(self, days: list[int]) -> list[int]:
        return sorted(set(days))

    def validate_holidays(self, days: list[date]) -> list[date]:
        if len(days) > MOST_HOLIDAYS:
            raise serializers.ValidationError(f"At most {MOST_HOLIDAYS} dates; these are {len(days)}.")
        return sorted(set(days))

    def create(self, validated_data: dict[str, Any]) -> Any:
        organization = validated_data["organization"]
        validated_data.setdefault("campaign_id", free_campaign_id(validated_data["name"]))
        validated_data.setdefault("timezone", organization.timezone)
        return Campaign.objects.create(**validated_data)
