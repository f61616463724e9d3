"""/campaigns/{campaign}/analytics: what came of a campaign, in numbers."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.finding import InCampaign
from campaigns.models import Campaign
from tracking.analytics import campaign_analytics
from tracking.analytics.funnel import STAGES
from tracking.models import EventType


class ShareSerializer(serializers.Serializer):
    """A number and what it is a part of."""

    count = serializers.IntegerField()
    of = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="0 to 1; null where there is nothing to be a part of.")


class VariantFiguresSerializer(serializers.Serializer):
    """Of the messages sent in this wording."""

    variant = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    subject = serializers.CharField()
    is_active = serializers.BooleanField()
    sent = serializers.IntegerField()
    opened = ShareSerializer()
    clicked = ShareSerializer()
    replied = ShareSerializer()


class StepFiguresSerializer(serializers.Serializer):
    """Of the messages sent for this step."""

    step = serializers.IntegerField()
    position = serializers.IntegerField()
    sent = serializers.IntegerField()
    opened = ShareSerializer()
    clicked = ShareSerializer()
    replied = ShareSerializer()
    variants = VariantFiguresSerializer(many=True)


class StageSerializer(serializers.Serializer):
    """How many people came as far as this."""

    stage = serializers.ChoiceField(choices=STAGES)
    people = serializers.IntegerField()
    of_previous = ShareSerializer(allow_null=True, help_text="Of the stage before; null for the first.")
    of_delivered = ShareSerializer(allow_null=True, help_text="Of those whom a mail reached; null up to there.")


class HourSerializer(serializers.Serializer):
    """Replies in one hour of the week, in the campaign's time zone."""

    weekday = serializers.IntegerField(min_value=1, max_value=7, help_text="1 is Monday.")
    hour = serializers.IntegerField(min_value=0, max_value=23, help_text="That in which it began.")
    replies = serializers.IntegerField()


class UndeliveredSerializer(serializers.Serializer):
    """Mails that did not arrive for one reason."""

    how = serializers.ChoiceField(
        choices=["failed", "bounced"], help_text="`failed`: no server took it. `bounced`: one did, and it came back."
    )
    reason = serializers.CharField(help_text="Of the message that failed; of a bounce its kind: hard, soft, sender.")
    status = serializers.CharField(help_text="What a bounce says by RFC 3463, as 5.1.1; or nothing.")
    mails = serializers.IntegerField()


class AnalyticsSerializer(serializers.Serializer):
    """Machines are in no number but those named so; opens are an approximation (blocked images, proxies)."""

    campaign = serializers.IntegerField()
    generated_at = serializers.DateTimeField()
    counters = serializers.DictField(child=serializers.IntegerField(), help_text="Kept as things happen.")
    people = serializers.DictField(
        child=ShareSerializer(), help_text="Of the recipients who got a mail, by what they did."
    )
    events = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text=f"By type ({', '.join(EventType.values)}): human and machine.",
    )
    steps = StepFiguresSerializer(many=True)
    days = serializers.ListField(
        child=serializers.DictField(),
        help_text="The last 30 days in the campaign's time zone (once it has ended, up to six days after that), oldest "
        "first: date, sent, events by type, machine.",
    )
    timezone = serializers.CharField(
        help_text="Whose days and hours these are: the campaign's time zone, or UTC where that is not known any more."
    )
    funnel = StageSerializer(many=True, help_text="From enrolled to booked, in this order.")
    reply_hours = HourSerializer(many=True, help_text="Those with replies, from Monday on.")
    undelivered = UndeliveredSerializer(many=True, help_text="The most frequent first.")


class AnalyticsView(InCampaign):
    """The figures of one campaign."""

    tag = "campaigns"
    queryset = Campaign.objects.all()
    serializer_class = AnalyticsSerializer

    @extend_schema(summary="Read the figures of a campaign", responses=AnalyticsSerializer)
    def read(self, request: Request, **_address: str) -> Response:
        return Response(AnalyticsSerializer(campaign_analytics(self.campaign, now=timezone.now())).data)
