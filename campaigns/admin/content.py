"""The admin pages of steps and variants: forms in front of `campaigns.steps`, each with a preview beside it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import display

from campaigns import steps
from campaigns.admin.filters import OfCampaign
from campaigns.admin.previewing import preview_context
from campaigns.admin.tabs import campaign_tabs
from campaigns.admin.writing import SCRIPTS, WritingForm
from campaigns.models import Campaign, CampaignStatus, EmailTemplate, Recipient, RecipientStatus, Step, Variant
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import wait
from campaigns_project.audit.actors import Actor

TEMPLATES_OFFERED = 30  # to start a wording from
CAMPAIGNS_OFFERED = 50  # to write for; an older one is found in its list


class StepForm(WritingForm):
    """A new step with its first wording."""

    class Meta:
        model = Step
        fields = ["campaign", "wait_amount", "wait_unit", "in_thread"]


class StepSettingsForm(ScopedForm):
    """A step without its wordings, which are edited on their own page."""


class ContentAdmin(ScopedAdmin):
    """What steps and variants have in common: they are seen and edited inside their campaign."""

    change_form_outer_before_template = "campaigns/admin/frame.html"
    change_form_outer_after_template = "campaigns/admin/preview_panel.html"
    exclude: list[str] = []
    keeps_drafts = True
    for_a_step: ClassVar[bool] = False  # whether what is added hangs on a step, and not on the campaign itself

    class Media:
        js = SCRIPTS

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or campaign_of(obj).status in CampaignStatus.editable
        return is_open and super().has_change_permission(request, obj)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        parent = self.parent(request)
        if parent is None and request.method == "GET":
            return self._choice(request)
        context = self._context(campaign_of(parent), parent) if parent else {}
        if parent:
            templates = EmailTemplate.objects.for_organization(campaign_of(parent).organization)
            context["templates"] = templates[:TEMPLATES_OFFERED]
        return super().add_view(request, form_url, {**(extra_context or {}), **context})

    def _choice(self, request: HttpRequest) -> HttpResponse:
        """What a new one is to be written for, asked first: the form shows it with the people of that campaign."""
        self.require(request, "add", None)
        editable = Campaign.objects.living().filter(status__in=CampaignStatus.editable)
        rows = held_roles(request).scope(editable, Role.OPERATOR).order_by("-pk")
        steps_in_order = Prefetch("steps", Step.objects.order_by("position").prefetch_related("variants"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Add {self.opts.verbose_name}",
            "opts": self.opts,
            "campaigns": rows.prefetch_related(steps_in_order)[:CAMPAIGNS_OFFERED],
            "for_a_step": self.for_a_step,
        }
        return TemplateResponse(request, "campaigns/admin/choose_place.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.object_or_404(request, object_id)
        context = self._context(campaign_of(obj), obj)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def parent(self, request: HttpRequest) -> Any:
        """What a new one hangs on, by the address; Http404 where the user may not see it."""
        raise NotImplementedError

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        template = self.begun_from(request)
        return {**initial, **({name: getattr(template, name) for name in steps.WORDING} if template else {})}

    def begun_from(self, request: HttpRequest) -> EmailTemplate | None:
        """The template that a new wording is copied from, by the address: one of the campaign's organization."""
        parent, rows = self.parent(request), held_roles(request).scope(EmailTemplate.objects.all())
        return _named(
            request, "template", rows.filter(organization=campaign_of(parent).organization) if parent else rows
        )

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_steps", args=[campaign_of(obj).pk]))

    response_post_save_change = response_post_save_add

    def actor(self, request: HttpRequest) -> Actor:
        """Who edits, for the use case."""
        return Actor.of_request(request, via="admin")

    def _context(self, campaign: Campaign, obj: Any) -> dict[str, Any]:
        return {
            "campaign": campaign,
            "tabs": campaign_tabs(campaign, "Steps"),
            **preview_context(campaign, obj),
        }


