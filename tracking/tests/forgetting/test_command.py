"""forget_old and retention as one meets them on a terminal."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaigns.locks import Lock
from campaigns.models import Message
from campaigns.tests.factories import OrganizationFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.models import AuditLog
from tracking.tests.forgetting.making import DAY, event, incoming, keeps, mail

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def answer(name: str, *arguments: str) -> dict[str, Any]:
    return json.loads(run(name, *arguments, "--json"))


def test_a_dry_run_counts_what_is_then_cleared():
    home = keeps(30, slug="acme", name="Acme")
    keeps(30, slug="other")
    message = mail(home, 90 * DAY)
    event(message, 90 * DAY)
    incoming(message, 90 * DAY)

    counted, kept = answer("forget_old", "--organization", "acme", "--dry-run"), Message.objects.get().merge_values
    said = run("forget_old", "--organization", "acme")

    assert counted["organizations"] == [{"organization": "acme", "values": 1, "details": 1, "words": 1}]
    assert kept
    assert said == "Acme: values of 1 mails, details of 1 events, words of 1 incoming mails cleared.\n"
    assert answer("forget_old")["organizations"] == [
        {"organization": slug, "values": 0, "details": 0, "words": 0} for slug in ("acme", "other")
    ]


def test_it_says_that_everything_is_kept_for_ever():
    assert run("forget_old") == "Every organization keeps everything forever: manage.py retention sets a time.\n"


def test_while_somebody_else_is_at_it_it_ends_with_9():
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [Lock.FORGETTING])
        with pytest.raises(CommandError) as ended:
            run("forget_old")
    finally:
        other.close()

    assert ended.value.returncode == 9


def test_ages_are_shown_set_and_taken_away():
    OrganizationFactory(slug="acme", name="Acme")

    shown = run("retention", "--organization", "acme")
    run("retention", "--organization", "acme", "--values", "90", "--details", "30", "--yes")
    changed = answer("retention", "--organization", "acme", "--values", "forever", "--yes")

    assert shown == "Acme keeps the values of mails forever, the details of events forever.\n"
    assert (changed["values_kept_days"], changed["details_kept_days"]) == (None, 30)
    told = list(AuditLog.objects.order_by("pk").values_list("action", "before", "after"))
    assert told == [
        (
            "organization.changed",
            {"values_kept_days": None, "details_kept_days": None},
            {"values_kept_days": 90, "details_kept_days": 30},
        ),
        ("organization.changed", {"values_kept_days": 90}, {"values_kept_days": None}),
    ]


@pytest.mark.parametrize("days", ["6", "3651", "-1", "soon", ""])
def test_what_is_no_age_is_refused_and_nothing_changes(days: str):
    OrganizationFactory(slug="acme")

    with pytest.raises(CommandError):
        run("retention", "--organization", "acme", f"--values={days}", "--yes")

    assert Organization.objects.get().values_kept_days is None


def test_nothing_changes_without_a_yes(monkeypatch: pytest.MonkeyPatch):
    OrganizationFactory(slug="acme")
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError) as ended:
        run("retention", "--organization", "acme", "--values", "90")
    dry = answer("retention", "--organization", "acme", "--values", "90", "--dry-run")

    assert (ended.value.returncode, dry["values_kept_days"]) == (7, 90)
    assert Organization.objects.get().values_kept_days is None
