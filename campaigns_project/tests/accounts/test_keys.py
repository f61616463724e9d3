"""Keys of the API: owners make them, see them once and take them away; a key that was taken away opens nothing."""

import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from campaigns.tests.factories import MembershipFactory, OrganizationFactory, ServiceAccountFactory
from campaigns_project.accounts.models import ServiceAccount, User
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key, revoke_api_key
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound
from campaigns_project.tests.admin.browsers import client_of, member, press
from campaigns_project.tests.sessions import one_behind_the_other

pytestmark = pytest.mark.django_db

A_KEY = re.compile(r"fl_[0-9a-f]{64}")


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:accounts_serviceaccount_{name}", args=args)


def make(organization: Any, name: str = "CRM", role: Role = Role.VIEWER, **more: Any) -> tuple[ServiceAccount, str]:
    return create_api_key(organization=organization, name=name, role=role, actor=SYSTEM, **more)


def status_with(key: str) -> int:
    return APIClient().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code


def revoke(*arguments: str) -> tuple[str, str]:
    return run("revoke_api_key", *arguments)


def run(command: str, *arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def tag_with(key: str, name: str) -> None:
    """Do something that is on record in the name of whoever has the key."""
    client = APIClient()
    assert client.post("/api/v1/tags", {"name": name}, headers={"Authorization": f"Bearer {key}"}).status_code == 201


def test_a_revoked_key_opens_nothing_and_the_others_of_its_account_go_on() -> None:
    home = OrganizationFactory()
    account, key = make(home)
    _, other = make(home)
    owner = member(home, Role.OWNER)
    asked = owner.get(page("revoke_key", account.pk), {"key": key[:15]})

    before = status_with(key), AuthToken.objects.count()
    answer = press(owner, page("revoke_key", account.pk), key=key[:15])

    assert (f"Revoke the key {key[:15]}…?" in asked.content.decode(), before) == (True, (200, 2))
    assert answer["HX-Redirect"] == page("change", account.pk)
    assert (status_with(key), status_with(other)) == (401, 200)
    entry = AuditLog.objects.get(action="api_key.revoked")
    assert (entry.organization_ref, entry.entity_id, entry.before["token_prefix"]) == (
        home.pk,
        str(account.pk),
        key[:15],
    )
    assert not A_KEY.search(str(list(AuditLog.objects.values())))


def test_an_owner_makes_a_key_that_is_shown_once_and_kept_nowhere() -> None:
    home = OrganizationFactory()
    owner = member(home, Role.OWNER)

    made = press(owner, page("new_key"), organization=home.pk, name="CRM", role="operator", days="30")
    kept = str([session.get_decoded() for session in Session.objects.all()])
    first, second = (owner.get(made["HX-Redirect"]) for _ in range(2))

    (key,) = set(A_KEY.findall(first.content.decode()))
    assert "no-store" in first["Cache-Control"]
    assert not A_KEY.search(made.content.decode() + kept + second.content.decode())
    assert (status_with(key), key[:15] in second.content.decode()) == (200, True)
    account, token = ServiceAccount.objects.get(), AuthToken.objects.get()
    assert (account.name, account.role, account.organization) == ("CRM", "operator", home)
    assert abs(token.expiry - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    after = AuditLog.objects.get(action="api_key.created").after
    assert (after["token_prefix"], key in str(after)) == (key[:15], False)


def test_an_account_gets_another_key_with_the_role_it_has() -> None:
    account, _ = make(OrganizationFactory())
    owner = member(account.organization, Role.OWNER)

    made = press(owner, page("another_key", account.pk), days="")

    (key,) = set(A_KEY.findall(owner.get(made["HX-Redirect"]).content.decode()))
    assert (status_with(key), AuthToken.objects.filter(user=account.user, expiry=None).count()) == (200, 2)


@pytest.mark.parametrize(
    "wrong", [{"name": "C\x07M"}, {"name": " "}, {"role": "king"}, {"days": "0"}, {"days": "3651"}]
)
def test_what_makes_no_sense_is_refused_in_the_dialog(wrong: dict[str, str]) -> None:
    home = OrganizationFactory()

    answer = press(
        member(home, Role.OWNER), page("new_key"), **{"organization": home.pk, "name": "CRM", "role": "viewer", **wrong}
    )

    assert (answer.status_code, "HX-Redirect" in answer.headers) == (200, False)
    assert not ServiceAccount.objects.exists()


def test_a_name_with_another_role_is_refused_in_the_dialog() -> None:
    account, _ = make(OrganizationFactory())
    owner = member(account.organization, Role.OWNER)

    answer = press(owner, page("new_key"), organization=account.organization.pk, name="CRM", role="owner")

    assert "exists with the role viewer" in answer.content.decode()
    assert AuthToken.objects.count() == 1


def test_managers_see_keys_and_neither_make_nor_revoke_them() -> None:
    account, key = make(OrganizationFactory())
    make(account.organization, expires_after=timedelta(seconds=-1))
    manager = member(account.organization, Role.MANAGER)
    own = [page(act, account.pk) for act in ("another_key", "revoke_key", "rename", "remove")]
    acts = [page("new_key"), *own]

    shown = manager.get(page("change", account.pk)).content.decode()
    refused = [press(manager, act, key=key[:15], name="x", role="owner").status_code for act in acts]

    assert (key[:15] in shown, "Expired" in shown, "revoke_key" in shown) == (True, True, False)
    assert refused == [403] * 5
    assert AuthToken.objects.count() == 2


def test_nobody_gives_a_key_where_they_are_less_than_an_owner() -> None:
    """Who owns one organization and manages another makes keys of the first alone: never one above their own role."""
    seat = MembershipFactory(role=Role.OWNER)
    managed = MembershipFactory(user=seat.user, role=Role.MANAGER).organization

    answer = press(client_of(seat.user), page("new_key"), organization=managed.pk, name="CRM", role="manager")

    assert "Select a valid choice" in answer.content.decode()
    assert not AuthToken.objects.exists()


def test_another_organizations_accounts_and_keys_are_not_there() -> None:
    account, key = make(OrganizationFactory())
    own = ServiceAccountFactory()
    stranger = member(own.organization, Role.OWNER)

    acts = ("another_key", "revoke_key", "rename", "remove")
    theirs = [press(stranger, page(act, account.pk), key=key[:15], name="x").status_code for act in acts]
    by_own = press(stranger, page("revoke_key", own.pk), key=key[:15])
    asked = stranger.get(page("revoke_key", own.pk), {"key": key[:15]})
    with pytest.raises(NotFound):
        revoke_api_key(account=own, beginning=key[:15], actor=SYSTEM)
    with pytest.raises(CommandError) as refused:
        revoke(key, "--organization", own.organization.slug, "--yes")

    assert theirs == [404] * 4
    assert "has no such key" in by_own.content.decode()
    assert "This key is not there" in asked.content.decode()
    assert (refused.value.returncode, key in str(refused.value)) == (3, False)
    assert status_with(key) == 200


def test_the_command_revokes_one_key_by_how_it_begins_or_all_of_an_account_by_its_name() -> None:
    home = OrganizationFactory(slug="acme")
    keys = [make(home)[1] for _ in range(3)] + [make(home, "Other")[1]]

    out, _ = revoke(keys[0][:15], "--organization", "acme", "--yes", "--json")
    first = [status_with(key) for key in keys]
    revoke("CRM", "--organization", "acme", "--yes")

    (told,) = json.loads(out)["keys"]
    assert (told["begins_with"], told["name"], first) == (keys[0][:15], "CRM", [401, 200, 200, 200])
    assert [status_with(key) for key in keys] == [401, 401, 401, 200]
    assert ServiceAccount.objects.count() == 2
    with pytest.raises(CommandError, match="There are keys of: Other"):
        revoke("CRM", "--organization", "acme", "--yes")


def test_a_dry_run_and_a_run_without_a_yes_revoke_nothing() -> None:
    _, key = make(OrganizationFactory(slug="acme"))

    _, err = revoke(key, "--organization", "acme", "--dry-run")
    with pytest.raises(CommandError) as refused:
        revoke(key, "--organization", "acme")

    assert ("Would revoke" in err, key in err, refused.value.returncode) == (True, False, 7)
    assert (status_with(key), AuditLog.objects.filter(action="api_key.revoked").count()) == (200, 0)


def test_a_renamed_account_keeps_its_keys_and_what_it_did_stays_in_the_name_of_then() -> None:
    home = OrganizationFactory()
    account, key = make(home, role=Role.OPERATOR)
    make(home, "Other")
    owner = member(home, Role.OWNER)
    tag_with(key, "before")

    taken = press(owner, page("rename", account.pk), name="Other").content.decode()
    press(owner, page("rename", account.pk), name="Accounting")
    tag_with(key, "after")
    press(owner, page("rename", account.pk), name="Accounting")
    made_anew, _ = make(home)

    assert ("There is a service account “Other” already" in taken, made_anew.name) == (True, "CRM")
    account.refresh_from_db()
    assert (account.name, account.user.name, str(account.user)) == ("Accounting", "Accounting", "Accounting")
    acts = AuditLog.objects.filter(action="tag.created").order_by("pk")
    assert list(acts.values_list("actor_name", flat=True)) == ["CRM", "Accounting"]
    (entry,) = AuditLog.objects.filter(action="serviceaccount.renamed")
    assert (entry.before, entry.after, entry.entity_id) == ({"name": "CRM"}, {"name": "Accounting"}, str(account.pk))


def test_a_deleted_account_opens_nothing_more_and_the_log_still_says_what_it_did() -> None:
    home = OrganizationFactory()
    account, key = make(home, role=Role.OPERATOR)
    make(home, role=Role.OPERATOR)
    owner = member(home, Role.OWNER)
    tag_with(key, "made by it")
    number = str(account.pk)
    asked = owner.get(page("remove", account.pk)).content.decode()

    answer = press(owner, page("remove", account.pk))

    assert ("Its 2 keys are revoked" in asked, answer["HX-Redirect"]) == (True, page("changelist"))
    assert (status_with(key), AuthToken.objects.count(), ServiceAccount.objects.count()) == (401, 0, 0)
    assert not User.objects.filter(email__endswith=".service.invalid").exists()
    told = AuditLog.objects.filter(actor_name="CRM").get()
    assert (told.action, told.actor_kind) == ("tag.created", "key")
    acts = AuditLog.objects.filter(entity_type="serviceaccount", entity_id=number).order_by("pk")
    assert [each.action for each in acts][-3:] == ["api_key.revoked", "api_key.revoked", "serviceaccount.deleted"]
    assert (acts.last().before["name"], acts.last().before["keys"]) == ("CRM", 2)


def test_the_commands_rename_and_delete_an_account_and_a_dry_run_does_neither() -> None:
    _, key = make(OrganizationFactory(slug="acme"))
    at_home = ("--organization", "acme")

    _, would = run("rename_service_account", "CRM", "Books", *at_home, "--dry-run")
    run("rename_service_account", "CRM", "Books", *at_home)
    _, would_delete = run("delete_service_account", "Books", *at_home, "--dry-run")
    with pytest.raises(CommandError) as unsure:
        run("delete_service_account", "Books", *at_home)
    with pytest.raises(CommandError, match="There are: Books") as unknown:
        run("delete_service_account", "CRM", *at_home, "--yes")
    before = status_with(key)
    out, _ = run("delete_service_account", "Books", *at_home, "--yes", "--json")

    assert "“CRM” would be called “Books”. Nothing was changed." in would
    assert "Would delete the service account “Books” (viewer) with 1 key." in would_delete
    assert (unsure.value.returncode, unknown.value.returncode, before) == (7, 3, 200)
    assert (json.loads(out)["keys"], status_with(key), ServiceAccount.objects.exists()) == (1, 401, False)


@pytest.mark.django_db(transaction=True)
def test_two_who_make_a_key_of_one_new_name_at_once_both_get_one() -> None:
    home = OrganizationFactory()

    one_behind_the_other(lambda: make(home), lambda: make(home))

    assert (ServiceAccount.objects.count(), AuthToken.objects.count()) == (1, 2)