class RemoveContent(ActDialog):
    """Afterwards, and after a change of mind, one is back at the steps of the campaign."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.campaign = campaign_of(self.object)

    def next_url(self) -> str:
        return reverse("admin:campaigns_campaign_steps", args=[self.campaign.pk])


class RemoveStep(RemoveContent):
    needs = Role.OPERATOR
    label = "Remove step"
    icon = "delete"
    is_final = True
    description = "The step and its wordings are removed; the ones behind it move up."
    submit_text = "Remove step"

    @property
    def title(self) -> str:
        return f"Remove step {self.object.position}?"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        never_started = obj.campaign.started_at is None and obj.campaign.status in CampaignStatus.editable
        return never_started and super().offered(request, obj)

    def act(self) -> str:
        steps.remove_step(step=self.object, actor=self.actor)
        return "The step was removed."


class RemoveVariant(RemoveContent):
    needs = Role.OPERATOR
    label = "Remove variant"
    icon = "delete"
    is_final = True
    description = "Only a wording nobody got can be removed, and never the only one of its step."
    submit_text = "Remove variant"

    @property
    def title(self) -> str:
        return f"Remove variant {self.object.label}?"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.step.campaign.status in CampaignStatus.editable and super().offered(request, obj)

    def act(self) -> str:
        steps.remove_variant(variant=self.object, actor=self.actor)
        return "The variant was removed."


@admin.register(Step)
class StepAdmin(ContentAdmin):
    held_through = "campaign"
    list_display = ["__str__", "campaign", "waits", "in_thread"]
    list_filter = [OfCampaign]
    list_select_related = ["campaign"]
    add_fieldsets = [
        (None, {"fields": ["campaign", ("wait_amount", "wait_unit"), "in_thread"]}),
        ("First wording", {"fields": ["subject", "preheader", "body_html", "body_text"]}),
    ]
    fieldsets = [(None, {"fields": [("wait_amount", "wait_unit"), "in_thread"]})]
    empty_text = "A step is one mail of a campaign's sequence. Add steps on the campaign's page."
    actions_detail = ["remove"]

    remove = dialog_action(RemoveStep)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("campaign__organization")

    @display(description="Waits")
    def waits(self, step: Step) -> str:
        return wait(step)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault("form", StepSettingsForm if obj else StepForm)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        is_first = obj is not None and obj.position == 1  # which has nothing to reply to
        return [(None, {"fields": [("wait_amount", "wait_unit")]})] if is_first else shown

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        parent = self.parent(request)
        editable = field.queryset.living().filter(status__in=CampaignStatus.editable)
        field.queryset = editable.filter(pk=parent.pk) if parent else editable
        return field

    def parent(self, request: HttpRequest) -> Campaign | None:
        return _named(request, "campaign", held_roles(request).scope(Campaign.objects.living()))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "change" if change else "add", obj)
        wait = {"wait_amount": obj.wait_amount, "wait_unit": obj.wait_unit, "in_thread": obj.in_thread}
        actor = self.actor(request)
        if change and form.changed_data:
            steps.edit_step(step=obj, **wait, actor=actor)
            if {"wait_amount", "wait_unit"} & set(form.changed_data):
                self._tell_who_keeps_their_time(request, obj)
        elif not change:
            begun = {"wording": form.wording(), "template": self.begun_from(request)}
            made = steps.add_step(campaign=obj.campaign, **wait, **begun, actor=actor)
            obj.pk, obj.position = made.pk, made.position

    def _tell_who_keeps_their_time(self, request: HttpRequest, step: Step) -> None:
        waiting = Recipient.objects.filter(next_step=step, status__in=RecipientStatus.IN, next_send_at__isnull=False)
        count = waiting.count()
        if count:
            who = "1 person keeps the time that is set for them" if count == 1 else f"{count:,} people keep their time"
            self.message_user(request, f"{who}: the new wait is for those who come to this step from now on.")


@admin.register(Variant)
class VariantAdmin(ContentAdmin):
    form = WritingForm
    for_a_step = True
    held_through = "step__campaign"
    list_display = ["__str__", "campaign", "step", "weight", "is_active", "version"]
    list_select_related = ["step", "step__campaign"]
    search_fields = ["subject"]
    add_fieldsets = [(None, {"fields": ["step", "weight", "subject", "preheader", "body_html", "body_text"]})]
    fieldsets = [(None, {"fields": ["subject", "preheader", "body_html", "body_text", ("weight", "is_active")]})]
    empty_text = "A variant is one wording of a step. Add steps on the campaign's page."
    actions_detail = ["remove"]

    remove = dialog_action(RemoveVariant)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("step__campaign__organization")

    @display(description="Campaign")
    def campaign(self, variant: Variant) -> str:
        return variant.step.campaign.name

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        parent = self.parent(request)
        field.queryset = field.queryset.filter(pk=parent.pk) if parent else field.queryset.select_related("campaign")
        return field

    def parent(self, request: HttpRequest) -> Step | None:
        rows = held_roles(request).scope(Step.objects.living())
        return _named(request, "step", rows.select_related("campaign__organization"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "change" if change else "add", obj)
        if change and form.changed_data:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            stored = Variant.objects.select_related("step__campaign").get(pk=obj.pk)
            steps.edit_variant(variant=stored, changes=changes, actor=self.actor(request))
        elif not change:
            begun = {"wording": form.wording(), "template": self.begun_from(request)}
            made = steps.add_variant(step=obj.step, weight=obj.weight, actor=self.actor(request), **begun)
            obj.pk, obj.label = made.pk, made.label


def campaign_of(obj: Campaign | Step | Variant) -> Campaign:
    """The campaign a piece of content belongs to."""
    if isinstance(obj, Variant):
        return obj.step.campaign
    return obj.campaign if isinstance(obj, Step) else obj


def _named(request: HttpRequest, parameter: str, rows: Any) -> Any:
    key = request.GET.get(parameter, "")
    if not key:
        return None
    found = rows.filter(pk=key).first() if key.isascii() and key.isdigit() else None
    if found is None:
        raise Http404(f"There is no {parameter} {key}.")
    return found
