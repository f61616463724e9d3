"""A person who has left traces wherever one can, and a walk over every text the database has."""

import base64
import contextlib
import zlib
from dataclasses import dataclass

from django.db import connection
from django_q.models import OrmQ, Task

from campaigns.models import Campaign
from campaigns.tests import factories as make
from campaigns_project.accounts.models import Organization
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.verification.models import VerificationReport
from campaigns_project.workers.models import DutyRun, WorkerHeartbeat
from leads.models import Lead, LeadImport, LeadImportPart

ADDRESS = "Zuzanna.Kowalczyk+x@Mueller.example"
NORMAL = ADDRESS.lower()
OLD = "zuzanna.old@wrzos.example"
NUMBER = "a" * 24  # what a provider calls her
NEEDLES = ("zuzanna", "kowalczyk", NORMAL, OLD)
BESIDE = f"x.{NORMAL}"  # somebody else, whose address ends like hers


@dataclass
class Everywhere:
    """The person, with the campaign she is in and an import she came by."""

    lead: Lead
    campaign: Campaign
    lead_import: LeadImport


def leave_traces(organization: Organization) -> Everywhere:
    """A lead called Zuzanna Kowalczyk, and every kind of row that names her."""
    lead = make.LeadFactory(
        organization=organization,
        email=ADDRESS,
        email_normalized=NORMAL,
        first_name="Zuzanna",
        last_name="Kowalczyk",
        custom={"nick": "Zuzanna"},
    )
    campaign = make.CampaignFactory(
        organization=organization,
        description=f"Asked for by {ADDRESS}.",
        status_message=f"{NORMAL} was refused",
        status_error=f"550 <{NORMAL}>",
        lead_source={"q": NORMAL},
    )
    _mails(lead, campaign)
    lead_import = _incoming(lead)
    _beside(lead, campaign, lead_import)
    return Everywhere(lead, campaign, lead_import)


def _mails(lead: Lead, campaign: Campaign) -> None:
    recipient = make.RecipientFactory(
        campaign=campaign,
        lead=lead,
        email_address=OLD,
        sent_at=make.NOON,
        opened_at=make.NOON,
        status="replied",
        exit_reason="replied",
        exited_at=make.NOON,
        replied_at=make.NOON,
    )
    message = make.MessageFactory(
        recipient=recipient,
        subject="Hello Zuzanna",
        merge_values={"first_name": "Zuzanna", "email": NORMAL},
        smtp_reply=f"250 <{OLD}>",
    )
    make.EventFactory(message=message, event_type="reply", event_data={"from": NORMAL, "text": "Zuzanna here"})
    make.InboundMailFactory(
        message=message, from_address=NORMAL, subject="Re: Hello Zuzanna", text="Zuzanna here", why=f"<{NORMAL}>"
    )
    make.DeEnrollmentLogFactory(recipient=recipient)
    handover = make.HandoverFactory(
        campaign=campaign, last_error=f"no room for {NORMAL}", poll_error=f"nothing of {OLD}"
    )
    make.HandedLeadFactory(handover=handover, recipient=recipient)
    make.LinkFactory(campaign=campaign, url=f"https://acme.example/?e={NORMAL.replace('@', '%40').replace('+', '%2B')}")
    make.LinkFactory(campaign=campaign, url="https://acme.example/demo")
    Campaign.objects.filter(pk=campaign.pk).update(
        total_recipients=2, recipients_reached=1, emails_sent=1, emails_opened=1, emails_replied=1, active_leads_count=1
    )
    make.LeadRankingFactory(campaign=campaign, lead=lead)
    make.LeadNoteFactory(lead=lead, campaign=campaign, text="Zuzanna calls back")
    make.OperatorTaskFactory(organization=lead.organization, lead=lead, title="Call Zuzanna")
    make.LeadUserStatusFactory(lead=lead)
    make.LeadTagFactory(lead=lead)
    make.SegmentMemberFactory(segment__organization=lead.organization, lead=lead)
    make.LeadChangeFactory(lead=lead, changes={"email": [OLD, NORMAL], "first_name": ["", "Zuzanna"]})
    make.LeadAliasFactory(lead=lead, email_normalized=OLD)


