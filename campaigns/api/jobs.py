"""/jobs: background work with its progress, of the organization or of one campaign."""

from rest_framework import serializers

from campaigns.api.finding import InCampaign
from campaigns.models import Job, JobKind
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from campaigns_project.states import ProgressStatus


class JobSerializer(serializers.ModelSerializer):
    """One piece of work. `campaign` is null for a deletion, which outlives it: `subject_ref` has the number."""

    class Meta:
        model = Job
        fields = [
            "id", "campaign", "subject_ref", "kind", "status", "total", "done", "failed", "result", "error_message",
            "created_by", "created_at", "started_at", "heartbeat_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class JobFilters(CreatedFilters):
    kind = AnyOf(choices=JobKind.choices)
    status = AnyOf(choices=ProgressStatus.choices)

    class Meta:
        model = Job
        fields: list[str] = []


class AnyJobFilters(JobFilters):
    campaign = IdFilter("campaign", label="The number of a campaign.")


class JobViewSet(Reads, ApiViewSet):
    """Imports report their own progress, see /imports."""

    tag = "jobs"
    noun = ("a job", "jobs")
    queryset = Job.objects.all()
    serializer_class = JobSerializer
    filterset_class = AnyJobFilters


class CampaignJobViewSet(Reads, InCampaign):
    """The jobs of one campaign."""

    tag = "jobs"
    noun = ("a job of a campaign", "jobs of a campaign")
    queryset = Job.objects.all()
    serializer_class = JobSerializer
    filterset_class = JobFilters
