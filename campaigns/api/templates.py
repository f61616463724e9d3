"""/templates: wordings kept for use in steps."""

from typing import Any

from django_filters import rest_framework as filters

from campaigns.models import EmailTemplate
from campaigns.steps import WORDING, check_wording
from campaigns_project.rest.filtering import CreatedFilters
from campaigns_project.rest.serializers import StrictModelSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads


class TemplateSerializer(StrictModelSerializer):
    """Subject and bodies are Liquid: `{{ first_name | default: "there" }}`."""

    broken = {
        "template_name_once_per_organization": ("name", "There is already a template of this name."),
        "template_has_a_body": ("body_html", "Write an HTML body, a text body, or both."),
    }

    class Meta:
        model = EmailTemplate
        fields = ["id", "name", *WORDING, "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]
        extra_kwargs = {body: {"trim_whitespace": False} for body in ("body_html", "body_text")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        checked = super().validate(attrs)
        template = self._would_be(checked)
        check_wording({field: getattr(template, field) for field in WORDING})
        return checked


class TemplateFilters(CreatedFilters):
    q = filters.CharFilter("name", "icontains", label="A part of the name.")

    class Meta:
        model = EmailTemplate
        fields: list[str] = []


class TemplateViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """A step copies its wording, so an edit here changes no campaign."""

    tag = "templates"
    noun = ("a template", "templates")
    queryset = EmailTemplate.objects.all()
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilters
