"""What a lead's page shows beside the form: what comes next, its campaigns, where it came from, and what happened."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Value, When
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.recipients import standing_sentence
from campaigns.models import LeadUserStatus, MessageStatus, Recipient, RecipientStatus, UserStatus
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from leads.models import Lead, StagedStatus, Suppression, Verification
from leads.suppression import find_suppression
from leads.suppression.scopes import with_campaign_names
from tracking.timeline import Entry, EntryKind, Show, expected_next, timeline
from tracking.timeline.places import Place

CAMPAIGNS_SHOWN = 50  # the newest; more have no room on a page
CAMPAIGNS_AT_ONCE = 8  # of those, and all that the lead is still in; the others are unfolded
ORIGINS_SHOWN = 5

_VERIFIED = {
    Verification.UNKNOWN: "Address not checked",
    Verification.VERIFIED: "Address verified",
    Verification.LIKELY: "Address likely to work",
    Verification.UNVERIFIED: "Address could not be verified",
    Verification.UNAVAILABLE: "Address does not work",
}
_MARKS = {
    "is_role": "a role such as info@, not a person",
    "is_disposable": "of a throw-away service",
    "is_catch_all": "its server takes any address",
}
# What a line leads to: the most telling of the rows it speaks of.
_PAGES = (
    ("message", "campaigns_message", "View what was sent"),
    ("event", "tracking_emailevent", "Details"),
    ("note", "campaigns_leadnote", "Edit"),
    ("import", "leads_leadimport", "Import"),
    ("suppression", "leads_suppression", "Suppression"),
    ("recipient", "campaigns_recipient", "Recipient"),
)
_EVENT = ("event", "tracking_emailevent", "Details")
_REPLY = ("inbound_mail", "tracking_inboundmail", "Read")
_LEFT_US = frozenset({MessageStatus.SENT, MessageStatus.UNCERTAIN})


def story(request: HttpRequest, lead: Lead) -> dict[str, Any]:
    """The context of the whole page."""
    return {
        **_campaigns(lead),
        "suppression": _suppression(lead),
        "expected": expected_next(lead, now=timezone.now()),
        "verified": _VERIFIED[Verification(lead.verification)],
        "marks": [words for mark, words in _MARKS.items() if getattr(lead, mark)],
        "tags": [each.tag for each in lead.lead_tags.select_related("tag").order_by("tag__name")],
        "origins": _origins(lead),
        "aliases": list(lead.aliases.values_list("email_normalized", flat=True)),
        "may_work": may_here(request, Role.OPERATOR, lead),
        "may_merge": may_here(request, Role.MANAGER, lead),
        "user_statuses": UserStatus.choices,
        "my_status": LeadUserStatus.objects.living()
        .filter(lead=lead, user=request.user.pk)
        .order_by("-updated_at")
        .first(),
        **older(request, lead),
    }


def _suppression(lead: Lead) -> Suppression | None:
    """Why nothing is sent to this person, with what the campaign that led to it is called."""
    found = find_suppression(lead.organization, lead.email_normalized)
    return with_campaign_names(Suppression.objects.filter(pk=found.pk)).first() if found else None


def _campaigns(lead: Lead) -> dict[str, Any]:
    """Those the lead is in come first, and are never folded away."""
    is_out = Case(When(status__in=RecipientStatus.IN, then=Value(0)), default=Value(1))
    recipients = Recipient.objects.living().filter(lead=lead).order_by(is_out, "-pk")
    found = recipients.select_related("campaign__organization", "lead", "next_step")[:CAMPAIGNS_SHOWN]
    rows = [{"recipient": each, "sentence": standing_sentence(each)} for each in found]
    inside = sum(each.status in RecipientStatus.IN for each in found)
    at_once = max(CAMPAIGNS_AT_ONCE, inside)
    return {"in_campaigns": rows[:at_once], "earlier_campaigns": rows[at_once:]}


def older(request: HttpRequest, lead: Lead) -> dict[str, Any]:
    """A page of the timeline by what the address asks: `show` and `before`. Http404 for what makes no sense."""
    shown, cursor = request.GET.get("show", ""), request.GET.get("before", "")
    if shown and shown not in Show.values:
        raise Http404(f"A timeline has no part {shown}.")
    try:
        page = timeline(lead=lead, show=[Show(shown)] if shown else [], cursor=cursor)
        last = timezone.localdate(Place.read(cursor).at) if cursor else None
    except Refused as refused:
        raise Http404(str(refused)) from None
    base = reverse("admin:leads_lead_timeline", args=[lead.pk])
    query = urlencode({**({"show": shown} if shown else {}), "before": page.cursor})
    return {
        "days": list(_days(page.entries, last)),
        "shown": shown,
        "parts": Show.choices,
        "is_first": not cursor,
        "older_url": f"{base}?{query}" if page.cursor else "",
    }


def _days(entries: Iterable[Entry], last: Any) -> Iterator[dict[str, Any]]:
    """Entries by day; the first of a later page has no heading where its day has one already."""
    for day, of_day in groupby(entries, key=lambda entry: timezone.localdate(entry.at)):
        yield {"day": None if day == last else day, "lines": [_line(entry) for entry in of_day]}


def _line(entry: Entry) -> dict[str, Any]:
    pages = (_REPLY, _EVENT, *_PAGES) if "event" in entry.refs else _PAGES
    found = next(((name, word, entry.refs[ref]) for ref, name, word in pages if ref in entry.refs), None)
    if found is None:
        return {"entry": entry, "url": "", "word": ""}
    was_never_sent = entry.kind == EntryKind.MAIL and entry.data["status"] not in _LEFT_US
    word = "Details" if was_never_sent else found[1]
    return {"entry": entry, "url": reverse(f"admin:{found[0]}_change", args=[found[2]]), "word": word}


def _origins(lead: Lead) -> list[Any]:
    """The imports the lead came with, the first one first."""
    promoted = lead.staged_leads.filter(status=StagedStatus.PROMOTED)
    return list(promoted.select_related("lead_import").order_by("pk")[:ORIGINS_SHOWN])
