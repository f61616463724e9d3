"""A file on its way through the steps of an import, pressed along as somebody would."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns_project.tests.admin.browsers import press
from leads.admin.importing.steps import url_name
from leads.imports.running import run_import
from leads.imports.trying import run_dry_run
from leads.models import LeadImport

FILE = "E-mail;Name;Firma;Größe\nana@acme.example;Ana Marin;Acme;39\nnot an address;Bo;Acme;40\n"


def upload(client: Client, organization: Any, content: bytes | str = FILE, name: str = "leads.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    form = {"organization": organization.pk, "file": SimpleUploadedFile(name, data)}
    return client.post(reverse("admin:leads_leadimport_add"), form)


def draft_of(client: Client, organization: Any, content: bytes | str = FILE) -> LeadImport:
    upload(client, organization, content)
    return LeadImport.objects.latest("pk")


def step(name: str, lead_import: LeadImport) -> str:
    return reverse(f"admin:{url_name(name)}", args=[lead_import.pk])


def checked(client: Client, lead_import: LeadImport) -> LeadImport:
    client.post(step("options", lead_import), {"on_existing": "fill"})
    return run_dry_run(lead_import_id=lead_import.pk)


def act(name: str, lead_import: LeadImport) -> str:
    return reverse(f"admin:leads_leadimport_{name}", args=[lead_import.pk])


def imported(client: Client, lead_import: LeadImport, **answers: Any) -> LeadImport:
    press(client, act("commit", lead_import), **answers)
    return run_import(lead_import_id=lead_import.pk, now=timezone.now())
