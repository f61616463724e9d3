"""Deletions, passwords, rights and commands leave their entries too; and no entry holds what it must not."""

import json
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command, get_commands
from django.db import DatabaseError, transaction
from django_q.models import Failure
from knox.models import AuthToken

from campaigns.models import Campaign, MetricDefinition, Sender
from campaigns.tests.factories import NOON, MembershipFactory, SecondFactorFactory, UserFactory
from campaigns_project.accounts.models import SecondFactor, ServiceAccount, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.admin.conftest import make_installation
from campaigns_project.tests.audit.refusing import refusing
from campaigns_project.tests.audit.test_coverage import (
    EDITS,
    OURS,
    Edit,
    account_has_a_key,
    editor,
    form_of,
    page,
    save,
)
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.rest.test_writes import (
    WRITES,
    campaign_is,
    is_automatic,
    is_put_away,
    job_ended_long_ago,
    mail_has_failed,
    message_is_uncertain,
    never_started,
    nothing,
    nothing_is_under_way,
    send,
    stop_is_in_force,
)
from campaigns_project.tests.tenancy.world import World
from leads.models import Lead, LeadImport, Suppression

pytestmark = pytest.mark.django_db

PASSWORD, NEW_PASSWORD = "correct horse battery", "a-pass-phrase-of-mine"


REMOVALS = {
    Group: "group.deleted",
    AuthToken: "authtoken.deleted",
    SecondFactor: "secondfactor.deleted",
    AccessAttempt: "accessattempt.deleted",
    Failure: "failure.deleted",
}


def test_every_delete_page_of_the_admin_is_tried_here() -> None:
    offered = {
        model
        for model, model_admin in admin.site._registry.items()
        if (model_admin.needed("delete") if hasattr(model_admin, "needed") else "delete" in model_admin.writable)
    }

    assert offered == set(REMOVALS)


@pytest.mark.parametrize("model", REMOVALS)
def test_a_delete_page_leaves_its_entry_and_deletes_nothing_without_it(model: type[Any]) -> None:
    make_installation()
    row, root = model.objects.first(), client_of(UserFactory(is_superuser=True))
    root.raise_request_exception = False
    address = page(f"{model._meta.app_label}_{model._meta.model_name}_delete", row.pk)

    with refusing():
        refused = root.post(address, {"post": "yes"})
    kept = model.objects.filter(pk=row.pk).exists()
    root.post(address, {"post": "yes"})

    assert (refused.status_code, kept, model.objects.filter(pk=row.pk).exists()) == (500, True, False)
    assert AuditLog.objects.get().action == REMOVALS[model]


def test_a_revoked_key_is_on_record_in_its_organization() -> None:
    client = key_client(Role.VIEWER)
    key = AuthToken.objects.get()

    client_of(UserFactory(is_superuser=True)).post(page("knox_authtoken_delete", key.pk), {"post": "yes"})

    assert AuditLog.objects.get(action="authtoken.deleted").organization_ref == client.organization.pk


def test_an_own_password_is_changed_on_record_or_not_at_all() -> None:
    person = UserFactory(is_superuser=True)
    typed = {
        "old_password": "correct horse battery",
        **dict.fromkeys(("new_password1", "new_password2"), NEW_PASSWORD),
    }
    browser = client_of(person)
    browser.raise_request_exception = False

    with refusing():
        refused = browser.post(page("password_change"), typed)
    person.refresh_from_db()
    was_kept = person.check_password(PASSWORD)
    browser.post(page("password_change"), {**typed, "new_password2": "another"})
    mistyped = AuditLog.objects.count()
    browser.post(page("password_change"), typed)

    assert (refused.status_code, was_kept, mistyped) == (500, True, 0)
    entry = AuditLog.objects.get()
    assert (entry.action, entry.entity_id, entry.after) == ("user.password_changed", str(person.pk), None)


def test_rights_of_a_person_are_on_record_before_and_after() -> None:
    root, person = UserFactory(is_superuser=True), UserFactory(email="ana@fairlead.example")
    client, address = client_of(root), page("accounts_user_change", person.pk)

    client.post(address, {**form_of(client, address), "is_superuser": "on"})

    entry = AuditLog.objects.get(action="user.changed")
    assert (entry.before, entry.after) == ({"is_superuser": False}, {"is_superuser": True})


