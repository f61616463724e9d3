"""Lists: each model has one, narrows it by the clock of the page, and it costs the same for many rows as for one."""

from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from unfold.contrib.filters.admin import RangeDateTimeFilter

from campaigns.tests.factories import EventFactory, LeadImportFactory, MembershipFactory, UserFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.admin.conftest import make_installation, make_world
from leads.models import LeadImport

# Of the installation as a whole.
SYSTEM = {
    "accounts.User",
    "accounts.SecondFactor",
    "workers.WorkerHeartbeat",
    "workers.DutyRun",
    "cleanup.OrphanReport",
}
OURS = ("accounts", "audit", "cleanup", "campaigns", "idempotency", "leads", "tracking", "webhooks", "workers")


def test_every_model_of_ours_is_in_the_admin() -> None:
    missing = [model.__name__ for label in OURS for model in apps.get_app_config(label).get_models()
               if not admin.site.is_registered(model)]  # fmt: skip

    assert missing == []


def test_no_list_narrows_by_times_of_no_zone() -> None:
    naive = [
        model.__name__
        for model, model_admin in admin.site._registry.items()
        for each in model_admin.list_filter
        if isinstance(each, tuple) and each[1] is RangeDateTimeFilter
    ]

    assert naive == []


def test_a_list_is_narrowed_to_a_day_by_the_clock_of_the_page(root: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Prague"
    LeadImportFactory(file_name="late.csv")
    LeadImport.objects.update(created_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    page = reverse("admin:leads_leadimport_changelist")

    shown = [
        "late.csv" in root.get(page, {"created_at_from_0": day, "created_at_to_0": day}).content.decode()
        for day in ("2026-11-20", "2026-11-21")
    ]

    assert shown == [False, True]


def test_a_list_asks_the_database_the_same_for_three_rows_as_for_one(db: None) -> None:
    owner, root = MembershipFactory(role=Role.OWNER).user, UserFactory(is_superuser=True)
    make_installation()
    _make_world_for(owner, root)
    with_one = queries_by_list(owner, root)

    for _ in range(2):
        _make_world_for(owner, root)
    with_three = queries_by_list(owner, root)

    more = {page: queries for page, queries in with_three.items() if len(queries) != len(with_one[page])}
    assert {page: [sql[:200] for sql in queries] for page, queries in more.items()} == {}
    assert len(with_one) == len(admin.site._registry)


def queries_by_list(owner: Any, root: Any) -> dict[str, list[str]]:
    """What each list of the admin asks the database for whoever looks at such rows."""
    found = {}
    for model in admin.site._registry:
        is_of_the_system = model._meta.app_label not in OURS or model._meta.label in SYSTEM
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        client = client_of(root if is_of_the_system else owner)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == (200 if is_of_the_system or admin_sees(model) else 403)
        found[page] = [query["sql"] for query in queries]
    return found


def admin_sees(model: type[Model]) -> bool:
    hidden = {"tracking.RawEvent", "audit.SealedEntry", "audit.UnsealedEntry", "audit.ChainHead"}
    return model._meta.label not in hidden | {"accounts.OrganizationTombstone"}


def _make_world_for(*people: Any) -> None:
    world = make_world()
    for person in people:
        MembershipFactory(user=person, organization=world.organization, role=Role.OWNER)
    EventFactory(message=world.message)
