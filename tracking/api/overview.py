"""/analytics/overview: the last two weeks of the whole organization, in numbers."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Sender
from campaigns_project.accounts.api import organization_of_request
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.rest.viewsets import StrictView
from leads.models import Suppression
from tracking.analytics.overview import capacity, new_suppressions, recent
from tracking.api.analytics import ShareSerializer
from tracking.models import CampaignDay


class NumbersSerializer(serializers.Serializer):
    """Mails sent, and people by the first time they did something."""

    def get_fields(self) -> dict[str, Any]:
        told = {field.name: field.help_text for field in CampaignDay._meta.fields}
        return {name: serializers.IntegerField(help_text=told[name]) for name in CampaignDay.NUMBERS}


class DaySerializer(NumbersSerializer):
    """One day."""

    def get_fields(self) -> dict[str, Any]:
        return {"date": serializers.DateField(), **super().get_fields()}


class PeriodSerializer(serializers.Serializer):
    """Some days together."""

    numbers = NumbersSerializer()
    delivered = serializers.IntegerField(help_text="Sent without those that bounced.")
    replied = ShareSerializer(help_text="People who replied, of the mails delivered.")
    bounced = ShareSerializer(help_text="People whose address is dead, of the mails sent.")
    is_early = serializers.BooleanField(help_text="True below 100 mails delivered, of which a rate says little.")


class CapacitySerializer(serializers.Serializer):
    """What the senders in use may send today, each by its own day."""

    used = serializers.IntegerField()
    limit = serializers.IntegerField(help_text="Of those that have a limit of the day, ramp-up included.")
    senders = serializers.IntegerField(help_text="In use.")
    unlimited = serializers.IntegerField(help_text="Of them without a limit of the day.")


class NewSuppressionsSerializer(serializers.Serializer):
    """Suppressions added in the last seven days."""

    number = serializers.IntegerField()
    is_more = serializers.BooleanField(help_text="True where there are more than are counted.")


class OverviewSerializer(serializers.Serializer):
    """A day is one of each campaign's own time zone; today adds up what is today there, and is not over."""

    generated_at = serializers.DateTimeField()
    today = PeriodSerializer()
    last_7_days = PeriodSerializer(help_text="Today and the six days before.")
    seven_days_before = PeriodSerializer()
    capacity = CapacitySerializer()
    new_suppressions = NewSuppressionsSerializer()
    days = DaySerializer(many=True, help_text="The last 14 days, oldest first, under dates of the organization.")


class OverviewView(StrictView):
    """The numbers of the first page."""

    tag = "campaigns"

    @extend_schema(summary="Read the figures of the last two weeks", responses=OverviewSerializer)
    def get(self, request: Request) -> Response:
        organization, now = organization_of_request(request), timezone.now()
        days = CampaignDay.objects.for_organization(organization).living()
        found = recent(days, today=now.astimezone(zone_of(organization.timezone)).date(), now=now)
        told = {
            "generated_at": now,
            "today": found.today,
            "last_7_days": found.week,
            "seven_days_before": found.week_before,
            "capacity": capacity(Sender.objects.for_organization(organization), now=now),
            "new_suppressions": new_suppressions(Suppression.objects.for_organization(organization).living(), now=now),
            "days": found.days,
        }
        return Response(OverviewSerializer(told).data)
