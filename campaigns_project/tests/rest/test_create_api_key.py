import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from campaigns.tests.factories import OrganizationFactory
from campaigns_project.accounts.models import ServiceAccount
from campaigns_project.audit.models import AuditLog

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def arguments(**more: str) -> list[str]:
    return [
        f"--{name}={value}" for name, value in {"organization": "acme", "name": "CRM", "role": "viewer", **more}.items()
    ]


def test_the_key_alone_is_on_standard_output_and_opens_the_api():
    OrganizationFactory(slug="acme")

    out, err = create(*arguments())

    key = out.strip()
    answer = APIClient().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["name"], answer.json()["role"]) == (200, "CRM", "viewer")
    assert out == f"{key}\n"
    assert "not shown again" in err


def test_the_key_is_kept_hashed_and_out_of_the_audit_log():
    OrganizationFactory(slug="acme")

    key = create(*arguments())[0].strip()

    kept = str(list(AuthToken.objects.values())) + str(list(AuditLog.objects.values()))
    assert key not in kept
    assert AuditLog.objects.get(action="api_key.created").actor_kind == "command"


def test_a_key_ends_when_it_was_told_to():
    OrganizationFactory(slug="acme")

    key = create(*arguments(**{"expires-days": "30"}))[0].strip()

    token = AuthToken.objects.get()
    assert abs(token.expiry - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert APIClient().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert AuthToken.objects.exists()  # an owner sees that it has expired


def test_json_holds_the_key_and_whom_it_is_for():
    OrganizationFactory(slug="acme")

    answer = json.loads(create(*arguments(), "--json")[0])

    assert (answer["schema"], answer["organization"], answer["role"]) == ("fairlead.create_api_key/1", "acme", "viewer")
    assert answer["key"].startswith("fl_")


def test_a_dry_run_makes_nothing():
    OrganizationFactory(slug="acme")

    out, err = create(*arguments(), "--dry-run")

    assert (out, "Would make" in err) == ("", True)
    assert not ServiceAccount.objects.exists()
    assert not AuditLog.objects.exists()


def test_an_unknown_organization_names_those_there_are():
    OrganizationFactory(slug="acme")

    with pytest.raises(CommandError) as refused:
        create(*arguments(organization="amce"))

    assert refused.value.returncode == 3
    assert "acme" in str(refused.value)


def test_a_name_in_use_with_another_role_is_refused():
    OrganizationFactory(slug="acme")
    create(*arguments())

    with pytest.raises(CommandError, match="exists with the role viewer"):
        create(*arguments(role="owner"))


@pytest.mark.parametrize("wrong", [{"role": "king"}, {"expires-days": "0"}, {"expires-days": "x"}, {"name": " "}])
def test_an_option_that_makes_no_sense_is_refused(wrong):
    OrganizationFactory(slug="acme")

    with pytest.raises(CommandError):
        create(*arguments(**wrong))

    assert not ServiceAccount.objects.exists()
