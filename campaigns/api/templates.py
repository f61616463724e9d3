"""/templates: wordings kept for use in steps, and the versions each of them had."""

from typing import Any, cast

from django.db import transaction
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import EmailTemplate, TemplateVersion
from campaigns.steps import WORDING, check_wording
from campaigns.templates import MOST_KEPT, keep_version, use_version
from campaigns_project.rest.filtering import CreatedFilters
from campaigns_project.rest.serializers import StrictModelSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads

OF_TEMPLATE = r"templates/(?P<template>[0-9]{1,18})"


class TemplateSerializer(StrictModelSerializer):
    """Subject and bodies are Liquid: `{{ first_name | default: "there" }}`."""

    broken = {
        "template_name_once_per_organization": ("name", "There is already a template of this name."),
        "template_has_a_body": ("body_html", "Write an HTML body, a text body, or both."),
    }
    campaigns_count = serializers.SerializerMethodField(
        help_text="How many campaigns name it, or have a wording that was begun from it. They have copies."
    )

    class Meta:
        model = EmailTemplate
        fields = ["id", "name", *WORDING, "campaigns_count", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]
        extra_kwargs = {body: {"trim_whitespace": False} for body in ("body_html", "body_text")}

    def get_campaigns_count(self, template: EmailTemplate) -> int:
        return getattr(template, "campaigns_count", 0)  # one that was made just now is used by none

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        checked = super().validate(attrs)
        template = self._would_be(checked)
        check_wording({field: getattr(template, field) for field in WORDING})
        return checked


class TemplateVersionSerializer(serializers.ModelSerializer):
    """The wording of a template from one change of it to the next."""

    class Meta:
        model = TemplateVersion
        fields = ["id", "version", *WORDING, "copy_of", "made_by", "created_at"]
        read_only_fields = fields


class TemplateFilters(CreatedFilters):
    q = filters.CharFilter("name", "icontains", label="A part of the name.")

    class Meta:
        model = EmailTemplate
        fields: list[str] = []


class TemplateViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """A step copies its wording, so an edit here changes no campaign; each new wording is kept as a version."""

    tag = "templates"
    noun = ("a template", "templates")
    queryset = EmailTemplate.objects.counting_campaigns()
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilters
    live = frozenset({"campaigns_count"})

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        super().perform_create(serializer)
        keep_version(template=serializer.instance, actor=self.actor)

    def perform_update(self, serializer: Any) -> None:
        super().perform_update(serializer)
        keep_version(template=serializer.instance, actor=self.actor)


class TemplateVersionViewSet(Reads, ApiViewSet):
    """What a template said, newest first; the first of them is what it says now."""

    tag = "templates"
    noun = ("a version of a template", "versions of a template")
    queryset = TemplateVersion.objects.all()
    serializer_class = TemplateVersionSerializer
    rehearses = frozenset({"use"})
    path_names = {"template": ("The template's number.", OpenApiTypes.INT64)}

    def find_parents(self) -> None:
        super().find_parents()
        own = EmailTemplate.objects.for_organization(self.organization).counting_campaigns()
        self.template = get_object_or_404(own, pk=self.kwargs["template"])

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else rows.filter(template=self.template)

    @extend_schema(
        summary="Use an older version of a template",
        description="The template gets its wording again, as a new version: what it says now stays among the versions, "
        f"of which the newest {MOST_KEPT} are kept. Refused (409, `version_in_use`) where it says the same now, and "
        "(400) where that wording cannot be used any more.",
        request=None,
        responses=TemplateSerializer,
    )
    @action(detail=True, methods=["post"])
    def use(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        version = cast(TemplateVersion, self.get_object())
        used = use_version(template=self.template, version=version.version, actor=self.actor)
        used.campaigns_count = self.template.campaigns_count  # type: ignore[attr-defined]
        return Response(TemplateSerializer(used, context=self.get_serializer_context()).data)