def test_the_role_of_a_member_is_on_record_before_and_after() -> None:
    owner = MembershipFactory(role=Role.OWNER)
    member = MembershipFactory(organization=owner.organization, role=Role.VIEWER)
    client, address = client_of(owner.user), page("accounts_organization_change", owner.organization.pk)
    form = form_of(client, address)
    (place,) = [name for name, value in form.items() if value == "viewer"]

    client.post(address, {**form, place: "manager"})

    entry = AuditLog.objects.get(action="membership.changed")
    assert (entry.entity_id, entry.organization_ref) == (str(member.pk), owner.organization.pk)
    assert (entry.before["role"], entry.after["role"]) == ("viewer", "manager")


@dataclass(frozen=True)
class Run:
    """A command: the action its entry names, its arguments, and the state it needs."""

    action: str
    arguments: Callable[[World], Iterable[Any]] = lambda _world: ()
    prepare: Callable[[World], Any] = nothing


def of_campaign(*more: str) -> Callable[[World], Iterable[Any]]:
    return lambda world: (str(world[Campaign].pk), *more)


def at_home(*more: str) -> Callable[[World], Iterable[Any]]:
    return lambda world: ("--organization", world.organization.slug, *more)


def leads_file(world: World) -> Iterable[Any]:
    path = settings.VAR_DIR / "audited-leads.csv"
    path.write_text("email\nnew@acme.example\n")
    return (str(path), "--organization", world.organization.slug)


def old_jobs_of_the_campaign(world: World) -> Iterable[Any]:
    return ("--campaign", str(world[Campaign].pk), "--days", "30", "--yes")


def sure_of_the_campaign(world: World) -> Iterable[Any]:
    return (str(world[Campaign].pk), "--confirm", world[Campaign].name, "--reason", "It is over.")


def counter_is_wrong(world: World) -> None:
    Campaign.objects.filter(pk=world[Campaign].pk).update(emails_opened=7)


def no_work_at_all(world: World) -> None:
    nothing_is_under_way(world)
    world[LeadImport].delete()


def sure_of_the_organization(world: World) -> Iterable[Any]:
    return (world.organization.slug, "--confirm", world.organization.name, "--reason", "It is over.")


def person_of(world: World) -> Iterable[Any]:
    return (world[Lead].email, "--organization", world.organization.slug)


def sure_of_the_person(world: World) -> Iterable[Any]:
    return (*person_of(world), "--confirm", world[Lead].email, "--reason", "asked for")


def ana_has_a_second_factor(_world: World) -> None:
    SecondFactorFactory(user__email="ana@fairlead.example")


