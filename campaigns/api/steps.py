"""/campaigns/{campaign}/steps and the variants below them: what is sent, in which order, in which wording."""

from functools import cached_property
from typing import Any, cast

from django.db import models, transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.finding import InCampaign
from campaigns.models import Campaign, EmailTemplate, Sender, Step, Variant, WaitUnit
from campaigns.sending.prepare import lead_to_show, preview
from campaigns.steps import WORDING, add_step, add_variant, edit_step, edit_variant, remove_step, remove_variant
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import NotFound
from campaigns_project.keys import key_of
from campaigns_project.rest.paging import NewestFirst, OldestFirst
from campaigns_project.rest.schema import example
from campaigns_project.rest.serializers import LineField, ScopedRelatedField, StrictSerializer
from campaigns_project.rest.viewsets import Reads
from leads.models import Lead

LONGEST_WAIT = 525_600  # as the database has it: a year of minutes
MOST_WEIGHT = 1_000
IN_THREAD = (
    "A follow-up answers the mails before it, with `In-Reply-To` and `References`, under their subject behind `Re:`. "
    "`false`: it begins a conversation under its own subject, which it then needs. Says nothing for the first step."
)
SUBJECT = "Not used, and may be empty, in a follow-up that replies in the thread (`in_thread` of its step)."


class VariantSerializer(serializers.ModelSerializer):
    """One wording of a step."""

    class Meta:
        model = Variant
        fields = ["id", "label", *WORDING, "weight", "is_active", "version", "template", "created_at", "updated_at"]
        read_only_fields = fields


class MailPreviewSerializer(serializers.Serializer):
    """A mail as somebody would read it."""

    lead = serializers.IntegerField(help_text="The number of the lead it is written for.")
    subject = serializers.CharField()
    html = serializers.CharField(help_text="Empty for a mail of text alone. Show it in a sandboxed frame.")
    text = serializers.CharField()


class StepSerializer(serializers.ModelSerializer):
    """One mail of the sequence."""

    variants = VariantSerializer(many=True, read_only=True)

    class Meta:
        model = Step
        fields = ["id", "position", "wait_amount", "wait_unit", "in_thread", "variants", "created_at", "updated_at"]
        read_only_fields = fields


class VariantChangesSerializer(StrictSerializer):
    """What to change of a wording. Subject and bodies are Liquid: `{{ first_name | default: "there" }}`."""

    subject = LineField(max_length=500, required=False, allow_blank=True, help_text=SUBJECT)
    preheader = LineField(max_length=200, required=False, allow_blank=True)
    body_html = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    body_text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    weight = serializers.IntegerField(required=False, min_value=1, max_value=MOST_WEIGHT)
    is_active = serializers.BooleanField(required=False)


class NewVariantSerializer(StrictSerializer):
    """A wording, written out or copied from a template; what is written out wins."""

    template = ScopedRelatedField(
        queryset=EmailTemplate.objects.all(), required=False, help_text="The number of a template to copy."
    )
    subject = LineField(max_length=500, required=False, allow_blank=True, help_text=SUBJECT)
    preheader = LineField(max_length=200, required=False, allow_blank=True)
    body_html = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    body_text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    weight = serializers.IntegerField(default=1, min_value=1, max_value=MOST_WEIGHT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        template = attrs.pop("template", None)
        copied = {name: getattr(template, name) for name in WORDING} if template else {}
        return {"weight": attrs.pop("weight"), "template": template, "wording": {**copied, **attrs}}


class StepChangesSerializer(StrictSerializer):
    """How long after the mail before it (the first: after enrollment), and whether it answers that one."""

    wait_amount = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_WAIT)
    wait_unit = serializers.ChoiceField(WaitUnit.choices, required=False)
    in_thread = serializers.BooleanField(required=False, help_text=IN_THREAD)


@example(
    "A mail two days after the one before",
    wait_amount=2,
    wait_unit="days",
    variants=[
        {
            "subject": "A question about {{ company }}",
            "body_text": 'Hello {{ first_name | default: "there" }}, may I ask you something?',
        }
    ],
)
class NewStepSerializer(StepChangesSerializer):
    """A new last step."""

    wait_amount = serializers.IntegerField(default=0, min_value=0, max_value=LONGEST_WAIT)
    wait_unit = serializers.ChoiceField(WaitUnit.choices, default=WaitUnit.DAYS)
    in_thread = serializers.BooleanField(default=True, help_text=IN_THREAD)
    variants: Any = serializers.ListSerializer(child=NewVariantSerializer(), allow_empty=False, max_length=10)


class InOrder(NewestFirst):
    """First step first."""

    ordering = "position"


