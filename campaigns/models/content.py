from datetime import timedelta
from typing import ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Now

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.database.statement_keys import let_go, take_along


class Wording(models.Model):
    """Subject and bodies of a mail: Liquid templates with merge fields such as {{ first_name }}."""

    subject = models.CharField(
        max_length=500,
        blank=True,
        help_text="A follow-up in the thread of the first mail needs none: it has that one's, behind “Re:”.",
    )
    preheader = models.CharField(
        max_length=200,
        blank=True,
        help_text="The line mail programs show behind the subject. Empty: the start of the text.",
    )
    body_html = models.TextField("HTML body", blank=True)
    body_text = models.TextField("text body", blank=True, help_text="Empty: made from the HTML body.")

    class Meta:
        abstract = True


class EmailTemplateQuerySet(OrganizationQuerySet):
    def counting_campaigns(self) -> Self:
        """With `campaigns_count`: how many campaigns name the template, or have a wording that was begun from it."""
        campaigns = self.model._meta.apps.get_model("campaigns", "Campaign")
        begun = Variant.objects.filter(step__campaign=OuterRef("pk"), template=OuterRef(OuterRef("pk")))
        own = campaigns.objects.living().filter(organization=OuterRef("organization"))
        using = own.filter(Q(template=OuterRef("pk")) | Exists(begun)).order_by()
        counted = using.annotate(number=Func(F("pk"), function="COUNT")).values("number")
        return self.annotate(campaigns_count=Subquery(counted, output_field=models.IntegerField()))


class EmailTemplate(Tenanted, Wording):
    """A wording kept for use in steps; a step copies it, so later edits never change a running campaign."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="email_templates"
    )
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = EmailTemplateQuerySet.as_manager()

    class Meta:
        db_table = "email_templates"
        ordering = ["name"]
        verbose_name = "template"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="template_name_once_per_organization"),
            models.CheckConstraint(condition=~Q(body_html="", body_text=""), name="template_has_a_body"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(Tenanted, Wording):
    """The wording a template had from one change of it to the next; the newest is the one it has now."""

    organization_path = "template__organization"

    template = models.ForeignKey("campaigns.EmailTemplate", on_delete=models.DB_CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    copy_of = models.PositiveIntegerField(
        null=True, blank=True, help_text="The older version that was put in place again."
    )
    made_by = models.CharField(max_length=254, blank=True, help_text="The person or key that saved it.")
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "email_template_versions"
        ordering = ["template", "-version"]
        constraints = [models.UniqueConstraint(fields=["template", "version"], name="template_version_once")]

    def __str__(self) -> str:
        return f"Version {self.version}"


class WaitUnit(models.TextChoices):
    MINUTES = "minutes", "minutes"
    HOURS = "hours", "hours"
    DAYS = "days", "days"


class Step(Tenanted, models.Model):
    """One e-mail of the sequence. Its wait counts from the mail before it; that of the first, from enrollment."""

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)], help_text="1 is the first mail.")
    wait_amount = models.PositiveIntegerField("wait", default=0)
    wait_unit = models.CharField(max_length=10, choices=WaitUnit, default=WaitUnit.DAYS)
    in_thread = models.BooleanField(
        "replies in the thread",
        default=True,
        help_text="A follow-up answers the first mail, under its subject. Off: a conversation of its own.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    broken: ClassVar = {
        "step_wait_at_most_a_year_of_minutes": ("wait_amount", "A step waits 525,600 minutes, hours or days at most."),
    }

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_steps"
        triggers = [take_along("messages_go_along", table="campaign_messages", column="step_id")]
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "position"], name="step_position_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="step_position_from_one"),
            models.CheckConstraint(condition=Q(wait_amount__lte=525_600), name="step_wait_at_most_a_year_of_minutes"),
            models.CheckConstraint(condition=Q(wait_unit__in=WaitUnit.values), name="step_wait_unit_known"),
        ]

    def __str__(self) -> str:
        return f"Step {self.position}"

    @property
    def wait(self) -> timedelta:
        """How long after the mail before it (or enrollment) this one is due."""
        return timedelta(**{self.wait_unit: self.wait_amount})

    @property
    def is_reply(self) -> bool:
        """Whether it answers the mails before it, under their subject; the first mail has none to answer."""
        return self.in_thread and self.position > 1


class Variant(Tenanted, Wording):
    """One wording of a step. A recipient always gets the same one; `weight` is its share among the active ones."""

    organization_path = "step__campaign__organization"
    deleting_path = "step__campaign__deleting_at"

    step = models.ForeignKey("campaigns.Step", on_delete=models.DB_CASCADE, related_name="variants")
    label = models.CharField(max_length=10, default="A")
    weight = models.PositiveSmallIntegerField(default=1)
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Counts the edits of this wording.")
    template = models.ForeignKey(
        "campaigns.EmailTemplate",
        on_delete=models.DB_SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="variants",
        help_text="The template that it was begun from, as a copy.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_variants"
        triggers = [let_go("messages_forget_it", table="campaign_messages", column="variant_id")]
        ordering = ["step", "label"]
        constraints = [
            models.UniqueConstraint(fields=["step", "label"], name="variant_label_once_per_step"),
            models.CheckConstraint(condition=~Q(body_html="", body_text=""), name="variant_has_a_body"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="variant_weight_from_one"),
        ]

    def __str__(self) -> str:
        return f"Variant {self.label}: {self.subject}" if self.subject else f"Variant {self.label}"


class VariantVersion(Tenanted, Wording):
    """A wording as it was when mails were made of it. Kept for good, so that what somebody got can be shown."""

    organization_path = "variant__step__campaign__organization"
    deleting_path = "variant__step__campaign__deleting_at"

    variant = models.ForeignKey("campaigns.Variant", on_delete=models.DB_CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_variant_versions"
        ordering = ["variant", "-version"]
        constraints = [models.UniqueConstraint(fields=["variant", "version"], name="variant_version_once")]

    def __str__(self) -> str:
        return f"Version {self.version}: {self.subject}"