RUNS = {
    "axes_reset": Run("lockout.lifted"),
    "axes_reset_ip": Run("lockout.lifted", lambda _world: ("192.0.2.1",)),
    "axes_reset_username": Run("lockout.lifted", lambda _world: ("ana",)),
    "axes_reset_ip_username": Run("lockout.lifted", lambda _world: ("192.0.2.1", "ana")),
    "axes_reset_logs": Run("accesslog.cleared"),
    "axes_reset_failure_logs": Run("accessfailurelog.cleared"),
    "automatic_enrollment": Run("campaign.deactivated", of_campaign("off"), is_automatic),
    "book_lead": Run("lead.booked", lambda world: (world[Lead].email, *at_home()(world))),
    "check_sender": Run("sender.checked", lambda world: (str(world[Sender].pk),)),
    "cleanup_jobs": Run("campaign.jobs_removed", old_jobs_of_the_campaign, job_ended_long_ago),
    "create_api_key": Run(
        "api_key.created",
        at_home("--name", "new", "--role", "viewer"),
    ),
    "createsuperuser": Run("user.superuser_created", lambda _world: ("--noinput", "--email", "root@fairlead.example")),
    "delete_service_account": Run(
        "serviceaccount.deleted", lambda world: (world[ServiceAccount].name, *at_home("--yes")(world))
    ),
    "delete_campaign": Run("campaign.deletion_requested", sure_of_the_campaign, nothing_is_under_way),
    "erase_organization": Run("organization.erasure_requested", sure_of_the_organization, no_work_at_all),
    "de_enroll": Run("deenrollmentrun.asked", at_home("--yes")),
    "decide_uncertain": Run(
        "message.treated_as_sent",
        lambda world: ("--treat-as-sent", "--campaign", str(world[Campaign].pk), "--yes"),
        message_is_uncertain,
    ),
    "erase_person": Run("lead.erasure_requested", sure_of_the_person, no_work_at_all),
    "export_person": Run(
        "lead.exported", lambda world: (*person_of(world), "--into", tempfile.mkdtemp(dir=settings.VAR_DIR))
    ),
    "export_audit": Run("auditlog.exported", at_home()),
    "import_leads": Run("import.created", leads_file),
    "rename_service_account": Run(
        "serviceaccount.renamed", lambda world: (world[ServiceAccount].name, "Books", *at_home()(world))
    ),
    "remove_second_factor": Run(
        "user.second_factor_removed", lambda _world: ("ana@fairlead.example", "--yes"), ana_has_a_second_factor
    ),
    "resume_sending": Run(
        "sending.resumed", lambda world: ("--organization", world.organization.slug, "--yes"), stop_is_in_force
    ),
    "resend_webhooks": Run("webhookendpoint.sent_again", at_home("--since", "2026-01-01")),
    "retention": Run("organization.changed", at_home("--values", "90", "--yes")),
    "retry_failed": Run("campaign.failed_retried", of_campaign(), mail_has_failed),
    "revoke_api_key": Run(
        "api_key.revoked", lambda world: (world[ServiceAccount].name, *at_home("--yes")(world)), account_has_a_key
    ),
    "rollup_stats": Run("campaign.recounted", of_campaign(), counter_is_wrong),
    "send_test": Run("campaign.test_sent", of_campaign("--to", "me@fairlead.example")),
    "start_campaign": Run("campaign.started", of_campaign(), never_started),
    "schedule_campaign": Run("campaign.scheduled", of_campaign("--at", "2999-01-01"), never_started),
    "unschedule_campaign": Run(
        "campaign.unscheduled", of_campaign(), campaign_is("scheduled", started_at=None, scheduled_at=NOON)
    ),
    "pause_campaign": Run("campaign.paused", of_campaign()),
    "resume_campaign": Run("campaign.resumed", of_campaign(), campaign_is("paused", paused_at=NOON)),
    "stop_campaign": Run("campaign.stopped", of_campaign("--yes")),
    "archive_campaign": Run("campaign.archived", of_campaign(), campaign_is("completed", completed_at=NOON)),
    "restore_campaign": Run("campaign.restored", of_campaign(), is_put_away),
    "suppress": Run("suppression.added_many", at_home("x@acme.example")),
    "unsuppress": Run(
        "suppression.removed", lambda world: (*at_home(world[Suppression].address)(world), "--reason", "x")
    ),
    "metrics": Run(
        "metricentry.changed",
        lambda world: (
            "record",
            str(world[MetricDefinition].pk),
            "7",
            "--date",
            "2026-11-20",
            *at_home()(world),
        ),
    ),
    "tasks": Run("operatortask.created", lambda world: ("add", "New", *at_home()(world))),
    "stop_sending": Run(
        "sending.halted", lambda world: ("--organization", world.organization.slug, "--reason", "x", "--yes")
    ),
}
# These change nothing that a person would ask about, or are the work itself, which is noted where it is done.
NOT_NOTED = {
    "apply_migrations": "changes the schema, of which the database keeps its own record",
    "calendar": "reads",
    "campaign_status": "reads",
    "demo": "seeds and sends through the use cases, in the sandbox only",
    "doctor": "reads",
    "forget_old": "the work itself, as workers do it; how long what is kept is on record where it is set",
    "push_campaign": "the work itself, as workers do it",
    "read_mail": "reads",
    "read_mailboxes": "the work itself, as workers do it: what follows from a mail is an event, and the mail is kept",
    "run_cluster": "a process",
    "run_mailbox": "a process",
    "plan": "reads",
    "run_web": "a process",
    "run_worker": "a process",
    "seed_demo": "needs an empty database: runtime/tests/test_seeding.py",
    "tick": "a process",
    "verify_audit": "reads",
    "verify_schema": "reads",
}
# What is asked on a terminal, or needs more than one row of everything, and the test that shows its entry.
ELSEWHERE = {
    "changepassword": "test_a_password_changed_by_command_is_on_record",
    "cleanup_orphans": "cleanup/test_command.py",
    "discover_campaigns": "campaigns/tests/instantly/test_accounts.py",
    "fetch_leads": "campaigns/tests/fetching/test_command.py",
}


