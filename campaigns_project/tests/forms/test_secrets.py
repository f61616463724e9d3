"""Secrets in forms of the admin: all of them go in and never come out, and say so in the same words."""

import json
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import escape

from campaigns.models import InstantlyAccount, Mailbox, OAuthApplication, Sender
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.encryption import secrets_of
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.forms.tabs import Tab
from campaigns_project.tests.tenancy.world import World
from campaigns_project.webhooks.models import WebhookEndpoint
from leads.models import EnrichmentProfile, ProviderAccount

pytestmark = pytest.mark.django_db

WORD = "hunter3-and-more"
KEYS = json.dumps({"server_token": WORD})

# What is typed, and what the row has to be; every field there is, see the last test.
FIELDS: dict[type[Model], tuple[dict[str, str], dict[str, Any]]] = {
    Sender: (
        {"password": WORD, "esp_settings": KEYS, "webhook_secret": WORD},
        {"kind": "esp", "esp": "postmark", "esp_settings": KEYS},
    ),
    Mailbox: ({"password": WORD}, {}),
    OAuthApplication: ({"client_secret": WORD}, {}),
    InstantlyAccount: ({"api_key": WORD}, {}),
    ProviderAccount: ({"api_key": WORD}, {}),
    EnrichmentProfile: ({"api_key": WORD}, {}),
}
READ_AGAIN = {(WebhookEndpoint, "url")}  # an address that managers look at


@pytest.mark.parametrize("model", FIELDS)
def test_secrets_go_in_are_kept_where_nothing_is_typed_and_never_come_out(model: type[Model], world: World) -> None:
    words, needed = FIELDS[model]
    rows = model._default_manager.filter(pk=world[model].pk)
    rows.update(**needed)
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[world[model].pk])
    form = Tab(member(world.organization, Role.OWNER), address)

    saved, again = form.save(**words), Tab(form.client, address)
    kept = again.save()

    entry = AuditLog.objects.about(world[model]).get()
    told = (
        f"Set on {date_format(entry.created_at, 'DATE_FORMAT')} by {entry.actor_name}, and never shown. Leave empty to"
    )
    assert (saved.status_code, kept.status_code, rows.values(*words).get()) == (302, 302, words)
    assert again.page.count(escape(told)) == len(words)
    assert [each for each in (again.page, str(entry.before), str(entry.after)) if WORD in each] == []


@pytest.mark.parametrize("model", [Sender, OAuthApplication])
def test_whoever_may_only_read_sees_no_place_of_a_secret(model: type[Model], world: World) -> None:
    reader = member(world.organization, Role.MANAGER if model is OAuthApplication else Role.VIEWER)

    page = reader.get(reverse(f"admin:campaigns_{model._meta.model_name}_change", args=[world[model].pk]))

    assert [name for name in secrets_of(model) if f"field-{name}" in page.content.decode()] == []


def test_a_form_that_is_refused_does_not_show_what_was_typed(world: World) -> None:
    form = Tab(
        member(world.organization, Role.OWNER), reverse("admin:campaigns_sender_change", args=[world[Sender].pk])
    )

    answer = form.save(email="nowhere", password=WORD, esp_settings=KEYS)

    assert (answer.status_code, WORD in answer.content.decode()) == (200, False)


def test_every_secret_that_can_be_typed_is_of_this_kind() -> None:
    typed = {
        (model, name): (model_admin.form.declared_fields | model_admin.form.base_fields).get(name)
        for model, model_admin in admin.site._registry.items()
        for name in secrets_of(model)
        if model._meta.get_field(name).editable and getattr(model_admin, "needed", lambda _act: None)("change")
    }

    tried = {(model, name) for model, (words, _needed) in FIELDS.items() for name in words}
    assert typed.keys() - READ_AGAIN == tried
    assert {key for key, field in typed.items() if not isinstance(field, SecretField)} == READ_AGAIN
