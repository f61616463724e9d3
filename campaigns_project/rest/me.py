"""/me: who a key or person is here, and what it may do."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.api import organization_of_request, role_of_request
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor, ActorKind
from campaigns_project.rest.viewsets import StrictView


class OrganizationSerializer(serializers.ModelSerializer):
    """The tenant all rows of this key or person belong to."""

    class Meta:
        model = Organization
        fields = ["id", "slug", "name", "timezone", "postal_address", "allows_overlap"]
        read_only_fields = fields


class MeSerializer(serializers.Serializer):
    """The caller."""

    kind = serializers.ChoiceField([ActorKind.KEY, ActorKind.USER], help_text="key: an integration; user: a person.")
    name = serializers.CharField(help_text="As the audit log shows it.")
    role = serializers.ChoiceField(Role.choices)
    organization = OrganizationSerializer()
    key_prefix = serializers.CharField(
        allow_null=True, help_text="The beginning of the key in use; null for a session."
    )
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the key ends; null for one that does not.")


class MeView(StrictView):
    """The caller's own card."""

    tag = "me"

    @extend_schema(summary="Read who you are", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(_card(request)).data)


def _card(request: Request) -> dict[str, Any]:
    organization = organization_of_request(request)
    actor = Actor.of_request(request, via="api")
    return {
        "kind": actor.kind,
        "name": actor.name,
        "role": role_of_request(request),
        "organization": organization,
        "key_prefix": getattr(request.auth, "token_key", None),
        "expires_at": getattr(request.auth, "expiry", None),
    }
