"""The verbs of a campaign: each is one POST, one call, and the campaign as it is then."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import lifecycle, preflight
from campaigns.api.campaign import CampaignSerializer
from campaigns.lifecycle import Overdue
from campaigns.models import Campaign, Job
from campaigns.models.verbs import FROM
from campaigns.old_jobs import MOST_DAYS, cutoff, remove_old_jobs
from campaigns.sending.retry import retry_failed
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.serializers import LineField, StrictSerializer


class ReasonSerializer(StrictSerializer):
    """Why, for the audit log."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class StartSerializer(ReasonSerializer):
    """All of it optional: a plain start checks every mail and begins."""

    snapshot = serializers.CharField(
        required=False, max_length=40, help_text="Of a pre-flight answer: refused if content or audience changed since."
    )
    accept_warnings = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        help_text="Codes of warnings. Given, even empty, any other warning refuses the start; left out, none does.",
    )
    hold_seconds = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=3600, help_text="The first mail waits so long."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        hold = timedelta(seconds=attrs.pop("hold_seconds"))
        return {**attrs, "hold": hold}


class ResumeSerializer(ReasonSerializer):
    """What becomes of the mails that came due during the pause."""

    overdue = serializers.ChoiceField(
        Overdue.choices,
        required=False,
        default=Overdue.SEND.value,
        help_text="`send`: they leave first. `shift`: every remaining step moves by the length of the pause.",
    )


class ScheduleSerializer(ReasonSerializer):
    """When to start."""

    at = serializers.DateTimeField(help_text="RFC 3339, with an offset; it has to lie ahead.")


class DuplicateSerializer(StrictSerializer):
    """The copy."""

    name = LineField(required=False, max_length=200, help_text="“Copy of …” unless given.")


