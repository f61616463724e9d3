"""The end of a campaign: taken out whole, counted, deleted."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from campaigns.deletion.export import ZIP_TYPE, export_name, stream_export
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.renderers import ZipRenderer


class CampaignDeletion:
    """Mixed into the campaigns' viewset. All of it needs a manager."""

    roles: ClassVar[Mapping[str, Role]] = dict.fromkeys(("export",), Role.MANAGER)

    @extend_schema(
        summary="Take a campaign out whole",
        description="A ZIP: people, messages, events and what came in for the campaign as CSV, the campaign itself "
        "with steps, wordings, senders and jobs as JSON, and a manifest with rows and SHA-256 of each file. All tables "
        "are read as they stood at one moment. Streamed: an archive without its end was cut off, and no unpacker takes "
        "it. Nothing is changed; the audit log keeps who asked.",
        responses={(200, ZIP_TYPE): OpenApiTypes.BINARY},
    )
    @action(detail=True, renderer_classes=[JSONRenderer, ZipRenderer])
    def export(self, request: Request, **_address: str) -> HttpResponseBase:
        campaign, now = self.get_object(), timezone.now()  # type: ignore[attr-defined]
        pieces = stream_export(campaign=campaign, actor=self.actor, now=now)  # type: ignore[attr-defined]
        return StreamingHttpResponse(
            pieces,
            content_type=ZIP_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{export_name(campaign, now)}"'},
        )
