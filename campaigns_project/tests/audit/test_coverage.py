"""Whatever a person, key or command changes leaves an entry, in the transaction of the change.

The writing operations of the API are looked at in rest/test_writes.py, which is complete by the schema. Dialogs, forms
and commands are listed here, and found in the admin and the apps, so that a new one fails until it stands here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import (
    CalendarItem,
    Campaign,
    CampaignPlan,
    EmailTemplate,
    InstantlyAccount,
    LeadNote,
    Mailbox,
    MetricDefinition,
    OAuthApplication,
    OperatorTask,
    Recipient,
    Sender,
    Step,
    TemplateVersion,
    Variant,
)
from campaigns.tests.factories import MembershipFactory, TemplateVersionFactory, UserFactory
from campaigns_project.accounts.models import Membership, Organization, ServiceAccount, User
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key, keys_of
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of, press
from campaigns_project.tests.audit.refusing import refusing
from campaigns_project.tests.rest.test_writes import (
    answer_got_lost,
    campaign_is,
    endpoint_is_disabled,
    has_booked,
    has_lead_source,
    import_is_a_draft,
    import_is_through,
    instantly_is_paused,
    is_automatic,
    is_put_away,
    is_switched_off,
    job_ended_long_ago,
    lead_in_no_campaign,
    leads_are_fetched,
    mail_has_failed,
    mail_was_sent,
    mailbox_is_paused,
    message_is_uncertain,
    more_than_is_checked_at_once,
    never_started,
    no_key_for_apollo,
    no_key_for_instantly,
    nothing,
    nothing_is_under_way,
    other_tag,
    second_tag,
    second_variant,
    segment_is_frozen,
    sender_is_paused,
    service_reports,
    stop_is_in_force,
    task_is_done,
)
from campaigns_project.tests.tenancy.world import World
from campaigns_project.webhooks.models import WebhookEndpoint
from leads.models import EnrichmentProfile, Lead, LeadImport, ProviderAccount, Segment, Suppression, Tag

pytestmark = pytest.mark.django_db

OURS = ("campaigns_project", "campaigns", "leads", "tracking")
NOON = "2031-01-01T12:00"


@dataclass(frozen=True)
class Act:
    """A dialog of the admin: the action its entry names, what is typed, and the state it needs."""

    action: str
    answers: Callable[[World], dict[str, Any]] = lambda _world: {}
    prepare: Callable[[World], Any] = nothing


# Those of system administrators, one that needs an answer from outside, and the test that shows the entry, or why there
# is none.
OF_THE_SYSTEM = {
    "cleanup_orphanreport_look": "changes nothing",
    "cleanup_orphanreport_remove": "cleanup/test_nightly.py",
    "campaigns_sender_connect": "changes nothing: the entry comes with the tokens, campaigns/tests/oauth",
    "campaigns_mailbox_connect": "changes nothing: the entry comes with the tokens, campaigns/tests/oauth",
    "campaigns_instantlyaccount_discover": "asks Instantly first: campaigns/tests/instantly/test_accounts.py",
}


def draft_never_used(world: World) -> None:
    nothing_is_under_way(world)
    world[Campaign].recipients.all().delete()
    campaign_is("draft", started_at=None, paused_at=None, emails_sent=0)(world)


def account_is_connected(world: World) -> None:
    for model in (Sender, Mailbox):
        model.objects.filter(pk=world[model].pk).update(connected_at=NOON + "Z")


def nothing_logs_in_by_it(_world: World) -> None:
    for model in (Sender, Mailbox):
        model.objects.update(oauth_application=None)


def typed(**answers: Any) -> Callable[[World], dict[str, Any]]:
    return lambda _world: answers


def reasoned(_world: World) -> dict[str, Any]:
    return {"reason": "asked for"}


def everybody(world: World) -> dict[str, Any]:
    return {"everybody": Lead.objects.for_organization(world.organization).count()}


def was_changed(world: World) -> None:
    TemplateVersionFactory(template=world[EmailTemplate], version=2)


def account_has_a_key(world: World) -> None:
    account = world[ServiceAccount]
    create_api_key(organization=world.organization, name=account.name, role=Role(account.role), actor=SYSTEM)


ACTS = {
    "accounts_serviceaccount_new_key": Act(
        "api_key.created",
        lambda world: {"organization": world.organization.pk, "name": "CRM", "role": "viewer", "days": "30"},
    ),
    "accounts_serviceaccount_another_key": Act("api_key.created"),
    "accounts_serviceaccount_revoke_key": Act(
        "api_key.revoked",
        lambda world: {"key": keys_of(world[ServiceAccount]).get().token_key},
        account_has_a_key,
    ),
    "accounts_serviceaccount_rename": Act("serviceaccount.renamed", typed(name="Books")),
    "accounts_serviceaccount_remove": Act("serviceaccount.deleted"),
    "campaigns_campaign_start": Act("campaign.started", typed(has_read="on"), never_started),
    "campaigns_campaign_resume": Act(
        "campaign.resumed", typed(overdue="send"), campaign_is("paused", paused_at="2026-01-01T12:00Z")
    ),
    "campaigns_campaign_pause": Act("campaign.paused", reasoned),
    "campaigns_campaign_schedule": Act(
        "campaign.scheduled", typed(at_0="2031-01-01", at_1="12:00:00", at=NOON, has_read="on"), never_started
    ),
    "campaigns_campaign_unschedule": Act(
        "campaign.unscheduled", prepare=campaign_is("scheduled", scheduled_at="2031-01-01T12:00Z")
    ),
    "campaigns_campaign_preflight": Act("campaign.check_queued", prepare=more_than_is_checked_at_once),
    "campaigns_campaign_send_test": Act(
        "campaign.test_sent",
        lambda world: {"to": "me@fairlead.example", "wording": world[Variant].pk, "lead": world[Lead].pk},
    ),
    "campaigns_campaign_enroll": Act("campaign.enrolled", typed(way="everyone")),
    "campaigns_campaign_standing_audience": Act(
        "campaign.audience_set", lambda world: {"segments": [world[Segment].pk], "at_most": "10"}
    ),
    "campaigns_campaign_activate": Act("campaign.activated", reasoned, is_switched_off),
    "campaigns_campaign_deactivate": Act("campaign.deactivated", reasoned, is_automatic),
    "campaigns_emailtemplate_use_version": Act(
        "emailtemplate.changed", lambda world: {"version": world[TemplateVersion].version}, was_changed
    ),
    "campaigns_deenrollmentrun_sweep": Act(
        "deenrollmentrun.asked", lambda world: {"organization": world.organization.pk}
    ),
    "campaigns_campaign_lead_source": Act("campaign.lead_source_set", typed(filters="person_titles=ceo", count="5")),
    "campaigns_campaign_fetch_leads": Act("campaign.fetch_requested", prepare=has_lead_source),
    "campaigns_campaign_cancel_fetch": Act("campaign.fetch_canceled", prepare=leads_are_fetched),
    "campaigns_campaign_choose_senders": Act("campaign.senders_set", lambda world: {"senders": [world[Sender].pk]}),
    "campaigns_campaign_choose_delivery": Act(
        "campaign.delivery_chosen", typed(by="instantly", mailboxes="anna@sender.example"), never_started
    ),
    "campaigns_instantlyaccount_test_key": Act("instantlyaccount.checked"),
    "campaigns_instantlyaccount_pause": Act("instantlyaccount.paused"),
    "campaigns_instantlyaccount_resume": Act("instantlyaccount.resumed", prepare=instantly_is_paused),
    "campaigns_instantlyaccount_remove": Act("instantlyaccount.deleted", prepare=campaign_is("stopped")),
    "campaigns_campaign_retry_failed": Act("campaign.failed_retried", reasoned, mail_has_failed),
    "campaigns_campaign_duplicate": Act("campaign.created", typed(name="Copy")),
    "campaigns_campaign_archive": Act("campaign.archived", prepare=campaign_is("stopped")),
    "campaigns_campaign_restore": Act("campaign.restored", prepare=is_put_away),
    "campaigns_campaign_stop": Act("campaign.stopped", reasoned),
    "campaigns_campaign_delete_draft": Act("campaign.deletion_requested", prepare=draft_never_used),
    "campaigns_job_remove_old_jobs": Act(
        "campaign.jobs_removed", lambda world: {"campaign": world[Campaign].pk, "days": 30}, job_ended_long_ago
    ),
    "campaigns_step_remove": Act("step.removed", prepare=never_started),
    "campaigns_variant_remove": Act("variant.removed", prepare=second_variant),
    "campaigns_sendinghalt_stop_sending": Act(
        "sending.halted", lambda world: {"whose": world.organization.pk, "reason": "wrong list"}
    ),
    "campaigns_sendinghalt_resume_sending": Act("sending.resumed", prepare=stop_is_in_force),
    "campaigns_message_treat_all_as_sent": Act("message.treated_as_sent", typed(which="all"), message_is_uncertain),
    "campaigns_message_send_all_again": Act("message.sent_again", typed(which="all"), message_is_uncertain),
    "campaigns_message_treat_as_sent": Act("message.treated_as_sent", prepare=message_is_uncertain),
    "campaigns_message_send_again": Act("message.sent_again", prepare=message_is_uncertain),
    "campaigns_message_retry": Act("campaign.failed_retried", prepare=mail_has_failed),
    "campaigns_recipient_booked": Act("lead.booked"),
    "campaigns_recipient_de_enroll": Act("recipient.de_enrolled", reasoned),
    "campaigns_sender_check_now": Act("sender.checked"),
    "campaigns_sender_pause": Act("sender.paused", reasoned),
    "campaigns_sender_resume": Act("sender.resumed", prepare=sender_is_paused),
    "campaigns_sender_disconnect": Act("sender.disconnected", prepare=account_is_connected),
    "campaigns_oauthapplication_remove": Act("oauthapplication.deleted", prepare=nothing_logs_in_by_it),
    "campaigns_sender_renew_webhook": Act("sender.webhook_renewed", prepare=service_reports),
    "campaigns_sender_remove": Act("sender.deleted", prepare=campaign_is("stopped")),
    "campaigns_mailbox_test_login": Act("mailbox.tested"),
    "campaigns_mailbox_pause": Act("mailbox.paused", reasoned),
    "campaigns_mailbox_resume": Act("mailbox.resumed", prepare=mailbox_is_paused),
    "campaigns_mailbox_disconnect": Act("mailbox.disconnected", prepare=account_is_connected),
    "campaigns_mailbox_remove": Act("mailbox.deleted"),
    "campaigns_emailtemplate_delete_template": Act("emailtemplate.deleted"),
    "leads_enrichmentprofile_try_on_lead": Act("enrichmentprofile.tried", lambda world: {"lead": world[Lead].pk}),
    "leads_enrichmentprofile_delete_profile": Act("enrichmentprofile.deleted"),
    "tracking_inboundwebhook_try_again": Act("webhook.retried"),
    "leads_leadimport_cancel": Act("import.canceled"),
    "leads_leadimport_commit": Act("import.committed", prepare=import_is_a_draft),
    "leads_leadimport_discard": Act("import.canceled", prepare=import_is_a_draft),
    "leads_leadimport_create_campaign": Act("campaign.created", typed(name="Autumn"), import_is_through),
    "leads_leadimport_undo": Act("import.undone", prepare=import_is_through),
    "leads_suppression_remove": Act("suppression.removed", reasoned),
    "leads_provideraccount_test_key": Act("provideraccount.checked"),
    "leads_provideraccount_ask_again": Act("provideraccount.asks_again", prepare=answer_got_lost),
    "leads_provideraccount_remove": Act("provideraccount.deleted"),
    "webhooks_webhookendpoint_send_test": Act("webhookendpoint.tested"),
    "webhooks_webhookendpoint_rotate_secret": Act("webhookendpoint.secret_rotated"),
    "webhooks_webhookendpoint_disable": Act("webhookendpoint.disabled", reasoned),
    "webhooks_webhookendpoint_enable": Act("webhookendpoint.enabled", prepare=endpoint_is_disabled),
    "webhooks_webhookendpoint_remove": Act("webhookendpoint.deleted"),
    "webhooks_webhookdelivery_send_again": Act("webhookdelivery.sent_again"),
    "leads_tag_delete_tag": Act("tag.deleted"),
    "leads_tag_merge": Act("tag.merged", lambda world: {"into": other_tag(world).pk}, second_tag),
    "leads_segment_freeze": Act("segment.frozen"),
    "leads_segment_unfreeze": Act("segment.unfrozen", prepare=segment_is_frozen),
    "leads_segment_remove": Act("segment.deleted"),
    "leads_lead_add_to_campaign": Act(
        "campaign.enrolled", lambda world: {"campaign": world[Campaign].pk}, lead_in_no_campaign
    ),
    "leads_lead_tag_these": Act("leads.tagged", lambda world: {**everybody(world), "tags": "new"}),
    "leads_lead_untag_these": Act("leads.untagged", lambda world: {**everybody(world), "tags": world[Tag].name}),
    "leads_lead_enroll_these": Act(
        "campaign.enrolled", lambda world: {**everybody(world), "campaign": world[Campaign].pk}, lead_in_no_campaign
    ),
    "leads_lead_suppress_these": Act("suppression.created", everybody),
    "leads_lead_suppress": Act("suppression.created"),
    "leads_lead_write_note": Act("leadnote.created", typed(text="Called.")),
    "leads_lead_set_status": Act("leaduserstatus.created", typed(status="interested")),
    "leads_lead_note_reply": Act(
        "recipient.event_reported", lambda world: {"recipient": world[Recipient].pk}, mail_was_sent
    ),
    "leads_lead_note_booking": Act("lead.booked"),
    "leads_lead_take_back_booking": Act("lead.booking_taken_back", prepare=has_booked),
    "leads_lead_de_enroll_everywhere": Act("lead.de_enrolled", reasoned),
    "campaigns_leadnote_remove": Act("leadnote.deleted"),
    "campaigns_campaignplan_remove": Act("campaignplan.deleted"),
    "campaigns_calendaritem_remove": Act("calendaritem.deleted"),
    "campaigns_calendarfeed_close": Act("calendarfeed.deleted"),
    "campaigns_operatortask_complete": Act("operatortask.completed"),
    "campaigns_operatortask_reopen": Act("operatortask.reopened", prepare=task_is_done),
    "campaigns_operatortask_remove": Act("operatortask.deleted"),
    "campaigns_metricdefinition_remove": Act("metricdefinition.deleted"),
    "campaigns_metricentry_take_back": Act("metricentry.deleted"),
    "leads_lead_remove": Act("lead.deleted", prepare=lead_in_no_campaign),
}


def dialogs(kind: str) -> dict[str, type[Any]]:
    """The dialogs on a list, or of one row, by name, with the model they belong to."""
    return {
        found.action_name: model
        for model, model_admin in admin.site._registry.items()
        for found in getattr(model_admin, f"_get_base_actions_{kind}")()
    }


def do(client: Client, name: str, world: World) -> Any:
    of_row = dialogs("detail").get(name)
    address = reverse(f"admin:{name}", args=[world[of_row].pk] if of_row else [])
    return press(client, address, **ACTS[name].answers(world))


def test_every_dialog_of_the_admin_is_tried_here() -> None:
    assert {*dialogs("list"), *dialogs("detail")} == {*ACTS, *OF_THE_SYSTEM}


@pytest.mark.parametrize("name", ACTS)
def test_a_dialog_does_nothing_where_its_entry_cannot_be_written_and_else_leaves_it_in_the_name_of_the_person(
    name: str, world: World
) -> None:
    ACTS[name].prepare(world)
    person = MembershipFactory(organization=world.organization, role=Role.OWNER).user
    client = client_of(person)
    client.raise_request_exception = False
    before, seen = world.snapshot(), AuditLog.objects.latest("pk").pk

    with refusing():
        answer = do(client, name, world)

    assert answer.status_code == 500
    assert world.snapshot() == before

    answer = do(client, name, world)

    entry = AuditLog.objects.filter(pk__gt=seen, action=ACTS[name].action).first()
    assert entry is not None, answer.content.decode()
    assert (entry.actor_kind, entry.actor_id, entry.via) == ("user", person.pk, "admin")
    assert (entry.organization_ref, entry.request_id) == (world.organization.pk, answer["X-Request-ID"])


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def form_of(client: Client, address: str) -> dict[str, Any]:
    """What the form at `address` would send if nothing were typed, its formsets too."""
    context = client.get(address).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {field.html_name: field.value() for form in forms for field in form}
    return {name: value for name, value in values.items() if value is not None and value is not False}


@dataclass(frozen=True)
class Edit:
    """A form of the admin: the action its entry names, the model, what is typed over, and whether the row is new."""

    action: str
    model: type[Any]
    answers: Callable[[World], dict[str, Any]]
    is_new: bool = False
    by_root: bool = False
    prepare: Callable[[World], Any] = nothing
    within: type[Any] | None = None  # what its page has to be told that the new row hangs on


A_RULE = '{"groups": [{"rules": [{"field": "title", "operator": "is", "value": "CTO"}]}]}'
WORDS = {"subject": "Hello", "preheader": "", "body_html": "", "body_text": "Hello"}


def at_home(**answers: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"organization": world.organization.pk, **answers}


EDITS = {
    "a new organization": Edit(
        "organization.created", Organization, typed(name="N", slug="n", timezone="UTC"), is_new=True, by_root=True
    ),
    "an organization": Edit("organization.changed", Organization, typed(postal_address="Elsewhere 1")),
    "a new person": Edit(
        "user.created", User, typed(email="n@e.example", usable_password="true", password1="a-pass-phrase-of-mine",
                                    password2="a-pass-phrase-of-mine"), is_new=True, by_root=True,
    ),
    "a person": Edit("user.changed", User, typed(is_superuser="on"), by_root=True),
    "a new campaign": Edit("campaign.created", Campaign, at_home(name="New"), is_new=True),
    "a new step": Edit(
        "step.created", Step, lambda world: {"campaign": world[Campaign].pk, "wait_amount": 1, "wait_unit": "days",
                                             **WORDS}, is_new=True, within=Campaign,
    ),
    "a step": Edit("step.changed", Step, typed(wait_amount="9")),
    "a new variant": Edit(
        "variant.created", Variant, lambda world: {"step": world[Step].pk, "weight": 1, **WORDS}, is_new=True,
        within=Step,
    ),
    "a variant": Edit("variant.changed", Variant, typed(weight="9")),
    "a new template": Edit("emailtemplate.created", EmailTemplate, at_home(name="New", **WORDS), is_new=True),
    "a template": Edit("emailtemplate.changed", EmailTemplate, typed(name="Other")),
    "a new sender": Edit("sender.created", Sender, at_home(email="new@fairlead.example"), is_new=True),
    "a sender": Edit("sender.changed", Sender, typed(name="Other")),
    "a new mailbox": Edit(
        "mailbox.created", Mailbox, at_home(name="New", host="imap.fairlead.example", username="ada"), is_new=True
    ),
    "a mailbox": Edit("mailbox.changed", Mailbox, typed(name="Other")),
    "a new OAuth application": Edit(
        "oauthapplication.created", OAuthApplication, at_home(name="New", provider="google", client_id="here"),
        is_new=True,
    ),
    "an OAuth application": Edit("oauthapplication.changed", OAuthApplication, typed(name="Other")),
    "a new import": Edit(
        "import.created", LeadImport,
        lambda world: {"organization": world.organization.pk,
                       "file": SimpleUploadedFile("n.csv", b"email\nn@acme.example\n")}, is_new=True,
    ),
    "a new suppression": Edit("suppression.created", Suppression, at_home(address="x@acme.example"), is_new=True),
    "a new key for a provider": Edit(
        "provideraccount.created", ProviderAccount, at_home(provider="apollo", api_key="key"), is_new=True,
        prepare=no_key_for_apollo,
    ),
    "a key for a provider": Edit("provideraccount.changed", ProviderAccount, typed(credit_limit="9")),
    "a new key for Instantly": Edit(
        "instantlyaccount.created", InstantlyAccount, at_home(api_key="key"), is_new=True, prepare=no_key_for_instantly
    ),
    "a key for Instantly": Edit("instantlyaccount.changed", InstantlyAccount, typed(api_key="other")),
    "a new segment": Edit("segment.created", Segment, at_home(name="new", rules=A_RULE), is_new=True),
    "a segment": Edit("segment.changed", Segment, typed(name="other", rules=A_RULE)),
    "a new enrichment profile": Edit(
        "enrichmentprofile.created", EnrichmentProfile,
        at_home(name="N", url="https://llm.example.com/v1", model="m", prompt="Who?", fields="title"), is_new=True,
    ),
    "an enrichment profile": Edit("enrichmentprofile.changed", EnrichmentProfile, typed(name="Other")),
    "a new webhook endpoint": Edit(
        "webhookendpoint.created", WebhookEndpoint, at_home(url="https://hooks.example.com/in?token=x"), is_new=True
    ),
    "a webhook endpoint": Edit("webhookendpoint.changed", WebhookEndpoint, typed(description="Other")),
    "a new tag": Edit("tag.created", Tag, at_home(name="new"), is_new=True),
    "a tag": Edit("tag.changed", Tag, typed(name="other")),
    "a new plan": Edit(
        "campaignplan.created", CampaignPlan, at_home(name="N", starts_on="2026-12-01", ends_on="2026-12-24"),
        is_new=True,
    ),
    "a plan": Edit("campaignplan.changed", CampaignPlan, typed(name="Other")),
    "a new calendar item": Edit(
        "calendaritem.created", CalendarItem, at_home(title="N", starts_on="2026-12-01", ends_on="2026-12-01"),
        is_new=True,
    ),
    "a calendar item": Edit("calendaritem.changed", CalendarItem, typed(title="Other")),
    "a new task": Edit("operatortask.created", OperatorTask, at_home(title="New"), is_new=True),
    "a task": Edit("operatortask.changed", OperatorTask, typed(title="Other", checklist="x Call\nWrite")),
    "a new metric": Edit("metricdefinition.created", MetricDefinition, at_home(name="New"), is_new=True),
    "a metric": Edit("metricdefinition.changed", MetricDefinition, typed(name="Other")),
    "a note": Edit("leadnote.changed", LeadNote, typed(text="Other words.")),
    "a new lead": Edit("lead.created", Lead, at_home(email="new@acme.example"), is_new=True),
    "a lead": Edit("lead.changed", Lead, typed(first_name="Other")),
    "a new group": Edit("group.created", Group, typed(name="new"), is_new=True, by_root=True),
}  # fmt: skip


def save(client: Client, edit: Edit, world: World) -> Any:
    name = f"{edit.model._meta.app_label}_{edit.model._meta.model_name}"
    if edit.is_new:
        parent = f"?{edit.within._meta.model_name}={world[edit.within].pk}" if edit.within else ""
        address = f"{page(f'{name}_add')}{parent}"
    else:
        row = world[Membership].user if edit.model is User else world[edit.model]
        address = page(f"{name}_change", row.pk)
    return client.post(address, {**form_of(client, address), **edit.answers(world)})


def editor(edit: Edit, world: World) -> Any:
    if edit.by_root:
        return UserFactory(is_superuser=True)
    return MembershipFactory(organization=world.organization, role=Role.OWNER).user


def test_every_form_of_the_admin_is_tried_here() -> None:
    writable = {
        (model, act == "add")
        for model, model_admin in admin.site._registry.items()
        for act in ("add", "change")
        if (model_admin.needed(act) if hasattr(model_admin, "needed") else act in model_admin.writable)
    }
    # The settings of a campaign have a page of their own: campaigns/tests/admin/test_settings.py. A group says nothing.
    elsewhere = {(Campaign, False), (Group, False)}

    assert writable - elsewhere == {(edit.model, edit.is_new) for edit in EDITS.values()}


@pytest.mark.parametrize("what", EDITS)
def test_a_form_does_nothing_where_its_entry_cannot_be_written_and_else_leaves_it_with_what_changed(
    what: str, world: World
) -> None:
    edit = EDITS[what]
    edit.prepare(world)
    person = editor(edit, world)
    client = client_of(person)
    client.raise_request_exception = False
    before, seen = everything(world), AuditLog.objects.latest("pk").pk

    with refusing():
        answer = save(client, edit, world)

    assert answer.status_code == 500
    assert everything(world) == before

    answer = save(client, edit, world)

    assert answer.status_code == 302, answer.content.decode()
    entry = AuditLog.objects.get(pk__gt=seen, action=edit.action)
    assert (entry.actor_id, entry.via, entry.request_id) == (person.pk, "admin", answer["X-Request-ID"])
    assert edit.is_new or set(entry.before) == set(entry.after) - {"campaign", "version"} != set()


def everything(world: World) -> tuple[Any, ...]:
    """What any form can write to, in the world and beside it."""
    return world.snapshot(), User.objects.count(), Group.objects.count(), Organization.objects.count()