class RetrySerializer(ReasonSerializer):
    """Which failed mails."""

    reasons = serializers.ListField(
        child=LineField(max_length=60),
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Only those that failed for one of these (`reason` of the message); all of them unless given.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Change nothing, only count.")


class RetriedSerializer(serializers.Serializer):
    """What came of it."""

    retried = serializers.IntegerField(help_text="Mails that wait again.")
    skipped = serializers.DictField(child=serializers.IntegerField(), help_text="By reason, who stays out.")


class CleanupSerializer(StrictSerializer):
    """Which jobs."""

    days = serializers.IntegerField(
        min_value=0, max_value=MOST_DAYS, help_text="Those that ended more than so many days ago, to the second."
    )


class CleanedUpSerializer(serializers.Serializer):
    """What came of it."""

    removed = serializers.IntegerField(help_text="Jobs that were removed.")
    finished_before = serializers.DateTimeField(help_text="They had ended before this.")


class PausedSerializer(CampaignSerializer):
    """The campaign as it is then."""

    may_still_go = serializers.IntegerField(
        read_only=True, help_text="Mails that were at a mail server at that moment: they may still arrive."
    )

    class Meta(CampaignSerializer.Meta):
        fields = [*CampaignSerializer.Meta.fields, "may_still_go"]


def verb(
    summary: str,
    description: str,
    body: type[StrictSerializer] = ReasonSerializer,
    answer: type[CampaignSerializer] = CampaignSerializer,
) -> Callable[[Any], Any]:
    """A POST on one campaign, with its place in the schema."""

    def decorate(method: Any) -> Any:
        described = extend_schema(summary=summary, description=description, request=body, responses=answer)
        return described(action(detail=True, methods=["post"])(method))

    return decorate


class CampaignVerbs:
    """Mixed into the campaigns' viewset. All but the copy need a manager."""

    roles: ClassVar[Mapping[str, Role]] = dict.fromkeys((*FROM, "retry_failed", "cleanup"), Role.MANAGER)

    # `retry-failed` says itself in its body that it is to count alone.
    rehearsed_verbs: ClassVar[frozenset[str]] = frozenset({*FROM, "duplicate", "cleanup"})

    @verb(
        "Start a campaign",
        "Every mail is checked first; then they leave as soon as a worker sees it. Refused (409) with every problem "
        f"pre-flight finds, and with `preflight_needed` above {preflight.AT_ONCE:,} mails that no pre-flight job has "
        "checked as they are now.",
        StartSerializer,
    )
    def start(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.start, StartSerializer)

    @verb("Schedule the start of a campaign", "Refused (409) for what could not start now either.", ScheduleSerializer)
    def schedule(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.schedule, ScheduleSerializer)

    @verb("Take a schedule back", "The campaign is a draft again.")
    def unschedule(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.unschedule)

    @verb(
        "Pause a campaign",
        "No mail leaves after this but those a mail server is taking at the moment: `may_still_go` counts them.",
        answer=PausedSerializer,
    )
    def pause(self, request: Request, **_address: str) -> Response:
        answer = self._take(lifecycle.pause)
        return Response({**answer.data, "may_still_go": lifecycle.may_still_go(self.get_object())})  # type: ignore[attr-defined]

    @verb("Resume a campaign", "What came due meanwhile goes first. Refused (409) as a start is.", ResumeSerializer)
    def resume(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.resume, ResumeSerializer)

    @verb("Stop a campaign for good", "Nobody gets the remaining steps. This cannot be taken back; a pause can.")
    def stop(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.begin_stop if self.is_rehearsal else lifecycle.stop)  # type: ignore[attr-defined]

    @verb("Archive a campaign", "Puts an ended campaign out of the way; `restore` takes it back.")
    def archive(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.archive)

    @verb(
        "Take a campaign out of the archive",
        "It is again what it was archived from: completed, stopped or failed. Nobody who has left it comes back. "
        "Refused (409, `still_being_archived`) while somebody who was in it is still leaving.",
    )
    def restore(self, request: Request, **_address: str) -> Response:
        return self._take(lifecycle.restore)

    @extend_schema(
        summary="Duplicate a campaign",
        description="A new draft with the same steps, variants, senders and settings; no recipients, no history.",
        request=DuplicateSerializer,
        responses={201: CampaignSerializer},
    )
    @action(detail=True, methods=["post"])
    def duplicate(self, request: Request, **_address: str) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        asked = _asked(DuplicateSerializer, request)
        name = asked.get("name") or f"Copy of {campaign.name}"[:200]
        copy = lifecycle.duplicate(campaign=campaign, name=name, actor=self.actor, now=timezone.now())  # type: ignore[attr-defined]
        location = {"Location": f"/api/v1/campaigns/{copy.pk}"}
        return Response(self.get_serializer(copy).data, status=status.HTTP_201_CREATED, headers=location)  # type: ignore[attr-defined]

    @extend_schema(
        summary="Send the failed mails again",
        description="Only mails that failed, never to somebody who bounced, opted out or left; they wait again under "
        "the same Message-ID, for the lead's present address. `skipped` counts who stays out. Refused (409) unless the "
        "campaign is running or paused.",
        request=RetrySerializer,
        responses=RetriedSerializer,
    )
    @action(detail=True, methods=["post"], url_path="retry-failed")
    def retry_failed(self, request: Request, **_address: str) -> Response:
        asked = _asked(RetrySerializer, request)
        campaign = self.get_object()  # type: ignore[attr-defined]
        done = retry_failed(campaign=campaign, actor=self.actor, now=timezone.now(), **asked)  # type: ignore[attr-defined]
        return Response(done.as_dict())

    @extend_schema(
        summary="Remove old jobs",
        description="Only jobs of this campaign that succeeded, failed or were canceled; never one that may go on.",
        request=CleanupSerializer,
        responses=CleanedUpSerializer,
    )
    @action(detail=True, methods=["post"])
    def cleanup(self, request: Request, **_address: str) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        days, now = _asked(CleanupSerializer, request)["days"], timezone.now()
        jobs = Job.objects.filter(campaign=campaign)
        removed = remove_old_jobs(jobs=jobs, days=days, actor=self.actor, now=now, campaign=campaign)  # type: ignore[attr-defined]
        answer = {"removed": removed, "finished_before": cutoff(days=days, now=now)}
        return Response(CleanedUpSerializer(answer).data)

    def _take(self, act: Callable[..., Campaign], body: type[StrictSerializer] = ReasonSerializer) -> Response:
        campaign = self.get_object()  # type: ignore[attr-defined]
        asked = _asked(body, self.request)  # type: ignore[attr-defined]
        return self._answer(act(campaign=campaign, actor=self.actor, now=timezone.now(), **asked))  # type: ignore[attr-defined]

    def _answer(self, campaign: Campaign) -> Response:
        return Response(self.get_serializer(campaign).data)  # type: ignore[attr-defined]


def _asked(body: type[StrictSerializer], request: Request) -> dict[str, Any]:
    serializer = body(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