def _mail_beside(colleague: Lead) -> None:
    """What was sent to somebody else, in another campaign, mentions her in all its parts."""
    counted = {"total_recipients": 1, "recipients_reached": 1, "emails_sent": 1, "emails_replied": 1}
    recipient = make.RecipientFactory(
        campaign=make.CampaignFactory(organization=colleague.organization, **counted),
        lead=colleague,
        occupies=False,
        status="replied",
        exit_reason="replied",
        exited_at=make.NOON,
        sent_at=make.NOON,
        replied_at=make.NOON,
        error_message=f"550 <{OLD}>",
    )
    message = make.MessageFactory(
        recipient=recipient,
        subject=f"You and {ADDRESS}",
        merge_values={"first_name": "Ben", "custom.boss": f"the\n{NORMAL}"},
        smtp_reply=f"250 cc <{OLD}>",
    )
    make.EventFactory(message=message, event_type="reply", event_data={"text": f"Ask {ADDRESS}, not {BESIDE}"})
    make.InboundMailFactory(
        message=message, from_address=f"{ADDRESS}", subject=f"Re: {NORMAL}", text=f"Ask {ADDRESS}", why=f"<{OLD}>",
        own_message_id=f"<{NORMAL}>",
    )  # fmt: skip
    make.LinkFactory(campaign=recipient.campaign, url=f"https://acme.example/?boss={NORMAL.replace('@', '%40')}")


_SAMPLES = {"rows": 3, "samples": [{"email": NORMAL, "after": {"first_name": "Zuzanna"}}]}


def _incoming(lead: Lead) -> LeadImport:
    of = {"organization": lead.organization}
    ended = {"status": "succeeded", "finished_at": make.NOON}
    lead_import = make.LeadImportFactory(error_message=f"row 3: {NORMAL}", dry_run=_SAMPLES, **ended, **of)
    became = make.RawLeadFactory(lead_import=lead_import, payload=["Zuzanna", "Kowalczyk", ADDRESS])
    make.LeadEnrichmentFactory(
        staged_lead=make.StagedLeadFactory(
            raw_lead=became, lead=lead, status="promoted", email_normalized=NORMAL, fields={"first_name": "Zuzanna"}
        ),
        result={"bio": "Zuzanna Kowalczyk was born"},
    )
    refused = make.RawLeadFactory(lead_import=lead_import, payload=["Zuzanna", f"mailto:{OLD}"])
    make.StagedLeadFactory(
        raw_lead=refused,
        status="problem",
        email_normalized="",
        problem_code="invalid_email",
        problem_message=f"“mailto:{OLD}” is not an e-mail address",
    )
    make.RawLeadFactory(lead_import=lead_import, payload={"Mail": NORMAL, "Name": "Zuzanna"})  # never staged
    bought = make.LeadImportFactory(source="apollo", **ended, **of)
    make.RawLeadFactory(lead_import=bought, external_id=NUMBER, payload={"id": NUMBER, "email": NORMAL})
    later = make.LeadImportFactory(source="apollo", **ended, **of)
    hidden = make.RawLeadFactory(lead_import=later, external_id=NUMBER, payload={"id": NUMBER, "name": "Zuzanna"})
    make.StagedLeadFactory(raw_lead=hidden, email_normalized="", fields={"first_name": "Zuzanna"})
    make.ProviderPurchaseFactory(
        external_id=NUMBER, status="found", credits=1, payload={"name": "Zuzanna Kowalczyk", "id": NUMBER}, **of
    )
    LeadImportPart.objects.create(lead_import=lead_import, number=0, content=f"Zuzanna;{NORMAL}".encode())
    return lead_import