class StepViewSet(Reads, InCampaign):
    """Steps are mailed in the order of `position`."""

    tag = "steps"
    noun = ("a step", "steps")
    queryset = Step.objects.select_related("campaign__organization").prefetch_related("variants")
    serializer_class = StepSerializer
    pagination_class = InOrder
    roles = {"destroy": Role.OPERATOR}  # of a draft: content, like the rest of it

    @extend_schema(
        summary="Add a step",
        description="Comes last. The first variant is labeled A, the next B.",
        request=NewStepSerializer,
        responses={201: StepSerializer},
    )
    def create(self, request: Request, **_address: str) -> Response:
        asked = NewStepSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        step = _add(self.campaign, asked.validated_data, self.actor)
        location = {"Location": f"{request.path}/{step.pk}"}
        return Response(self.get_serializer(step).data, status=status.HTTP_201_CREATED, headers=location)

    @extend_schema(summary="Change the settings of a step", request=StepChangesSerializer, responses=StepSerializer)
    def partial_update(self, request: Request, **_address: str) -> Response:
        step = self.get_object()
        asked = StepChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wait = {"wait_amount": step.wait_amount, "wait_unit": step.wait_unit, **asked.validated_data}
        return Response(self.get_serializer(edit_step(step=step, actor=self.actor, **wait)).data)

    @extend_schema(description="Refused (409) once the campaign was started. The steps behind it move up.")
    def destroy(self, request: Request, **_address: str) -> Response:
        remove_step(step=self.get_object(), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class VariantViewSet(Reads, InCampaign):
    """A recipient always gets the same variant of a step; `weight` is its share among the active ones."""

    tag = "steps"
    noun = ("a variant", "variants")
    queryset = Variant.objects.select_related("step__campaign__organization")
    serializer_class = VariantSerializer
    pagination_class = OldestFirst
    campaign_path = "step__campaign"
    query_parameters = {"preview": frozenset({"lead"})}
    roles = {"destroy": Role.OPERATOR}

    @cached_property
    def step(self) -> Step:
        return get_object_or_404(Step, campaign=self.campaign, pk=self.kwargs["step"])

    def parents(self) -> dict[str, models.Model]:
        return {"step": self.step}

    def get_queryset(self) -> Any:
        variants = super().get_queryset()
        return variants if getattr(self, "swagger_fake_view", False) else variants.filter(step=self.step)

    @extend_schema(
        summary="Add a variant",
        description="It gets the next free letter.",
        request=NewVariantSerializer,
        responses={201: VariantSerializer},
    )
    def create(self, request: Request, **_address: str) -> Response:
        asked = NewVariantSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        variant = add_variant(step=self.step, actor=self.actor, **asked.validated_data)
        location = {"Location": f"{request.path}/{variant.pk}"}
        return Response(self.get_serializer(variant).data, status=status.HTTP_201_CREATED, headers=location)

    @extend_schema(
        description="A new wording counts as a new version and reaches those who have not had the mail yet.",
        request=VariantChangesSerializer,
        responses=VariantSerializer,
    )
    def partial_update(self, request: Request, **_address: str) -> Response:
        variant = self.get_object()
        asked = VariantChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        edited = edit_variant(variant=variant, changes=asked.validated_data, actor=self.actor)
        return Response(self.get_serializer(edited).data)

    @extend_schema(
        summary="See a mail as a lead would read it",
        description="By the same code as when it is sent, from the campaign's first sender; nothing is tracked, and "
        "opting out leads nowhere. Refused (400) where it could not be made, such as `merge_value_missing`.",
        parameters=[
            OpenApiParameter(
                "lead",
                {"type": "integer", "format": "int64", "minimum": 1},
                description="The number of the lead; the campaign's first recipient, or the newest lead, unless given.",
            )
        ],
        responses=MailPreviewSerializer,
    )
    @action(detail=True)
    def preview(self, request: Request, **_address: str) -> Response:
        variant, lead = self.get_object(), self._lead(request.query_params.get("lead"))
        mail = preview(variant=variant, lead=lead, sender=self.campaign_sender)
        return Response({"lead": lead.pk, "subject": mail.subject, "html": mail.html, "text": mail.text})

    @property
    def campaign_sender(self) -> Sender | None:
        return Sender.objects.filter(campaign_senders__campaign=self.campaign).order_by("pk").first()

    def _lead(self, key: str | None) -> Lead:
        if key is None:
            found = lead_to_show(self.campaign)
        elif (number := key_of(key)) is None:
            raise serializers.ValidationError({"?lead": ["Give the number of a lead."]})
        else:
            found = Lead.objects.for_organization(self.organization).filter(pk=number).first()
        if found is None:
            raise NotFound("no_lead", "There is no such lead to write the mail as.", "Import or add one first.")
        return found

    @extend_schema(description="Refused (409) for the last active one, and for one that somebody was sent.")
    def destroy(self, request: Request, **_address: str) -> Response:
        remove_variant(variant=self.get_object(), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


@transaction.atomic
def _add(campaign: Campaign, asked: dict[str, Any], actor: Actor) -> Step:
    """A step with all its variants, or nothing."""
    first, *others = asked["variants"]
    settings = {name: asked[name] for name in ("wait_amount", "wait_unit", "in_thread")}
    begun = {"wording": first["wording"], "template": first["template"]}
    step = add_step(campaign=campaign, actor=actor, **begun, **settings)
    if first["weight"] != 1:
        edit_variant(variant=cast(Variant, step.variants.first()), changes={"weight": first["weight"]}, actor=actor)
    for variant in others:
        add_variant(step=step, actor=actor, **variant)
    return step
