"""Demo data of a first start: an organization, a login, leads, and campaigns in several states."""

import secrets
from datetime import datetime, timedelta
from io import BytesIO

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from campaigns.delivery.outcomes import SenderFault, Stage
from campaigns.models import Campaign, EmailTemplate, Recipient, Sender
from campaigns.sending.settle import MOST_AT_MAIL, blame_sender
from campaigns.templates import keep_version
from campaigns_project.accounts.models import Membership, Organization, User
from campaigns_project.accounts.retention import keep_for
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.demo.campaign import demo_organization, demo_sender
from campaigns_project.runtime.demo.connections import add_connections
from campaigns_project.runtime.demo.content import INTRODUCTION, TEMPLATE, VISITORS, wording
from campaigns_project.runtime.demo.directory import directory
from campaigns_project.runtime.demo.login import EMAIL, keep_login
from campaigns_project.runtime.demo.operations import add_operations
from campaigns_project.runtime.demo.past import date_back_import, number_by_time
from campaigns_project.runtime.demo.states import (
    DECIDERS,
    DECIDERS_WHO_READ,
    DIRECTORY,
    FIRST,
    FORTNIGHT,
    automatic,
    broken,
    draft,
    finished,
    given_up,
    held_up,
    put_away,
    running,
    to_be_fetched,
)
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.imports.trying import run_dry_run, start_dry_run
from leads.models import Lead, LeadTag, Tag
from leads.segments.keeping import make_segment
from tracking.days import renew_days

IN_DIRECTORY = 760  # people
A_DAY = timedelta(days=1)  # between a file and the campaign that its people are enrolled in
KEPT_DAYS = {"values_kept_days": 365, "details_kept_days": 180}  # more than the demo has of the past


def seed(*, now: datetime) -> dict[str, int]:
    """Make the demo data; answers how much of what. Refused where people work already, or mail could really leave."""
    if not settings.SANDBOX:
        raise StateRefused("not_a_sandbox", "Demo data is made only while SANDBOX is on.", "Set SANDBOX=on.")
    if User.objects.exclude(email=EMAIL).exists() or Organization.objects.filter(memberships__isnull=False).exists():
        hint = "Use another database; where the demo is all there is, seed_demo --reset makes it anew."
        raise StateRefused("not_empty", "There are people already: this is not a first start.", hint)
    with transaction.atomic():  # whoever breaks it off begins anew, and not with half a demo
        return _make_all(now)


def _make_all(now: datetime) -> dict[str, int]:
    organization = demo_organization("harbor-demo", "Harbor Demo")
    _login(organization)
    keep_for(organization=organization, days=KEPT_DAYS, actor=SYSTEM)
    _leads(organization, now)
    _file_to_review(organization, now)
    sender = demo_sender(organization)
    _warming_up(organization, now)
    _turned_away(organization, now)
    _template(organization)
    of_last_month = finished(organization, sender, now)
    put_away(organization, sender, now)
    held_up(organization, now)
    at_work = running(organization, now)
    ready = draft(organization, sender, now)
    broken(ready, EMAIL, now)
    to_be_fetched(organization, sender, now)
    automatic(organization, sender, now)
    given_up(organization, sender, now)
    add_operations(organization, [of_last_month, at_work, ready], now)
    add_connections(organization, now)
    number_by_time(organization)
    renew_days(now=now)
    return {
        "leads": Lead.objects.for_organization(organization).count(),
        "campaigns": Campaign.objects.for_organization(organization).count(),
        "recipients": Recipient.objects.filter(campaign__organization=organization).count(),
    }


def _login(organization: Organization) -> None:
    """The owner, with a password nobody knows yet; who is there from an earlier demo keeps theirs."""
    made: list[Model] = [organization]
    user = User.objects.filter(email=EMAIL).first()
    if user is None:
        password = "-".join(secrets.token_hex(2) for _ in range(3))
        user = User.objects.create_superuser(EMAIL, password, name="Demo Owner")
        keep_login(password)
        made.append(user)
    made.append(Membership.objects.create(user=user, organization=organization, role=Role.OWNER))
    for each in made:
        action = f"{each._meta.model_name}.created"
        record(action=action, entity=each, organization_id=organization.pk, actor=SYSTEM, reason="demo data")


