"""What keeps a campaign from starting, found quickly: each pattern of present and missing values is rendered once."""

from collections.abc import Iterator

from django.db.models import Count, Exists, Min, OuterRef, QuerySet, Value

from campaigns.content.errors import MergeValueMissing
from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS, unknown_among
from campaigns.errors import StartCode
from campaigns.fetching.opened import wants_fetch
from campaigns.merge_values import lead_values, mail_values, presence
from campaigns.models import (
    Campaign,
    CampaignStatus,
    DeliveredBy,
    Message,
    MessageStatus,
    Recipient,
    RecipientStatus,
    Sender,
    Step,
    Variant,
)
from campaigns.preflight.handing_over import problems_of as problems_of_handing_over
from campaigns.preflight.problems import Problem, people, place_of
from campaigns.senders import check_way_out
from campaigns.sending.reasons import in_words
from campaigns.sending.wording import Wording, wording_of
from campaigns_project.accounts import timezones
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.models import Lead, Provider, ProviderAccount

MOST_PATTERNS = 500  # sets of present fields that are rendered per variant; real lists have a handful


def check(campaign: Campaign) -> list[Problem]:
    """What keeps `campaign` from starting, in the order in which one would mend it. Quick, whatever its size.

    Templates are rendered once for every combination of present and missing values among the recipients, so that
    somebody's missing value is found however many they are. What only one person's value spoils is found by
    `everybody.examine`, which renders all of them.
    """
    if campaign.auto_discovered:
        return list(problems_of_handing_over(campaign))
    return [*_audience(campaign), *_sending(campaign), *_content(campaign)]


def _audience(campaign: Campaign) -> Iterator[Problem]:
    if wants_fetch(campaign):
        yield from _lead_source(campaign)
        return
    # One that was started may go on without anybody: it then completes. One that failed has to begin anew.
    is_new = campaign.started_at is None or campaign.status == CampaignStatus.FAILED
    # An automatic one that is switched on waits for whoever will come.
    if is_new and not campaign.enrolls_by_itself and not _inside(campaign).exists():
        yield Problem(
            StartCode.NO_RECIPIENTS, "nobody is enrolled in it.", "Enroll leads first: by tag, filter or ids."
        )


def _lead_source(campaign: Campaign) -> Iterator[Problem]:
    name = campaign.lead_source["provider"]
    account = ProviderAccount.objects.for_organization(campaign.organization).filter(provider=name).first()
    if account is None:
        message = f"it is to fetch its leads from {Provider(name).label}, for which there is no key."
        yield Problem(StartCode.LEAD_SOURCE_UNUSABLE, message, "Add the key under Provider accounts, or enroll leads.")
    elif account.last_error:
        message = f"it is to fetch its leads from {account}, which last refused the key. {account.last_error}"
        hint = "Under Provider accounts, enter another key, or check it again once it is mended there; or enroll leads."
        yield Problem(StartCode.LEAD_SOURCE_UNUSABLE, message, hint)


def check_organization(organization: Organization) -> Iterator[Problem]:
    """What the organization lacks that each of its mails must show."""
    if not organization.postal_address.strip():
        yield Problem(
            StartCode.POSTAL_ADDRESS_MISSING,
            f"{organization.name} has no postal address, which every mail must show.",
            "Fill it in on the organization's page.",
        )


def _sending(campaign: Campaign) -> Iterator[Problem]:
    yield from check_organization(campaign.organization)
    if not timezones.is_known(campaign.timezone):
        yield Problem(StartCode.TIMEZONE_UNKNOWN, timezones.unknown(campaign.timezone), timezones.MEND)
    if campaign.delivered_by == DeliveredBy.INSTANTLY:
        yield from problems_of_handing_over(campaign)
        return
    senders = Sender.objects.filter(campaign_senders__campaign=campaign)
    if not senders.exists():
        yield Problem(StartCode.NO_SENDER, "it has no sender.", "Choose at least one sender for it.")
    elif not senders.able().exists():
        reasons = "; ".join(
            f"{sender.email}: {in_words(sender.status_reason) or 'by a person'}" for sender in senders[:3]
        )
        yield Problem(StartCode.NO_SENDER, f"all its senders are paused ({reasons}).", "Mend and resume one of them.")
    for sender in senders.able():
        yield from _sender(sender)


def _sender(sender: Sender) -> Iterator[Problem]:
    if not timezones.is_known(sender.timezone):
        message = f"the sender {sender.email} cannot be used: {timezones.unknown(sender.timezone)}"
        yield Problem(StartCode.SENDER_UNUSABLE, message, timezones.MEND)
    try:
        check_way_out(sender)
    except Refused as error:
        hint = f"{error.hint} Or take the sender out of the campaign."
        yield Problem(StartCode.SENDER_UNUSABLE, f"the sender {sender.email} cannot be used. {error.message}", hint)


