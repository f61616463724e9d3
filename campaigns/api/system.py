"""/system/workers: what the workers of the whole installation do, for those who run it."""

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import exceptions, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.working import working
from campaigns_project.rest.viewsets import StrictView


class ProcessSerializer(serializers.Serializer):
    """One that should be alive."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="supervisor, qcluster or tick.")
    host = serializers.CharField()
    pid = serializers.IntegerField()
    capacity = serializers.IntegerField(help_text="Tasks it can run at the same time.")
    does = serializers.CharField(help_text="What it said last.")
    age = serializers.FloatField(help_text="Seconds since its last sign of life.")
    is_silent = serializers.BooleanField(help_text="True when that is too long.")


class LaneSerializer(serializers.Serializer):
    """A sending lane somebody holds."""

    number = serializers.IntegerField()
    database_pid = serializers.IntegerField()
    address = serializers.CharField(help_text="Where its connection to the database comes from.")


class LoadSerializer(serializers.Serializer):
    """Mails of one campaign over one sender that workers have in hand."""

    campaign = serializers.IntegerField()
    campaign_name = serializers.CharField()
    sender = serializers.CharField()
    claimed = serializers.IntegerField(help_text="With a worker.")
    sending = serializers.IntegerField(help_text="Past the gate: perhaps at the mail server.")
    leases_ending = serializers.IntegerField(help_text="Of these, with a lease of less than 30 seconds.")
    oldest = serializers.FloatField(help_text="Seconds since the oldest claim.")


class PaceSerializer(serializers.Serializer):
    """A sender at work."""

    sender = serializers.CharField()
    connections = serializers.IntegerField(help_text="That workers hold.")
    max_connections = serializers.IntegerField(help_text="That it allows.")
    mails = serializers.IntegerField(help_text="In the last minute.")


@extend_schema_serializer(component_name="SystemWorkers")
class WorkingSerializer(serializers.Serializer):
    """What the workers do."""

    processes = ProcessSerializer(many=True)
    leader = serializers.CharField(help_text="The tick that leads; empty where none does.")
    lanes = LaneSerializer(many=True)
    loads = LoadSerializer(many=True)
    paces = PaceSerializer(many=True)
    queue_waiting = serializers.IntegerField(help_text="Tasks nobody has taken up.")
    queue_claimed = serializers.IntegerField(help_text="Tasks in work.")
    queue_oldest_wait = serializers.FloatField(help_text="Seconds.")
    in_flight = serializers.IntegerField()
    mails_last_minute = serializers.IntegerField()


class SystemAdministrator(permissions.BasePermission):
    """Whoever runs the installation; no role in an organization is enough."""

    def has_permission(self, request: Request, view: object) -> bool:
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated("Log in as a system administrator.")
        if not request.user.is_superuser:
            raise exceptions.PermissionDenied("This shows all organizations: for system administrators alone.")
        return True


class WorkersView(StrictView):
    """The same as the admin's page and `doctor --json`."""

    tag = "system"
    permission_classes = [SystemAdministrator]

    @extend_schema(summary="See what the workers do", responses=WorkingSerializer)
    def get(self, request: Request) -> Response:
        return Response(WorkingSerializer(working().as_dict()).data)
