"""/de-enrollment: sweeps that take people out of campaigns who must not be in, and how late they were."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.de_enrollment import ask_for_run, health_of
from campaigns.de_enrollment.naming import leads_named
from campaigns.models import Campaign, DeEnrollmentLog, DeEnrollmentRun, ExitReason, Outcome
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, TrueOrFalse
from campaigns_project.rest.schema import problems
from campaigns_project.rest.serializers import LineField, ScopedRelatedField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from campaigns_project.states import ProgressStatus

RUN = r"de-enrollment/runs/(?P<run>[0-9]{1,18})"
MOST_IN_A_BODY = 10_000


@extend_schema_serializer(component_name="DeEnrollmentRun")
class RunSerializer(serializers.ModelSerializer):
    """One run. `found` is `removed`, `already_out` and `cleared` together once it has ended, but for a dry run."""

    by_reason = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, help_text="How many of those removed, by exit reason."
    )

    class Meta:
        model = DeEnrollmentRun
        fields = [
            "id", "campaign", "is_automatic", "is_dry_run", "status", "scanned", "found", "removed", "already_out",
            "cleared", "by_reason", "lag_p50", "lag_p95", "lag_most", "reason", "error_message", "asked_by",
            "created_at", "started_at", "heartbeat_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


@extend_schema_serializer(component_name="NewDeEnrollmentRun")
class AskedRunSerializer(StrictSerializer):
    """What is to be looked through; all of it optional. A plain run sweeps the whole organization."""

    campaign: Any = ScopedRelatedField(queryset=Campaign.objects.all(), required=False, help_text="Only this one.")
    leads = serializers.ListField(
        child=LineField(max_length=254),
        required=False,
        max_length=MOST_IN_A_BODY,
        help_text="Take these people out, whatever they did: numbers of leads or their addresses.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Take nobody out; the items say who would be.")
    reason = LineField(required=False, allow_blank=True, default="", max_length=300)


@extend_schema_serializer(component_name="DeEnrollmentItem")
class ItemSerializer(serializers.ModelSerializer):
    """Somebody whom the run found."""

    campaign = serializers.IntegerField(source="recipient.campaign_id")
    lead = serializers.IntegerField(source="recipient.lead_id")
    email_address = serializers.CharField(source="recipient.email_address")
    lag = serializers.FloatField(allow_null=True, help_text="Seconds from the news to the removal.")

    class Meta:
        model = DeEnrollmentLog
        fields = [
            "id", "recipient", "campaign", "lead", "email_address", "reason", "outcome", "trigger_at", "settled_at",
            "lag",
        ]  # fmt: skip
        read_only_fields = fields


class DeEnrollmentHealthSerializer(serializers.Serializer):
    """Is anybody still in a campaign who must not be? By the runs there were."""

    status = serializers.ChoiceField(["ok", "wrongly_active", "overdue", "sent_after"])
    wrongly_active = serializers.IntegerField(help_text="Found, and not taken out yet.")
    last_sweep_at = serializers.DateTimeField(allow_null=True)
    removed_1h = serializers.IntegerField()
    removed_24h = serializers.IntegerField()
    late_24h = serializers.IntegerField(help_text="Removed more than five minutes after the news.")
    sends_after_trigger_24h = serializers.IntegerField(help_text="Got a mail after the news; has to be 0.")
    lag_p50 = serializers.FloatField(allow_null=True, help_text="Seconds, of the last 24 hours.")
    lag_p95 = serializers.FloatField(allow_null=True, help_text="Seconds, of the last 24 hours.")


class RunFilters(CreatedFilters):
    status = AnyOf(choices=ProgressStatus.choices)
    campaign = IdFilter("campaign", label="The number of a campaign.")
    dry_run = TrueOrFalse("is_dry_run", label="true: those that only looked.")
    automatic = TrueOrFalse("is_automatic", label="true: those nobody asked for.")

    class Meta:
        model = DeEnrollmentRun
        fields: list[str] = []


class RunViewSet(Reads, ApiViewSet):
    """Sweeps go on by themselves about once a minute; these are their records, and those of runs somebody asked for."""

    rehearses = frozenset()  # a run looks first if its body says `dry_run`
    tag = "de-enrollment"
    noun = ("a de-enrollment run", "de-enrollment runs")
    queryset = DeEnrollmentRun.objects.all()
    serializer_class = RunSerializer
    filterset_class = RunFilters

    @extend_schema(
        summary="Take people out of campaigns",
        description="Whoever opted out, complained, bounced, was suppressed, replied, booked or has had every mail and "
        "is in a campaign all the same; or the people you name. A worker does it (202): read the run until it has "
        "ended. Refused with `lead_not_found` (404), `nobody_named` (400) and `campaign_ended` (409).",
        request=AskedRunSerializer,
        responses={202: RunSerializer, **problems(404)},
    )
    def create(self, request: Request, **_address: str) -> Response:
        asked = AskedRunSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        names = wanted.pop("leads", None)
        people = None if names is None else leads_named(self.organization, names)
        run = ask_for_run(
            organization=self.organization, lead_ids=people, actor=self.actor, now=timezone.now(), **wanted
        )
        headers = {"Location": f"{request.path}/{run.pk}"}
        return Response(self.get_serializer(run).data, status=status.HTTP_202_ACCEPTED, headers=headers)


class ItemFilters(filters.FilterSet):
    outcome = AnyOf(choices=Outcome.choices)
    reason = AnyOf(choices=ExitReason.choices)

    class Meta:
        model = DeEnrollmentLog
        fields: list[str] = []


class ItemViewSet(Reads, ApiViewSet):
    """Whom a run found; kept for 90 days."""

    tag = "de-enrollment"
    noun = ("an item of a de-enrollment run", "items of a de-enrollment run")
    queryset = DeEnrollmentLog.objects.select_related("recipient")
    serializer_class = ItemSerializer
    filterset_class = ItemFilters
    path_names = {"run": ("The run's number.", OpenApiTypes.INT64)}

    def find_parents(self) -> None:
        super().find_parents()
        runs = DeEnrollmentRun.objects.for_organization(self.organization).living()
        self.run = get_object_or_404(runs, pk=self.kwargs["run"])

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else rows.filter(run=self.run)


class HealthView(ApiViewSet):
    """The same as the head of the admin's page."""

    tag = "de-enrollment"
    queryset = DeEnrollmentRun.objects.all()
    serializer_class = DeEnrollmentHealthSerializer

    @extend_schema(
        summary="Ask whether anybody is in a campaign who must not be", responses=DeEnrollmentHealthSerializer
    )
    def read(self, request: Request, **_address: str) -> Response:
        return Response(DeEnrollmentHealthSerializer(health_of(self.organization, now=timezone.now())).data)
