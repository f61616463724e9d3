"""`erase_person` and `export_person` on a shell."""

import json
import stat
from io import StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from campaigns import copies
from campaigns.tests.factories import LeadImportFactory, OrganizationFactory
from campaigns.tests.persons.everywhere import ADDRESS, leave_traces, mentions
from leads.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(monkeypatch: Any) -> Lead:
    monkeypatch.setattr(copies, "_acts", [])
    return leave_traces(OrganizationFactory(slug="acme")).lead


def run(command: str, *arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(command, *arguments, "--organization", "acme", stdout=out, stderr=StringIO())
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_a_person_is_erased_once_the_address_was_given_twice(person: Lead) -> None:
    unsure = run("erase_person", ADDRESS)
    wrong = run("erase_person", ADDRESS, "--confirm", "x@acme.example", "--reason", "asked")
    done = run("erase_person", ADDRESS.upper(), "--confirm", ADDRESS, "--reason", "asked", "--json")
    again = run("erase_person", ADDRESS, "--confirm", ADDRESS, "--reason", "asked")

    assert [unsure[0], wrong[0], done[0], again[0]] == [7, 7, 0, 3]
    assert f'--confirm {ADDRESS} --reason "' in unsure[1]
    assert (json.loads(done[1])["removed"]["leads"], mentions()) == (1, {})


def test_a_dry_run_counts_and_is_refused_as_the_act_would_be(person: Lead) -> None:
    free = run("erase_person", ADDRESS, "--dry-run")
    LeadImportFactory(organization=person.organization)
    blocked = run("erase_person", ADDRESS, "--dry-run")

    assert (free[0], "1 recipients" in free[1], blocked[0]) == (0, True, 4)
    assert Lead.objects.filter(pk=person.pk).exists()


def test_a_dry_run_says_first_what_is_in_the_way(person: Lead) -> None:
    number, out = LeadImportFactory(organization=person.organization).pk, StringIO()

    with pytest.raises(CommandError):
        call_command("erase_person", ADDRESS, "--organization", "acme", "--dry-run", stdout=out)

    assert out.getvalue().startswith(f"Cannot be erased now: Import {number} is under way")


def test_everything_held_is_written_for_its_owner_alone(person: Lead, tmp_path: Any) -> None:
    code, out = run("export_person", ADDRESS, "--into", str(tmp_path))

    path = tmp_path / out.strip().rpartition("/")[2]
    assert (code, stat.S_IMODE(path.stat().st_mode), "person.json" in ZipFile(path).namelist()) == (0, 0o600, True)


def test_a_folder_that_is_not_there_is_said(person: Lead) -> None:
    assert run("export_person", ADDRESS, "--into", "/nowhere/at/all")[0] == 2
