"""Everything held of one person as a ZIP: what they may ask for (GDPR, articles 15 and 20)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.deletion.counting import rows_beneath
from campaigns.deletion.relations import tree_of
from campaigns.deletion.zipping import StreamedZip
from campaigns.models import HandedLead, Message
from campaigns.persons.incoming import find_incoming
from campaigns.persons.traces import Traces, traces_of
from campaigns.sending.content import content_of
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from leads.models import Lead, LeadEnrichment, ProviderPurchase, RawLead, StagedLead, Suppression

FORMAT = "fairlead-person/1"


def export_person(*, lead: Lead, actor: Actor, now: datetime) -> bytes:
    """A ZIP of `person.json` with every row about `lead`, table by table, and each mail as it was, subject and text.

    What hangs on the lead is found by the database's own constraints, so that nothing is forgotten. Nobody's secrets
    are among it, and of other people nothing. The audit log keeps who asked; it is written before anything leaves.
    """
    with transaction.atomic():
        record(action="lead.exported", entity=lead, organization_id=lead.organization_id, actor=actor)
    archive = StreamedZip()
    return b"".join([*_files(archive, lead, now), *archive.close()])


def person_export_name(lead: Lead, now: datetime) -> str:
    """What the archive is called: the lead's number and the time in UTC. No name: folders are seen by others."""
    return f"person-{lead.pk}-{now.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


def _files(archive: StreamedZip, lead: Lead, now: datetime) -> Iterator[bytes]:
    with transaction.atomic():
        held = {"format": FORMAT, "exported_at": now, **rows_beneath(tree_of(Lead), lead.pk), **_loose(lead)}
    yield from archive.add("person.json", _document(held), is_table=False)
    for message in Message.objects.filter(recipient__lead=lead).select_related("variant").order_by("pk"):
        for name, text in _mail(message).items():
            yield from archive.add(f"mails/{name}", [(text.encode(), 0)], is_table=False)


def _loose(lead: Lead) -> dict[str, Any]:
    """What is about the person and hangs on no lead."""
    traces = traces_of(lead)
    found = find_incoming(lead, traces)
    bought = ProviderPurchase.objects.filter(organization=lead.organization_id, external_id__in=found.numbers)
    return {
        "raw_leads": _values(RawLead.objects.filter(pk__in=found.raw)),
        "staged_leads": _values(StagedLead.objects.filter(pk__in=found.staged)),
        "lead_enrichments": _values(LeadEnrichment.objects.filter(staged_lead__in=found.staged)),
        "provider_purchases": _values(bought),
        "instantly_leads": _values(HandedLead.objects.filter(recipient__lead=lead)),
        "suppressions": _values(_suppressions(lead, traces)),
        "audit_log": list(AuditLog.objects.about(lead).values("action", "created_at", "via")),
    }


def _suppressions(lead: Lead, traces: Traces) -> QuerySet[Suppression]:
    own = Suppression.objects.filter(organization=lead.organization_id)
    return own.filter(Q(address__in=traces.normalized) | Q(address=lead.domain))


def _values(rows: QuerySet) -> list[dict[str, Any]]:
    return list(rows.order_by("pk").values())


def _mail(message: Message) -> dict[str, str]:
    """The files of one mail; what was never made, or is kept no longer, has none."""
    try:
        content = content_of(message)
    except NotFound:
        return {}
    return {
        f"{message.pk}.txt": f"Subject: {content.subject}\n\n{content.text}",
        f"{message.pk}.html": content.html,
    }


def _document(content: dict[str, Any]) -> list[tuple[bytes, int]]:
    return [(json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2).encode(), 0)]
