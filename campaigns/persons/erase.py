"""Remove a person, so that nothing names them any more but a keyed hash that keeps them from coming back."""

import re
from collections import Counter
from datetime import datetime

from django.db import connection, transaction

from campaigns.copies import forget_copies
from campaigns.deletion.counting import count_beneath
from campaigns.deletion.errors import DeletionBlocked, WrongName
from campaigns.deletion.relations import tree_of
from campaigns.deletion.request import as_dicts, require_confirmation, require_unchanged
from campaigns.locks import retried
from campaigns.models import Campaign, Link, Recipient
from campaigns.persons.drafts import discard_drafts
from campaigns.persons.errors import WrongAddress
from campaigns.persons.incoming import erase_incoming
from campaigns.persons.preview import blockers_of_person, preview_person
from campaigns.persons.texts import erase_from_texts
from campaigns.persons.traces import ERASED, Traces, traces_of
from campaigns.verifying.counters import MAILS, OF_MAILS, OF_PEOPLE, PEOPLE
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from campaigns_project.idempotency.forget import forget_answers
from campaigns_project.webhooks.emit import emit
from campaigns_project.webhooks.events import EventType
from leads.models import Lead
from leads.suppression import suppress_erased


def erase_person(
    *, lead: Lead, confirm_name: str, reason: str, actor: Actor, now: datetime, token: str | None = None
) -> dict[str, int]:
    """Remove `lead` with all that hangs on it, and every mention of its addresses; answers counts by kind.

    First nobody writes to them any more: the address is suppressed for good, by its hash alone. Then drafts of imports
    that name them are thrown away, and what came in is emptied, import by import; last goes the lead, with its
    recipients, messages and events, and the campaigns' counters with them. Killed in the middle it has removed nothing
    but traces, and is simply asked for again. A second time there is nobody to erase (NotFound).

    `confirm_name` is the address, as the lead has it; with a `token` the numbers must be those of the preview. Refused,
    and nothing changed: WrongAddress, ReasonMissing, StalePreview, DeletionBlocked while a mail is in flight or an
    import under way. The audit log keeps who and why, without the person: addresses and the name are taken out of
    `reason`.
    """
    lead = _reread(lead)
    try:
        require_confirmation(name=lead.email, confirm_name=confirm_name, reason=reason)
    except WrongName:
        raise WrongAddress(lead.email) from None
    impact = preview_person(lead=lead, now=now)
    require_unchanged(impact, impact.token if token is None else token)
    traces = traces_of(lead)
    told = _without_the_name(reason.strip(), lead)
    _shut(lead, traces, actor, told, now)
    removed: Counter[str] = Counter(drafts_discarded=discard_drafts(lead.organization_id, traces, actor))
    removed.update(erase_incoming(lead, traces))
    removed.update(erase_from_texts(lead, traces))
    removed["links"] = _remove_links(lead, traces)
    removed["mailbox_copies"] = forget_copies(frozenset(traces.written))
    removed["answers_forgotten"] = _forget_answers(lead, actor)
    removed.update(_remove(lead, traces, actor, now))
    # Once more: a request that found them until now may be answered any moment.
    removed["answers_forgotten"] += _forget_answers(lead, actor)
    return {label: number for label, number in removed.items() if number}


def _reread(lead: Lead) -> Lead:
    current = Lead.objects.select_related("organization").filter(pk=lead.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no lead {lead.pk} any more.")
    return current


@retried
@transaction.atomic
def _shut(lead: Lead, traces: Traces, actor: Actor, reason: str, now: datetime) -> None:
    """From here on nothing is sent to them, and no lead is made of them. On record before the first row is gone."""
    record(
        action="lead.erasure_requested",
        entity=lead,
        organization_id=lead.organization_id,
        actor=actor,
        reason=reason,
    )
    suppress_erased(organization=lead.organization, lead_id=lead.pk, addresses=traces.normalized, at=now)


@retried
@transaction.atomic
def _remove(lead: Lead, traces: Traces, actor: Actor, now: datetime) -> dict[str, int]:
    recipients = Recipient.objects.filter(lead=lead).order_by("pk").select_for_update(no_key=True)
    campaigns = list(recipients.values_list("campaign_id", flat=True))
    blockers = blockers_of_person(lead)  # once more: a worker may have claimed a mail before they were shut out
    if blockers:
        raise DeletionBlocked(as_dicts(blockers))
    removed = count_beneath(tree_of(Lead), lead.pk)
    with connection.cursor() as cursor:
        for statement in _UNCOUNT:
            cursor.execute(statement, {"lead": lead.pk})
    record(
        action="lead.erased",
        entity=lead,
        organization_id=lead.organization_id,
        actor=actor,
        after={"removed": sum(removed.values()), "campaigns": len(campaigns)},
    )
    # By number alone: whoever was told of them before knows whom to forget, and nobody else is to.
    told = {"lead_id": lead.pk}
    emit(organization_id=lead.organization_id, event_type=EventType.LEAD_ERASED, data=told, at=now)
    Lead.objects.filter(pk=lead.pk).delete()
    return removed


def _forget_answers(lead: Lead, actor: Actor) -> int:
    return forget_answers(organization_id=lead.organization_id, but_of=actor.request_id)


def _remove_links(lead: Lead, traces: Traces) -> int:
    """Targets of links that carry the address: they were made for this person's mails, or for a colleague's."""
    own = Link.objects.filter(campaign__organization=lead.organization_id).extra(
        where=["lower(campaign_links.url) LIKE ANY (%s)"], params=[traces.likes]
    )
    return own.delete()[0]


def _without_the_name(words: str, lead: Lead) -> str:
    """The reason as the audit log may keep it for good: whoever wrote it may have named the person."""
    for name in filter(None, (lead.full_name, lead.last_name, lead.first_name)):
        words = re.sub(rf"\b{re.escape(name)}\b", ERASED, words, flags=re.IGNORECASE)
    return words


def _uncounting(recounts: dict[str, str], rows: str) -> str:
    counters = ", ".join(f"{recount} AS {counter}" for counter, recount in recounts.items())
    less = ", ".join(f"{counter} = campaigns.{counter} - gone.{counter}" for counter in recounts)
    return f"""
    UPDATE {Campaign._meta.db_table} campaigns SET {less}
    FROM (SELECT recipient.campaign_id, {counters} FROM {rows} AND recipient.lead_id = %(lead)s
          GROUP BY recipient.campaign_id) gone
    WHERE campaigns.id = gone.campaign_id
    """  # noqa: S608 - texts of our own


# By the same expressions as a recount: what the campaigns count is what they have.
_UNCOUNT = [_uncounting(OF_MAILS, MAILS), _uncounting(OF_PEOPLE, PEOPLE)]