def test_every_command_of_ours_is_tried_here_or_said_to_change_nothing() -> None:
    labels = {config.name for config in apps.get_app_configs() if config.name.startswith(OURS)}
    ours = {name for name, app in get_commands().items() if app in labels}

    assert ours == {*RUNS, *NOT_NOTED, *ELSEWHERE}


@pytest.mark.parametrize("name", RUNS)
def test_a_command_leaves_its_entry_and_does_nothing_without_it(name: str) -> None:
    world = World("world-a")
    RUNS[name].prepare(world)
    arguments = RUNS[name].arguments(world)
    before, people = world.snapshot(), User.objects.count()
    seen = AuditLog.objects.latest("pk").pk

    with refusing(), pytest.raises(DatabaseError):
        call_command(name, *arguments, stdout=StringIO(), stderr=StringIO())
    kept = (world.snapshot(), User.objects.count()) == (before, people)
    with suppress(CommandError):  # that a mail server is not there is said afterwards
        call_command(name, *arguments, stdout=StringIO(), stderr=StringIO())

    entry = AuditLog.objects.get(pk__gt=seen, action=RUNS[name].action)
    assert kept
    assert (entry.actor_kind, entry.via, len(entry.request_id)) == ("command", name, 32)


def test_a_password_changed_by_command_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    person = UserFactory(email="ana@fairlead.example")
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW_PASSWORD)

    call_command("changepassword", person.email, stdout=StringIO())

    person.refresh_from_db()
    entry = AuditLog.objects.get()
    assert person.check_password(NEW_PASSWORD)
    assert (entry.action, entry.entity_id, entry.after) == ("user.password_changed", str(person.pk), None)


def test_no_act_of_anybody_leaves_personal_data_of_a_lead_in_the_log() -> None:
    world = World("world-a")
    told = {"first_name": "Xanthippe", "company": "Pharos & Sons", "phone": "+420 777 000 111"}
    addresses = ("xanthippe@pharos.example", "new@acme.example", "x@acme.example")

    acts = {
        **{name: partial(_by_api, name) for name in WRITES},
        **{name: partial(_by_form, edit) for name, edit in EDITS.items()},
    }
    found, actions = {}, set()
    Lead.objects.filter(pk=world[Lead].pk).update(email=addresses[0], email_normalized=addresses[0], **told)

    for name, act in acts.items():
        with transaction.atomic():
            act(deepcopy(world))
            log = json.dumps(list(AuditLog.objects.values()), default=str, ensure_ascii=False)
            found[name] = [word for word in (*told.values(), *addresses, "lead@world", "out@world") if word in log]
            actions |= set(AuditLog.objects.values_list("action", flat=True))
            transaction.set_rollback(True)

    assert {name: words for name, words in found.items() if words} == {}
    assert {"lead.created", "lead.changed", "suppression.created", "suppression.removed"} <= actions


def _by_api(operation: str, world: World) -> None:
    WRITES[operation].prepare(world)
    send(key_client(WRITES[operation].role, world.organization), operation, world)


def _by_form(edit: Edit, world: World) -> None:
    save(client_of(editor(edit, world)), edit, world)


def test_a_system_administrator_who_could_not_be_asked_for_is_not_noted_as_made() -> None:
    UserFactory()

    call_command("createsuperuser", stdin=StringIO(), stdout=StringIO())

    assert not AuditLog.objects.filter(action="user.superuser_created").exists()
