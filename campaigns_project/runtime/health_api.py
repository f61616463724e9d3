"""/system/health: the examination for programs of those who run the installation."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.system import SystemAdministrator
from campaigns_project.rest.viewsets import StrictView
from campaigns_project.runtime.health import Level, examine


class SystemCheckSerializer(serializers.Serializer):
    """One finding."""

    name = serializers.CharField(help_text="What it is about: database, workers, queue …")
    level = serializers.ChoiceField([level.value for level in Level])
    message = serializers.CharField()
    fix = serializers.CharField(help_text="What to do; empty where nothing is to be done.")
    down = serializers.BooleanField(help_text="True when what failed is not ours: a database, a mail server.")
    details = serializers.ListField(child=serializers.CharField())


class SystemHealthSerializer(serializers.Serializer):
    """All that was found."""

    healthy = serializers.BooleanField(help_text="False when something failed; warnings may stand.")
    as_of = serializers.DateTimeField()
    checks = SystemCheckSerializer(many=True)


class HealthView(StrictView):
    """The same as the page System health and `doctor --json`."""

    tag = "system"
    permission_classes = [SystemAdministrator]

    @extend_schema(summary="Examine the installation", responses=SystemHealthSerializer)
    def get(self, request: Request) -> Response:
        return Response(SystemHealthSerializer(examine(now=timezone.now()).as_json()).data)
