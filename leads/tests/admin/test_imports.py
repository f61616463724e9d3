"""Uploading a file of leads, watching it, and seeing what became of every row."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.tests.factories import LeadImportFactory, OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member, press
from leads.imports.running import run_import
from leads.models import Lead, LeadImport

FILE = "E-mail;Name;Firma\nana@acme.example;Ana Marin;Acme\nnot an address;Bo;Acme\n"


@pytest.fixture
def organization(db: None) -> Any:
    return OrganizationFactory()


@pytest.fixture
def operator(organization: Any) -> Client:
    return member(organization, Role.OPERATOR)


def upload(client: Client, organization: Any, content: bytes | str, name: str = "leads.csv", **asked: Any) -> Any:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, data)
    form = {"organization": organization.pk, "file": file, "on_existing": "fill", "unknown_columns": "custom", **asked}
    return client.post(reverse("admin:leads_leadimport_add"), form)


def page_of(lead_import: Any) -> str:
    return reverse("admin:leads_leadimport_change", args=[lead_import.pk])


def test_an_uploaded_file_is_queued_and_its_page_says_how_it_was_read(operator: Client, organization: Any) -> None:
    answer = upload(operator, organization, FILE, tags="autumn")

    lead_import = LeadImport.objects.get()
    page = operator.get(answer["Location"]).content.decode()
    assert answer["Location"] == page_of(lead_import)
    assert (lead_import.status, lead_import.total_rows, lead_import.options["tags"]) == ("queued", 2, ["autumn"])
    assert "2 rows wait for a worker." in page
    assert "UTF-8" in page
    assert "semicolon" in page
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ((b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture.csv", {}), "picture.csv"),
        (("E-mail;Name\n", "empty.csv", {}), "empty.csv"),
        (("E-mail;Shoe size\na@example.com;42\n", "shoes.csv", {"unknown_columns": "refuse"}), "Shoe size"),
        ((FILE, "leads.csv", {"mapping": "nonsense"}), "nonsense"),
        ((FILE, "leads.csv", {"tags": "x" * 61}), "60"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_with_the_reason_and_nothing_is_kept(
    operator: Client, organization: Any, sent: Any, refusal: str
) -> None:
    content, name, asked = sent

    answer = upload(operator, organization, content, name, **asked)

    assert answer.status_code == 200
    assert refusal in answer.content.decode()
    assert not LeadImport.objects.exists()


def test_a_finished_import_shows_counts_and_the_rows_that_became_no_lead(operator: Client, organization: Any) -> None:
    upload(operator, organization, FILE)
    lead_import = LeadImport.objects.get()
    run_import(lead_import_id=lead_import.pk, now=timezone.now())

    page = operator.get(page_of(lead_import)).content.decode()

    assert "All 2 rows are done." in page
    assert "not an address" in page
    assert reverse("admin:leads_leadimport_problems", args=[lead_import.pk]) in page


def test_the_rows_that_became_no_lead_are_a_file_to_correct(operator: Client, organization: Any) -> None:
    upload(operator, organization, FILE)
    lead_import = LeadImport.objects.get()
    run_import(lead_import_id=lead_import.pk, now=timezone.now())

    answer = operator.get(reverse("admin:leads_leadimport_problems", args=[lead_import.pk]))

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert 'attachment; filename="problems-' in answer["Content-Disposition"]
    assert rows[0][:3] == ["E-mail", "Name", "Firma"]
    assert rows[1][:3] == ["not an address", "Bo", "Acme"]


def test_a_file_that_was_imported_before_is_named(operator: Client, organization: Any) -> None:
    upload(operator, organization, FILE)

    page = operator.get(upload(operator, organization, FILE)["Location"]).content.decode()

    assert "This very file was imported before" in page


def test_the_page_of_an_import_follows_it_to_its_end(operator: Client, organization: Any) -> None:
    upload(operator, organization, FILE)
    lead_import = LeadImport.objects.get()
    address = reverse("admin:leads_leadimport_live", args=[lead_import.pk])
    version = operator.get(page_of(lead_import)).context["pulse"].version

    same = operator.get(address, {"v": version})
    run_import(lead_import_id=lead_import.pk, now=timezone.now())
    done = operator.get(address, {"v": version})

    assert same.status_code == 204
    assert done.status_code == 286
    assert "hx-trigger" not in done.content.decode()


def test_an_import_is_canceled_by_its_dialog(operator: Client, organization: Any) -> None:
    upload(operator, organization, FILE)
    lead_import = LeadImport.objects.get()

    press(operator, reverse("admin:leads_leadimport_cancel", args=[lead_import.pk]))

    assert LeadImport.objects.get().status == "canceled"


def test_an_import_that_has_ended_offers_no_cancel(operator: Client, organization: Any) -> None:
    ended = LeadImportFactory(organization=organization, status="succeeded", finished_at=timezone.now())

    assert operator.get(page_of(ended)).context["buttons"] == []


def test_a_viewer_cannot_upload(organization: Any) -> None:
    viewer = member(organization, Role.VIEWER)

    assert upload(viewer, organization, FILE).status_code == 403
    assert not LeadImport.objects.exists()
