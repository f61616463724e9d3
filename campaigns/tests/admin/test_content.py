"""Writing the sequence: steps, wordings, their preview."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from campaigns.models import Campaign, EmailTemplate, Step, Variant
from campaigns.tests.factories import (
    CampaignFactory,
    EmailTemplateFactory,
    LeadFactory,
    MessageFactory,
    RecipientFactory,
    VariantFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member, press
from leads.models import Lead

WORDING = {"subject": "Hello {{ first_name }}", "preheader": "", "body_html": "<p>Hi</p>", "body_text": ""}


def add_step(client: Client, campaign: Any, **changes: Any) -> Any:
    data = {"campaign": campaign.pk, "wait_amount": 3, "wait_unit": "days", **WORDING, **changes}
    return client.post(reverse("admin:campaigns_step_add"), data)


def test_whoever_has_a_time_for_a_step_already_keeps_it_and_that_is_said(operator: Client, campaign: Any) -> None:
    add_step(operator, campaign)
    step, due = Step.objects.get(position=2), timezone.now()
    campaign.recipients.update(next_step=step, next_send_at=due)
    data = {"wait_amount": 1, "wait_unit": "minutes", "in_thread": "on"}

    page = operator.post(reverse("admin:campaigns_step_change", args=[step.pk]), data, follow=True).content.decode()

    assert "1 person keeps the time that is set for them" in page
    assert campaign.recipients.get().next_send_at == due


def edit(client: Client, variant: Any, **changes: Any) -> Any:
    stored = {name: getattr(variant, name) for name in ("subject", "preheader", "body_html", "body_text", "weight")}
    data = {**stored, "is_active": "on", **changes}
    return client.post(reverse("admin:campaigns_variant_change", args=[variant.pk]), data)


def test_a_new_step_comes_last_with_its_first_wording(operator: Client, campaign: Any) -> None:
    answer = add_step(operator, campaign)

    step = Step.objects.get(position=2)
    assert answer["Location"] == reverse("admin:campaigns_campaign_steps", args=[campaign.pk])
    assert (step.wait_amount, step.wait_unit, step.variants.get().subject) == (3, "days", "Hello {{ first_name }}")
    assert AuditLog.objects.filter(action="step.created", via="admin").count() == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"subject": "Hi {{ firstname }}"}, "firstname"),
        ({"body_html": "{% for %}"}, "In the HTML body"),
        ({"body_html": "", "body_text": ""}, "There is neither an HTML body nor a text body."),
        ({"subject": "two\nlines"}, "Line breaks and control characters do not belong here."),
    ],
)
def test_a_wording_that_cannot_be_used_is_refused_and_stays_in_the_form(
    operator: Client, campaign: Any, changes: Any, refusal: str
) -> None:
    answer = add_step(operator, campaign, **{"preheader": "typed by hand", **changes})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert refusal in page
    assert "typed by hand" in page
    assert Step.objects.count() == 1


def test_all_that_is_wrong_in_a_wording_is_told_at_its_field(operator: Client, campaign: Any) -> None:
    wrong = {"subject": "Hi {{ firstname }}", "body_html": "{% for %}", "body_text": "{{ lastname }}"}

    added = add_step(operator, campaign, **wrong)
    edited = edit(operator, Variant.objects.get(), **wrong, preheader="{{ nobody }}")

    errors = [answer.context["adminform"].form.errors for answer in (added, edited)]
    assert [set(each) for each in errors] == [set(wrong), {*wrong, "preheader"}]
    assert errors[0]["subject"] == [
        "In the subject: Unknown field firstname. Did you mean first_name? "
        "Fields of your own are written {{ custom.name }}."
    ]
    assert errors[0]["body_html"][0].startswith("In the HTML body: Line 1 of the template")
    assert errors[0]["body_text"][0].startswith("In the text body: Unknown field lastname.")


def test_a_template_names_its_fields_as_a_wording_does(operator: Client, campaign: Any) -> None:
    template = EmailTemplateFactory(organization=campaign.organization)
    page = reverse("admin:campaigns_emailtemplate_change", args=[template.pk])

    answer = operator.post(page, {"name": "Intro", "subject": "{{ nobody }}", "body_html": "{% if %}"})

    form = answer.context["adminform"].form
    assert (form["body_html"].label, form["body_text"].label) == ("HTML body", "Text body")
    assert set(form.errors) == {"subject", "body_html"}
    assert form.errors["body_html"][0].startswith("In the HTML body: ")


def test_an_edit_of_the_wording_is_a_new_version_and_on_record_once(operator: Client, campaign: Any) -> None:
    variant = Variant.objects.get()

    edit(operator, variant, subject="Better")

    assert Variant.objects.values_list("subject", "version").get() == ("Better", 2)
    assert list(AuditLog.objects.values_list("action", flat=True)) == ["variant.changed"]


def test_the_only_wording_cannot_be_switched_off(operator: Client, campaign: Any) -> None:
    answer = edit(operator, Variant.objects.get(), is_active="")

    assert "is the only active one of step 1. Add or switch on another one first." in answer.content.decode()


def test_a_second_wording_gets_the_next_letter(operator: Client, campaign: Any) -> None:
    step = Step.objects.get()
    page = f"{reverse('admin:campaigns_variant_add')}?step={step.pk}"

    operator.post(page, {"step": step.pk, "weight": 1, **WORDING})

    assert list(step.variants.order_by("label").values_list("label", flat=True)) == ["A", "B"]


def test_the_content_of_an_ended_campaign_is_read_only(operator: Client, campaign: Any) -> None:
    Campaign.objects.update(status="stopped")

    saved = edit(operator, Variant.objects.get(), subject="Better")
    added = add_step(operator, campaign)

    assert saved.status_code == 403
    assert "Select a valid choice" in added.content.decode()
    assert Step.objects.count() == 1


def test_a_step_is_removed_before_the_start_and_never_after(operator: Client, campaign: Any) -> None:
    first, second = Step.objects.get(), VariantFactory(step__campaign=campaign).step
    press(operator, reverse("admin:campaigns_step_remove", args=[first.pk]))
    Campaign.objects.update(started_at=campaign.created_at)

    answer = press(operator, reverse("admin:campaigns_step_remove", args=[second.pk]))

    assert "cannot be removed: the campaign has been started." in answer.content.decode()
    assert list(Step.objects.values_list("pk", "position")) == [(second.pk, 1)]


def test_a_wording_somebody_got_is_not_removed(operator: Client, campaign: Any) -> None:
    variant = Variant.objects.get()
    MessageFactory(recipient=campaign.recipients.get(), step=variant.step, variant=variant)

    answer = press(operator, reverse("admin:campaigns_variant_remove", args=[variant.pk]))

    assert "is in use" in answer.content.decode()
    assert Variant.objects.count() == 1


def test_a_new_step_can_start_from_a_template(operator: Client, campaign: Any) -> None:
    template = EmailTemplateFactory(organization=campaign.organization, subject="From the shelf")

    asked = {"campaign": campaign.pk, "template": template.pk}

    page = operator.get(reverse("admin:campaigns_step_add"), asked)
    made = {"campaign": campaign.pk, "wait_amount": 1, "wait_unit": "days", **WORDING}
    operator.post(f"{reverse('admin:campaigns_step_add')}?{urlencode(asked)}", made)

    assert "From the shelf" in page.content.decode()
    assert list(template.variants.values_list("subject", flat=True)) == [WORDING["subject"]]
    shown = operator.get(reverse("admin:campaigns_emailtemplate_change", args=[template.pk])).content.decode()
    assert "Used by 1 campaign" in shown and campaign.name in shown
    assert "1 campaign" in operator.get(reverse("admin:campaigns_emailtemplate_changelist")).content.decode()


def test_a_template_shows_what_it_said_before_and_says_it_again(operator: Client, campaign: Any) -> None:
    data = {"organization": campaign.organization.pk, "name": "Intro", **WORDING}
    operator.post(reverse("admin:campaigns_emailtemplate_add"), {**data, "subject": "Hello dear friend"})
    template = EmailTemplate.objects.get()
    address = reverse("admin:campaigns_emailtemplate_change", args=[template.pk])
    operator.post(address, {**data, "subject": "Hello kind friend"})
    operator.post(address, {**data, "subject": "Hello kind friend", "name": "Other"})  # the same wording

    page = operator.get(reverse("admin:campaigns_emailtemplate_versions", args=[template.pk]))
    press(operator, reverse("admin:campaigns_emailtemplate_use_version", args=[template.pk]), version=1)

    told = page.content.decode()
    assert [(part["label"], len(part["lines"])) for part in page.context["parts"]] == [("Subject", 2)]
    assert "<del>dear</del>" in told and "<ins>kind</ins>" in told
    assert told.count("Use this version") == 1
    template.refresh_from_db()
    assert (template.name, template.subject) == ("Other", "Hello dear friend")
    assert list(template.versions.values_list("version", "copy_of")) == [(3, 1), (2, None), (1, None)]


def test_whoever_deletes_a_template_reads_first_which_campaigns_use_it_and_they_keep_their_copies(
    operator: Client, campaign: Any
) -> None:
    template = EmailTemplateFactory(organization=campaign.organization)
    variant = VariantFactory(step__campaign=campaign, template=template, subject="From the shelf")
    manager = member(campaign.organization, Role.MANAGER)
    dialog = reverse("admin:campaigns_emailtemplate_delete_template", args=[template.pk])

    asked = manager.get(dialog).content.decode()
    press(manager, dialog)

    assert f"Used by 1 campaign: “{campaign.name}”." in asked
    variant.refresh_from_db()
    assert (EmailTemplate.objects.count(), variant.template, variant.subject) == (0, None, "From the shelf")


def test_a_template_of_another_organization_is_not_there(operator: Client, campaign: Any) -> None:
    foreign = EmailTemplateFactory()

    page = operator.get(reverse("admin:campaigns_step_add"), {"campaign": campaign.pk, "template": foreign.pk})

    assert page.status_code == 404


def test_a_preview_shows_what_is_typed_as_the_chosen_lead_reads_it(operator: Client, campaign: Any) -> None:
    lead = LeadFactory(organization=campaign.organization, first_name="Zoë")
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])

    page = operator.post(address, {**WORDING, "preview_lead": lead.pk}).content.decode()

    assert "Hello Zoë" in page


def test_beside_a_wording_stand_all_its_merge_fields_those_of_ones_own_too(operator: Client, campaign: Any) -> None:
    Lead.objects.filter(recipients__campaign=campaign).update(custom={"port": "Hamburg"})

    page = operator.get(reverse("admin:campaigns_variant_change", args=[Variant.objects.get().pk])).content.decode()

    assert [f"{{{{ {name} }}}}" in page for name in ("linkedin_url", "custom.port", "sender_name")] == [True] * 3


def test_a_preview_is_made_as_anybody_whose_address_is_typed(operator: Client, campaign: Any) -> None:
    other = LeadFactory(organization=campaign.organization, first_name="Zuzana")
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])

    page, none = (
        operator.post(address, {**WORDING, "preview_address": typed}).content.decode()
        for typed in (f" {other.email.upper()} ", LeadFactory().email)
    )

    assert "Zuzana" in page
    assert "has the address" in none


def test_a_preview_runs_nothing_and_fetches_nothing(operator: Client, campaign: Any) -> None:
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])

    page = operator.post(address, {**WORDING, "body_html": "<p>x</p><script>alert(1)</script>"}).content.decode()

    assert "<iframe" in page
    assert " sandbox " in page
    assert "default-src &#x27;none&#x27;" in page
    assert "<script>" not in page


def test_a_preview_says_which_value_is_missing(operator: Client, campaign: Any) -> None:
    lead = LeadFactory(organization=campaign.organization, first_name="")
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])

    page = operator.post(address, {**WORDING, "preview_lead": lead.pk}).content.decode()

    assert "first_name" in page
    assert "<iframe" not in page


def test_a_preview_as_another_organizations_lead_shows_ones_own(operator: Client, campaign: Any) -> None:
    foreign = LeadFactory(first_name="Foreigner")
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])

    page = operator.post(address, {**WORDING, "preview_lead": foreign.pk}).content.decode()

    assert "Foreigner" not in page
    assert "Hello Ana" in page


def test_a_template_with_an_unknown_field_is_refused(operator: Client, campaign: Any) -> None:
    data = {"organization": campaign.organization.pk, "name": "Bad", **WORDING, "subject": "{{ nonsense }}"}

    answer = operator.post(reverse("admin:campaigns_emailtemplate_add"), data)

    assert "nonsense" in answer.content.decode()
    assert not EmailTemplate.objects.exists()


def test_a_follow_up_is_taken_out_of_the_thread_on_its_page(operator: Client, campaign: Any) -> None:
    add_step(operator, campaign, in_thread="on", subject="")
    step = Step.objects.get(position=2)
    page = reverse("admin:campaigns_step_change", args=[step.pk])
    refused = operator.post(page, {"wait_amount": 3, "wait_unit": "days"})
    step.variants.update(subject="Of its own")

    operator.post(page, {"wait_amount": 3, "wait_unit": "days"})

    assert "its variant A has no subject. Write one first." in refused.content.decode()
    assert Step.objects.get(position=2).in_thread is False


def test_a_preview_of_a_new_follow_up_shows_the_subject_of_the_thread(operator: Client, campaign: Any) -> None:
    page = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])
    body = {"subject": "", "body_html": "<p>Again</p>"}

    in_thread = operator.post(page, {**body, "in_thread": "on"}).content.decode()
    alone = operator.post(page, {**body, "subject": "Of its own"}).content.decode()

    assert ("Re: Hello Ana" in in_thread, "Of its own" in alone) == (True, True)


def test_a_message_shows_the_mail_in_a_sandboxed_frame(operator: Client, campaign: Any) -> None:
    variant = Variant.objects.get()
    values = {"first_name": "Ana", "postal_address": "1 Quay"}
    message = MessageFactory(
        recipient=campaign.recipients.get(), step=variant.step, variant=variant, merge_values=values, subject="As sent"
    )
    bare = MessageFactory(recipient__campaign=campaign, step=variant.step)

    pages = [
        operator.get(reverse("admin:campaigns_message_change", args=[row.pk])).content.decode()
        for row in (message, bare)
    ]

    assert "As sent" in pages[0] and 'sandbox srcdoc="&lt;!doctype html&gt;&lt;meta' in pages[0]
    assert "is not there. It is kept from the moment" in pages[1] and "<iframe" not in pages[1]


def test_beside_a_wording_stands_what_preflight_would_say_of_it_as_it_is_typed(operator: Client, campaign: Any) -> None:
    Lead.objects.filter(recipients__campaign=campaign).update(company="")
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])
    typed = {"subject": "RE: BUY NOW!!", "body_html": '<p>At {{ company }} <a href="">here</a></p>'}

    page = operator.post(address, {**WORDING, **typed, "step": Step.objects.get().pk}).content.decode()

    said = ("1 recipient has no company", "begins as if it were an answer", "shouts", "leads nowhere", "buy now")
    assert [words for words in said if words not in page] == []
    assert Variant.objects.get().version == 1


def test_a_preview_shows_the_line_of_the_inbox_and_the_headers(operator: Client, campaign: Any) -> None:
    address = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])

    page = operator.post(address, {**WORDING, "preheader": "Four minutes"}).content.decode()

    assert "Four minutes Hi" in page
    assert "List-Unsubscribe=One-Click" in page


def test_the_unusual_people_of_a_campaign_are_there_to_preview_as(operator: Client, campaign: Any) -> None:
    def enrolled(**names: str) -> Any:
        lead = LeadFactory(organization=campaign.organization, **names)
        RecipientFactory(campaign=campaign, lead=lead)
        return lead

    names = {
        "No first name": enrolled(first_name="", last_name="Ray"),
        "A name with an apostrophe": enrolled(first_name="Siobhán", last_name="O\N{RIGHT SINGLE QUOTATION MARK}Neill"),
        "A name not in Latin letters": enrolled(first_name="Мария", last_name="Petrova"),
        "The longest name": enrolled(first_name="Maximiliane Friederike", last_name="von Tannenberg-Lichtenfels"),
        "No company": enrolled(company=""),
    }

    page = operator.get(reverse("admin:campaigns_variant_change", args=[Variant.objects.get().pk]))

    assert {label: lead for label, lead in page.context["preview_unusual"] if label in names} == names


def test_a_field_that_not_everybody_has_is_offered_with_a_fallback(operator: Client, campaign: Any) -> None:
    for number in range(3):
        lead = LeadFactory(
            organization=campaign.organization, company="Acme", phone=" ", custom={"port": number or " "}
        )
        RecipientFactory(campaign=campaign, lead=lead)
    LeadFactory(organization=campaign.organization, company="")  # not in the campaign
    LeadFactory(company="")  # another organization's
    Lead.objects.filter(recipients__campaign=campaign, company="").update(company="Acme")

    page = operator.get(reverse("admin:campaigns_variant_change", args=[Variant.objects.get().pk]))

    offered = {field.name: field for _, fields in page.context["preview_fields"] for field in fields}
    assert [offered[name].share.percent for name in ("company", "custom.port", "phone")] == [100, 50, 0]
    assert [offered[name].needs_fallback for name in ("company", "custom.port", "sender_name")] == [False, True, False]
    assert offered["custom.port"].with_fallback == '{{ custom.port | default: "…" }}'


def test_a_template_is_looked_at_as_a_lead_of_its_organization_and_of_no_other(operator: Client, campaign: Any) -> None:
    LeadFactory(first_name="Foreigner")
    LeadFactory(organization=campaign.organization, first_name="Zoë")
    address = reverse("admin:campaigns_emailtemplate_preview")
    typed = {**WORDING, "organization": campaign.organization.pk}

    own = operator.post(address, typed).content.decode()
    foreign = operator.post(address, {**typed, "organization": CampaignFactory().organization.pk})
    stored = operator.get(address, {"template": EmailTemplateFactory(organization=campaign.organization).pk})

    assert "Hello Zoë" in own
    assert (foreign.status_code, "<iframe" in stored.content.decode()) == (404, True)


def test_before_there_is_anybody_a_wording_is_shown_as_somebody_made_up(operator: Client, campaign: Any) -> None:
    Lead.objects.all().delete()

    page = operator.post(reverse("admin:campaigns_campaign_preview", args=[campaign.pk]), WORDING).content.decode()

    assert "Hello Ana" in page and "somebody made up" in page


def test_a_new_wording_is_written_for_a_step_that_is_chosen_first(operator: Client, campaign: Any) -> None:
    foreign = VariantFactory().step

    pages = [operator.get(reverse(f"admin:campaigns_{name}_add")).content.decode() for name in ("variant", "step")]

    assert [f"?step={Step.objects.get(campaign=campaign).pk}" in pages[0], f"?campaign={campaign.pk}" in pages[1]] == [
        True
    ] * 2
    assert f"?step={foreign.pk}" not in pages[0]


def test_two_who_write_the_same_body_are_told_where_they_differ_and_nothing_is_lost(
    operator: Client, campaign: Any
) -> None:
    body = "<p>" + "The same words as before. " * 20 + "</p>"
    Variant.objects.update(body_html=body)
    variant = Variant.objects.get()
    page = operator.get(reverse("admin:campaigns_variant_change", args=[variant.pk])).content.decode()
    shown = page.partition('name="_as_shown" value="')[2].partition('"')[0]
    edit(operator, variant, body_html=body.replace("before. </p>", "ever. </p>"))

    answer = edit(operator, variant, body_html="<p>Mine</p>", _as_shown=shown)

    (told,) = answer.context["adminform"].form.errors["body_html"]
    assert "was changed meanwhile by" in told and "same words as ever. </p>” now." in told
    assert "ever" in Variant.objects.get().body_html