def _template(organization: Organization) -> None:
    """One with a history: its first subject said less, and it had no preheader."""
    at_first = {"subject": "Less waiting at the quay", "preheader": ""}
    template = EmailTemplate.objects.create(
        organization=organization, name=TEMPLATE, **{**wording(INTRODUCTION), **at_first}
    )
    keep_version(template=template, actor=SYSTEM)
    for name, value in wording(INTRODUCTION).items():
        setattr(template, name, value)
    template.save()
    keep_version(template=template, actor=SYSTEM)


def _leads(organization: Organization, now: datetime) -> None:
    sample = settings.BASE_DIR / "samples" / "leads.csv"
    with sample.open("rb") as stream:
        found = receive(
            organization=organization,
            stream=stream,
            file_name=sample.name,
            options=ImportOptions(tags=("Autumn fair",)),
            actor=SYSTEM,
            now=now,
            in_background=False,
        )
    date_back_import(run_import(lead_import_id=found.pk, now=now), to=now - FIRST - A_DAY)
    _directory(organization, now)
    newsletter = Tag.objects.create(organization=organization, name="Newsletter", color="#0f766e")
    for lead in Lead.objects.for_organization(organization).order_by("pk")[:80]:
        LeadTag.objects.create(lead=lead, tag=newsletter)
    decides = {"field": "title", "operator": "has_any_word", "value": DECIDERS}
    reads = {"field": "tag", "operator": "any_of", "value": [newsletter.pk]}
    make_segment(
        organization=organization,
        name=DECIDERS_WHO_READ,
        rules={"groups": [{"rules": [decides, reads]}]},
        actor=SYSTEM,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads")  # fresh tables have no statistics, and the first plans would be poor


def _directory(organization: Organization, now: datetime) -> None:
    """The people the running campaigns write to, beside those of the sample."""
    bought = receive(
        organization=organization,
        stream=BytesIO(directory(IN_DIRECTORY)),
        file_name="harbor-directory.csv",
        options=ImportOptions(tags=(DIRECTORY,), legal_basis="Public entries of a trade directory."),
        actor=SYSTEM,
        now=now,
        in_background=False,
    )
    date_back_import(run_import(lead_import_id=bought.pk, now=now), to=now - FORTNIGHT - A_DAY)


def _file_to_review(organization: Organization, now: datetime) -> None:
    """An import at its fourth step: checked, with rows to correct, and not yet decided on."""
    draft = receive(
        organization=organization,
        stream=BytesIO(VISITORS.encode("cp1252")),
        file_name="messe-besucher.csv",
        options=ImportOptions(unknown_columns="custom", tags=("Messe",), legal_basis="Left their card at our stand."),
        actor=SYSTEM,
        now=now,
        as_draft=True,
    )
    start_dry_run(lead_import=draft, actor=SYSTEM, now=now, in_background=False)
    run_dry_run(lead_import_id=draft.pk)


def _turned_away(organization: Organization, now: datetime) -> None:
    """A mailbox whose server takes nothing from its address: an alias that it may not send as."""
    ole = demo_sender(organization, name="Ole Skerry", email="sales@skerry.example")
    reply = "5.7.60 SMTP; Client does not have permissions to send as this sender"
    Sender.objects.filter(pk=ole.pk).update(refused_at_mail=MOST_AT_MAIL)
    blame_sender(ole, SenderFault("refused_at_mail", 550, reply, permanent=True, stage=Stage.MAIL), now=now)


def _warming_up(organization: Organization, now: datetime) -> None:
    """A mailbox of last week: few mails a day, some more each day, and never two at once."""
    jan = demo_sender(organization, name="Jan Mole", email="jan@harbor.example")
    Sender.objects.filter(pk=jan.pk).update(
        timezone="Europe/Prague",
        hourly_limit=10,
        domain_daily_limit=20,
        gap_seconds=40,
        gap_jitter_seconds=50,
        ramp_start=10,
        ramp_increase=4,
        ramp_started_on=now - timedelta(days=5),
        ramp_ceiling=60,
    )