def _beside(lead: Lead, campaign: Campaign, lead_import: LeadImport) -> None:
    """What only mentions her, and is somebody else's."""
    organization = lead.organization
    colleague = make.LeadFactory(
        organization=organization,
        email=BESIDE,
        email_normalized=BESIDE,
        custom={"boss": f"the {NORMAL} one"},
        title=f"Assistant of {ADDRESS}",
    )
    make.LeadChangeFactory(lead=colleague, changes={"custom.boss": [NORMAL, f"the {NORMAL} one"]})
    make.RecipientFactory(campaign=campaign, lead=colleague)
    _mail_beside(colleague)
    theirs = make.RawLeadFactory(
        lead_import=lead_import, payload=[BESIDE, f"referred by {ADDRESS}", f"Team:\n{OLD}\n\t{OLD}"]
    )
    staged = make.StagedLeadFactory(
        raw_lead=theirs,
        lead=colleague,
        status="promoted",
        email_normalized=BESIDE,
        fields={"custom": {"referrer": NORMAL}},
    )
    make.LeadEnrichmentFactory(staged_lead=staged, result={"knows": NORMAL}, error_message=f"about {NORMAL}")
    make.LeadNoteFactory(lead=colleague, text=f"Knows {ADDRESS}, write to both")
    make.OperatorTaskFactory(
        organization=organization,
        title=f"Call {ADDRESS}",
        note=f"or write to {OLD}",
        checklist=[{"text": f"Find who {NORMAL} is", "done": False}],
    )
    make.CalendarItemFactory(organization=organization, title=f"Visit {NORMAL}", note=f"asked by {OLD}")
    make.CampaignPlanFactory(organization=organization, name=f"With {NORMAL}", goal=f"Win {OLD}")
    make.MetricEntryFactory(metric__organization=organization, note=f"with {NORMAL}")
    make.JobFactory(campaign=campaign, result={"failed": [NORMAL]}, state={"at": NORMAL}, error_message=NORMAL)
    make.SegmentFactory(organization=organization, rules={"email": NORMAL}, description=f"without {NORMAL}")
    make.SenderFactory(organization=organization, status_reason=f"550 <{NORMAL}> blocked", health={"said": NORMAL})
    make.MailboxFactory(organization=organization, status_reason=f"NO <{NORMAL}>", last_error=f"NO <{NORMAL}>")
    make.SendingHaltFactory(organization=organization, reason=f"{NORMAL} complained")
    make.SuppressionFactory(organization=organization, address=NORMAL, reason="unsubscribed", source=f"mail of {OLD}")
    make.SuppressionFactory(organization=organization, address="out@acme.example", source=f"told by {NORMAL}")
    make.ProviderAccountFactory(organization=organization, last_error=f"no credits for {NORMAL}")
    endpoint = make.WebhookEndpointFactory(organization=organization, description=f"for {NORMAL}")
    make.WebhookDeliveryFactory(endpoint=endpoint, payload={"email": ADDRESS})
    make.WebhookDeliveryFactory(
        endpoint=endpoint, payload={"addresses": [BESIDE, OLD]}, response_body=f"no {NORMAL}", error=f"about {OLD}"
    )
    DutyRun.objects.create(
        name="x", every_seconds=1, took_seconds=0, ran_at=make.NOON, failed_at=make.NOON, error=f"key ({NORMAL}) exists"
    )
    WorkerHeartbeat.objects.create(
        name="w", kind="tick", host="h", pid=1, detail=f"at {NORMAL}", started_at=make.NOON, seen_at=make.NOON
    )
    OrphanReport.objects.create(queued_at=make.NOON, asked_by="Ana", problems=[f"about {NORMAL}"])
    VerificationReport.objects.create(
        content={"found": NORMAL}, begun_at=make.NOON, seconds=1, error_count=0, warning_count=0
    )
    Task.objects.create(
        id="f" * 32, name="x", func="x", args=(1,), kwargs={}, result=f"({NORMAL}) already exists",
        started=make.NOON, stopped=make.NOON, success=False,
    )  # fmt: skip


def texts_of_the_database() -> dict[tuple[str, str], list[str]]:
    """Every value of every column that can hold a text, by table and column, in small letters."""
    found: dict[tuple[str, str], list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column, kind in cursor.fetchall():
            shown = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT {shown} FROM "{table}" WHERE "{column}" IS NOT NULL')
            found[table, column] = [_opened(value).lower() for (value,) in cursor.fetchall()]
    found["django_q_ormq", "payload"] += [repr(row.task).lower() for row in OrmQ.objects.all()]
    return found


def _opened(value: str) -> str:
    """What a packed text says: the queue's arguments and results are pickled, and Base64 hides every word."""
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return value
    with contextlib.suppress(zlib.error):
        raw = zlib.decompress(raw)
    return f"{value} {raw.decode('utf-8', 'replace')}"


def mentions() -> dict[tuple[str, str], list[str]]:
    """Where the person is named, by table and column, but for the address of somebody else that ends like hers."""
    return {
        place: hits
        for place, values in texts_of_the_database().items()
        if (hits := [value for value in values if any(each in value.replace(BESIDE, "") for each in NEEDLES)])
    }


_COLUMNS = """
SELECT class.relname, attribute.attname, type.typname
FROM pg_attribute attribute
JOIN pg_class class ON class.oid = attribute.attrelid
JOIN pg_type type ON type.oid = attribute.atttypid
WHERE class.relkind IN ('r', 'p') AND class.relnamespace = current_schema()::regnamespace
  AND attribute.attnum > 0 AND NOT attribute.attisdropped
  AND (type.typname IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'bytea') OR type.typcategory = 'A')
ORDER BY 1, 2
"""
