"""What keeps a campaign from being handed over to Instantly, found before the start."""

from collections.abc import Iterator
from datetime import datetime

from campaigns.errors import AdviceCode, StartCode
from campaigns.models import Campaign, Handover, InstantlyAccountStatus, WindowZone
from campaigns.preflight.problems import WARN, Problem, place_of
from campaigns.providers.instantly.accounts import is_sandboxed
from campaigns.providers.instantly.content import CannotSay, active_variants, check_wording
from campaigns.providers.instantly.zones import nearest
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.errors import Refused


def problems_of(campaign: Campaign) -> Iterator[Problem]:
    """What blocks the start of a campaign that Instantly is to deliver, in the order in which one would mend it."""
    if campaign.auto_discovered:
        message = "it was made at Instantly and is only looked at from here."
        yield Problem(StartCode.DISCOVERED, message, "Start and pause it there.")
        return
    yield from _account(campaign)
    yield from _settings(campaign)
    yield from _steps(campaign)


def advice_of(campaign: Campaign, *, now: datetime) -> Iterator[Problem]:
    """What should have been read before the start."""
    zone = nearest(campaign.timezone, since=now.astimezone(zone_of(campaign.timezone)).date())
    if zone.is_exact:
        return
    minutes = int(zone.most_off.total_seconds()) // 60
    message = (
        f"Instantly has no time zone with the clock of {campaign.timezone}: {zone.name} is used, which is off by up to "
        f"{minutes} minutes on {zone.days_off} days of the year."
    )
    yield Problem(AdviceCode.ZONE_NOT_EXACT, message, "Make the window narrower by that much, or live with it.", WARN)


def _account(campaign: Campaign) -> Iterator[Problem]:
    handover = Handover.objects.select_related("account").filter(campaign=campaign).first()
    account = handover.account if handover else None
    if account is None:
        message = "it is to be delivered by Instantly, for which there is no key."
        yield Problem(StartCode.INSTANTLY_NO_KEY, message, "Add the key, then choose the delivery again.")
    elif account.last_error:
        message = f"Instantly last refused the key. {account.last_error}"
        yield Problem(StartCode.INSTANTLY_NO_KEY, message, "Enter another one, or test it once it is mended there.")
    elif account.status != InstantlyAccountStatus.ACTIVE:
        yield Problem(StartCode.INSTANTLY_NO_KEY, "the account at Instantly is paused here.", "Resume it.")
    if is_sandboxed():
        message = "the sandbox is on, and Instantly would write to real people."
        yield Problem(StartCode.INSTANTLY_SANDBOX, message, "Set SANDBOX=off to send for real.")
    if handover is None or not handover.mailboxes:
        message = "no mailbox at Instantly is named that its mails leave from."
        yield Problem(StartCode.INSTANTLY_NO_MAILBOX, message, "Name at least one where the delivery is chosen.")


def _settings(campaign: Campaign) -> Iterator[Problem]:
    senders = "or have the campaign's senders deliver it."
    if campaign.window_zone == WindowZone.LEAD:
        message = "its window follows the clock of each lead, and Instantly has one clock for a campaign."
        yield Problem(StartCode.INSTANTLY_LEAD_ZONE, message, f"Let it follow the campaign's, {senders}")
    if campaign.holidays:
        message = "it has holidays, and Instantly would send on them."
        yield Problem(StartCode.INSTANTLY_HOLIDAYS, message, f"Take them out and pause it on those days, {senders}")
    if campaign.counts_sending_days:
        message = "its waits count sending days, and Instantly counts all days."
        yield Problem(StartCode.INSTANTLY_SENDING_DAYS, message, f"Let them count all days, {senders}")


def _steps(campaign: Campaign) -> Iterator[Problem]:
    steps = list(campaign.steps.prefetch_related("variants").order_by("position"))
    if steps and steps[0].wait_amount:
        message = "its first step waits, and at Instantly the first mail is due at once."
        yield Problem(StartCode.INSTANTLY_FIRST_WAIT, message, "Set that wait to 0.")
    begins = [step for step in steps if not step.is_reply]
    for step in steps:
        if step.is_reply and len([each for each in begins if each.position < step.position]) > 1:
            message = f"step {step.position} answers another mail than the first, which Instantly cannot."
            yield Problem(StartCode.INSTANTLY_THREAD, message, "Make it a conversation of its own.")
        variants = active_variants(step)
        if len({variant.weight for variant in variants}) > 1:
            message = f"the variants of step {step.position} have different shares; Instantly gives them equal ones."
            yield Problem(StartCode.INSTANTLY_WEIGHTS, message, "Give them the same weight.")
        for variant in variants:
            try:
                check_wording(campaign.organization, step, variant)
            except CannotSay as cannot:
                place = place_of(step, variant)
                yield Problem(StartCode(cannot.code), f"{place}: {cannot.message}", cannot.hint, place=place)
            except Refused:
                continue  # a template that cannot be read is found for every campaign