def _content(campaign: Campaign) -> Iterator[Problem]:
    steps = list(campaign.steps.prefetch_related("variants").order_by("position"))
    if not steps:
        yield Problem(StartCode.NO_STEPS, "it has no step.", "Add a step with a subject and a body.")
    for step in steps:
        active = [variant for variant in step.variants.all() if variant.is_active]
        if not active:
            yield Problem(StartCode.NO_VARIANT, f"step {step.position} has no active variant.", "Switch one on.")
        for variant in active:
            yield from check_wording(campaign, step, variant)


def check_wording(campaign: Campaign, step: Step, variant: Variant, *, most: int | None = None) -> Iterator[Problem]:
    """What keeps mails of one wording from being made, stored or still being written.

    `most` is how many of the recipients are looked at; None: all of them.
    """
    place = place_of(step, variant)
    try:
        wording = wording_of(variant)
    except Refused as error:
        hint = error.hint or "Correct the template there."
        yield Problem(StartCode.TEMPLATE_INVALID, f"{place}: {error.message}", hint)
        return
    unknown = unknown_among(wording.fields)
    for field in unknown:
        hint = "Write fields of your own as {{ custom.name }}."
        yield Problem(StartCode.UNKNOWN_MERGE_FIELD, f"{place}: {field}", hint)
    if not unknown and campaign.pk:  # a template has no recipients
        yield from _rendered(campaign, step, place, wording, most)


def _rendered(campaign: Campaign, step: Step, place: str, wording: Wording, most: int | None) -> Iterator[Problem]:
    """What comes of rendering it once for every pattern; recipients with the same trouble are one problem."""
    refused: dict[tuple[str, str], tuple[Refused, int, int]] = {}
    for example, number in _patterns(campaign, step, wording, most):
        error = _refusal(campaign, wording, example)
        if error is not None:
            key = (error.code, str(error.details.get("field", error.message)))
            _, before, lead = refused.get(key, (error, 0, example.pk))
            refused[key] = (error, before + number, lead)
    for error, number, lead in refused.values():
        yield _problem(place, error, number, lead)


def _patterns(campaign: Campaign, step: Step, wording: Wording, most: int | None) -> Iterator[tuple[Lead, int]]:
    """A lead for every combination of present and missing fields among those who have not had the step, and how many
    recipients it stands for."""
    used = sorted(name for name in wording.fields if name in LEAD_FIELDS or name.startswith(CUSTOM_PREFIX))
    annotations = presence(used)
    settled = Message.objects.filter(recipient=OuterRef("pk"), step=step.pk, status__in=MessageStatus.SETTLED)
    inside = _inside(campaign)
    if most is not None:
        inside = Recipient.objects.filter(pk__in=inside.order_by("pk").values("pk")[:most])
    # A step that is being written has no key yet, and nobody has had it.
    waiting = inside.exclude(Exists(settled)).annotate(wording=Value(step.pk or 0), **annotations)
    counted = waiting.values("wording", *annotations).annotate(number=Count("pk"), example=Min("lead_id"))
    # A wording without fields makes one group of everybody, which is there even when nobody is.
    rows = [row for row in counted.order_by("-number")[:MOST_PATTERNS] if row["number"]]
    people = Lead.objects.in_bulk([row["example"] for row in rows])
    for row in rows:
        yield people[row["example"]], row["number"]


def _refusal(campaign: Campaign, wording: Wording, lead: Lead) -> Refused | None:
    sender = Sender(name="Sender", email="sender@example.com")
    values = {**lead_values(lead), **mail_values(sender, campaign.organization, "https://example.com/unsubscribe")}
    try:
        wording.render(values)
    except Refused as error:
        return error
    return None


def _problem(place: str, error: Refused, number: int, lead: int) -> Problem:
    who = people(number)
    if isinstance(error, MergeValueMissing):
        has = "has" if number == 1 else "have"
        return Problem(
            StartCode.MERGE_VALUE_MISSING,
            f"{place}: {who} {has} no {error.field} (lead {lead}, for one), and the template has no fallback for it.",
            f'Write {{{{ {error.field} | default: "…" }}}}, fill the values in, or take those recipients out.',
            count=number,
            leads=(lead,),
            place=place,
            field=error.field,
        )
    message = f"{place}: it cannot be made for {who} (lead {lead}, for one). {error.message}"
    hint = error.hint or "Correct the template there."
    return Problem(StartCode.TEMPLATE_INVALID, message, hint, count=number, leads=(lead,), place=place)


def _inside(campaign: Campaign) -> QuerySet[Recipient]:
    return Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN)
