"""One person, whole: taken out, or erased."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.deletion import ImpactSerializer
from campaigns.deletion.export import ZIP_TYPE
from campaigns.enrollment.booking import book, take_back_booking
from campaigns.models import Campaign
from campaigns.persons import erase_person, export_person, person_export_name, preview_person
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.renderers import ZipRenderer
from campaigns_project.rest.serializers import ScopedRelatedField, StrictSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet
from leads.models import Lead


class ErasureSerializer(StrictSerializer):
    """That it is meant."""

    confirm_email = serializers.CharField(max_length=254, help_text="The lead's address as it is.")
    reason = serializers.CharField(
        max_length=300, help_text="Kept for good in the audit log, without the person's name and addresses."
    )
    token = serializers.CharField(
        max_length=200, required=False, help_text="Of the preview; with it the numbers must be the same still."
    )


class BookingSerializer(StrictSerializer):
    """By which campaign, where that is known."""

    campaign: Any = ScopedRelatedField(
        queryset=Campaign.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text="It counts for this one; unless given, for those they leave, else for the one that wrote last.",
    )
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)


class BookedSerializer(serializers.Serializer):
    """By number."""

    left = serializers.ListField(child=serializers.IntegerField(), help_text="Campaigns that were left.")
    counts = serializers.ListField(child=serializers.IntegerField(), help_text="Campaigns it counts for from now on.")


class ErasedSerializer(serializers.Serializer):
    """What was removed."""

    removed = serializers.DictField(child=serializers.IntegerField(), help_text="Rows by kind.")


class PersonViewSet(ApiViewSet):
    """Beside the leads' own endpoints: that a person booked, and what one may ask for by law, which needs a manager."""

    rehearses = frozenset({"booking", "take_back_booking"})
    tag = "leads"
    noun = ("a lead", "leads")
    queryset = Lead.objects.all()
    serializer_class = ErasedSerializer
    roles: ClassVar[Mapping[str, Role]] = dict.fromkeys(("erasure", "erase", "export"), Role.MANAGER)

    @extend_schema(
        summary="Note that a person booked a meeting",
        description="Leaves every campaign of the organization that stops on a booking. Refused (409) with "
        "`never_enrolled` for somebody who was in no campaign, and `already_booked`.",
        request=BookingSerializer,
        responses={200: BookedSerializer},
    )
    @action(detail=True, methods=["post"])
    def booking(self, request: Request, **_address: str) -> Response:
        lead = self.get_object()
        asked = BookingSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        booked = book(lead=lead, actor=self.actor, now=timezone.now(), **asked.validated_data)
        return Response(BookedSerializer(booked).data)

    @extend_schema(
        summary="Take a booking back",
        description="It counts nowhere any more. Nobody is put back into a campaign. Refused (409) if there is none.",
        request=None,
        responses={204: None},
    )
    @booking.mapping.delete
    def take_back_booking(self, request: Request, **_address: str) -> Response:
        take_back_booking(lead=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(
        summary="Ask what erasing a person would remove",
        description="Counted now: what goes, what stays, and what has to end before. Nothing is changed.",
        responses=ImpactSerializer,
    )
    @action(detail=True)
    def erasure(self, request: Request, **_address: str) -> Response:
        impact = preview_person(lead=self.get_object(), now=timezone.now())
        return Response(ImpactSerializer(impact.as_dict()).data)

    @extend_schema(
        summary="Erase a person",
        description="The lead goes with its recipients, messages, events and notes; what came in about it is emptied, "
        "and its addresses are taken out of every other text. A keyed hash stays in the suppressions, so that the "
        "person does not come back by an import. Done when this answers; there is no way back. Refused with "
        "`wrong_address` and `reason_missing` (400), `stale_preview` and `deletion_blocked` (409).",
        request=ErasureSerializer,
        responses={200: ErasedSerializer},
    )
    @action(detail=True, methods=["post"])
    def erase(self, request: Request, **_address: str) -> Response:
        lead = self.get_object()
        asked = ErasureSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(asked.validated_data)
        confirm_name = given.pop("confirm_email")
        removed = erase_person(lead=lead, confirm_name=confirm_name, actor=self.actor, now=timezone.now(), **given)
        return Response(ErasedSerializer({"removed": removed}).data)

    @extend_schema(
        summary="Take out everything held of a person",
        description="A ZIP: `person.json` with every row about the lead, table by table, and each mail as it was. "
        "Nothing is changed but the audit log, which keeps who asked.",
        request=None,
        responses={(200, ZIP_TYPE): OpenApiTypes.BINARY},
    )
    @action(detail=True, methods=["post"], renderer_classes=[JSONRenderer, ZipRenderer])
    def export(self, request: Request, **_address: str) -> HttpResponse:
        refuse_a_body(request.data)
        lead, now = self.get_object(), timezone.now()
        name = person_export_name(lead, now)
        content = export_person(lead=lead, actor=self.actor, now=now)
        return HttpResponse(
            content, content_type=ZIP_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
