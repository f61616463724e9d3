"""A turn at a campaign that Instantly delivers: what it does not know yet is told, in the order in which it matters.

Killed at any point and called again, it goes on: what was asked is written down before, what was answered after.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from campaigns.errors import PauseCode
from campaigns.lifecycle.hold import pause_by_system
from campaigns.locks import Lock, let_go, take_for_session
from campaigns.models import Campaign, CampaignStatus, HandedLead, HandedStatus, Handover, Told
from campaigns.providers.instantly.accounts import (
    HEADER,
    is_sandboxed,
    know_workspace,
    usable_account,
    webhook_address,
)
from campaigns.providers.instantly.body import describe, name_of
from campaigns.providers.instantly.client import InstantlyClient, Missing
from campaigns.providers.instantly.push import push_some, require_content, settle_unanswered
from campaigns.providers.instantly.removing import all_are_gone, remove_some, still_there
from campaigns.providers.instantly.wanted import has_to_pass, is_over_there, may_send
from campaigns_project.encryption import readable
from campaigns_project.errors import Refused
from campaigns_project.workers.stopping import is_stopping
from leads.providers.errors import LostAnswer, ProviderLimited, ProviderRefused

WAITS = (10, 30, 60)  # seconds before Instantly is tried again; the last one for as long as it takes
MENDED_WITHIN = 600  # seconds before it is tried again where a person has to mend something first
APPEARS_AFTER = timedelta(seconds=90)  # a campaign whose creation got no answer is in the list by then, or never
STILL_THERE = timedelta(seconds=10)  # before people who were to be removed, and are there, are removed again


def work_on(*, campaign_id: int, now: datetime, budget: timedelta) -> bool:
    """Go on for `budget`; True when there is more to do at once. Of two that work at once one gives up (False)."""
    with _held(campaign_id) as is_ours:
        handover = _read(campaign_id) if is_ours else None
        if handover is None:
            return False
        turn = Turn(handover, now=now, budget=budget)
        try:
            has_more = turn.work()
        except ProviderLimited as limited:
            return _wait(handover, limited.retry_at, str(limited), attempts=0)
        except ProviderRefused as refused:
            return _broken_off(handover, refused, now)
        except Refused as refused:
            # The address of the API is not allowed, or has no name in DNS: somebody has to mend that here.
            return _broken_off(handover, ProviderRefused(refused.code, refused.message, refused.hint), now)
        _note(handover, attempts=0, last_error="", queued_at=None, retry_at=turn.look_again_at)
        return has_more


class Turn:
    """What a worker has in hand. Between two calls it asks whether the campaign may still send."""

    def __init__(self, handover: Handover, *, now: datetime, budget: timedelta):
        self.handover, self.campaign, self.now = handover, handover.campaign, now
        self.look_again_at: datetime | None = None
        self._ends = time.monotonic() + budget.total_seconds()
        self._client: InstantlyClient | None = None

    @property
    def client(self) -> InstantlyClient:
        """Made when it is first needed, which costs a call."""
        if self._client is None:
            if is_sandboxed():
                message = "The sandbox is on: nothing is told to Instantly."
                raise ProviderRefused("instantly_sandbox", message, "Set SANDBOX=off to send for real.")
            self._client = know_workspace(usable_account(self.handover))
        return self._client

    @property
    def may_send(self) -> bool:
        return may_send(self.campaign, self.handover, now=self.now)

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self._ends and not is_stopping()

    def work(self) -> bool:
        """Everything that is to be told; True when time was up before that."""
        if not self.may_send:
            self._pause()
        if not self._take_out():
            return True
        if self.may_send and self.handover.told in {Told.NOTHING, Told.CREATING} and not self._create():
            return False
        if self.handover.told in Told.there and not self._settle():
            return False
        if not self._push():
            return True
        if self.may_send and self.handover.told != Told.ACTIVE:
            self._start()
        return False

    def _pause(self) -> None:
        if self.handover.told in Told.sending and is_over_there(self.campaign):
            try:
                self.client.ask(f"campaigns/{self.campaign.instantly_campaign_id}/pause", {})
            except Missing as missing:
                self._require_gone(missing)  # somebody deleted it there: it sends nothing more
            self._tell(Told.PAUSED)

    def _start(self) -> None:
        self._tell(Told.STARTING)  # before the call: it may be acted upon, and its answer lost
        self.client.ask(f"campaigns/{self.campaign.instantly_campaign_id}/activate", {})
        self._tell(Told.ACTIVE)

    def _take_out(self) -> bool:
        """Whoever is out; False when time was up before everybody was asked for."""
        if not still_there(self.handover).exists():
            return True
        asked: int | None = 0
        while self.has_time:
            try:
                asked = remove_some(self.handover, self.client, after=asked or 0, now=self.now)
            except Missing as missing:
                self._require_gone(missing)
                all_are_gone(self.handover, now=self.now)
            if asked is None or not still_there(self.handover).exists():
                if asked is None:  # everybody was asked for, and some are there: a moment later, not all the time
                    self.look_again_at = self.now + STILL_THERE
                return True
        return False

    def _require_gone(self, missing: Missing) -> None:
        """`missing` goes on where Instantly does have the campaign; one that somebody deleted there needs no word."""
        try:
            self.client.get(f"campaigns/{self.campaign.instantly_campaign_id}")
        except Missing:
            return
        raise missing

    def _create(self) -> bool:
        """The campaign there; False where it is not known yet whether it is."""
        if self.handover.told == Told.CREATING:
            if (self.handover.told_at or self.now) > self.now - APPEARS_AFTER:
                self.look_again_at = (self.handover.told_at or self.now) + APPEARS_AFTER
                return False
            if self._find():
                return True
        asked, content = describe(self.campaign, self.handover, now=self.now)
        self._tell(Told.CREATING, content=content)
        try:
            made = self.client.tell("campaigns", asked)
        except LostAnswer:
            raise
        except ProviderRefused:
            self._tell(Told.NOTHING)  # it surely was not made
            raise
        number = made.get("id") if isinstance(made, dict) else None
        if not number:
            raise LostAnswer("provider_answer_unreadable", "Instantly answered without the campaign's number.", "")
        self._made(str(number))
        return True

    def _find(self) -> bool:
        """The campaign that was made by a call whose answer got lost, by the mark in its name."""
        name = name_of(self.campaign, self.handover)
        found = [
            each
            for each in self.client.listed("campaigns", {"search": self.handover.mark})
            if str(each.get("name")) == name and each.get("id")
        ]
        # Had two calls been acted upon, the one that is not used stays an empty draft.
        first = min(found, key=lambda each: str(each.get("timestamp_created")), default=None)
        if first is not None:
            self._made(str(first["id"]))
        return first is not None

    def _made(self, number: str) -> None:
        Campaign.objects.filter(pk=self.campaign.pk).update(instantly_campaign_id=number[:64])
        self.campaign.instantly_campaign_id = number[:64]
        self._tell(Told.DRAFT)

    def _settle(self) -> bool:
        """The webhook, and what came of calls without an answer; False where that has to wait."""
        if not self.handover.webhook and self.may_send:
            self._listen()
        if not HandedLead.objects.filter(handover=self.handover, status=HandedStatus.ASKED).exists():
            return True
        require_content(self.handover)
        if settle_unanswered(self.campaign, self.handover, self.client, now=self.now):
            return True
        self.look_again_at = self.now + STILL_THERE
        return False

    def _listen(self) -> None:
        """Have Instantly report, once: a webhook of ours for this campaign that is there already serves."""
        account = usable_account(self.handover)
        address, campaign = webhook_address(account), self.campaign.instantly_campaign_id
        known = [
            each
            for each in self.client.listed("webhooks")
            if each.get("target_hook_url") == address and str(each.get("campaign")) == campaign
        ]
        made = known[0] if known else self.client.tell(
            "webhooks",
            {
                "target_hook_url": address,
                "name": f"Fairlead {self.handover.mark}",
                "event_type": "all_events",
                "campaign": campaign,
                "headers": {HEADER: readable(account.webhook_secret)},
            },
        )  # fmt: skip
        _note(self.handover, webhook=str(made.get("id") or "")[:64])

    def _push(self) -> bool:
        """Whoever was not handed over yet; False when time was up before everybody was met."""
        handover = self.handover
        while self.may_send and handover.told in Told.there and has_to_pass(self.campaign, handover, now=self.now):
            if not self.has_time:
                return False
            if not handover.reached:
                _note(handover, pass_began_at=self.now)
            require_content(handover)
            if not push_some(self.campaign, handover, self.client, now=self.now):
                _note(handover, reached=0, passed_at=handover.pass_began_at or self.now)
        return True

    def _tell(self, told: Told, **fields: Any) -> None:
        _note(self.handover, told=told, told_at=self.now, **fields)


def _read(campaign_id: int) -> Handover | None:
    rows = Handover.objects.filter(campaign=campaign_id, campaign__auto_discovered=False)
    return rows.select_related("account", "campaign__organization").first()


def _broken_off(handover: Handover, refused: ProviderRefused, now: datetime) -> bool:
    """Tried again by itself; what does not pass pauses the campaign as well, for a person to look."""
    tried = handover.attempts
    wait = WAITS[min(tried, len(WAITS) - 1)] if refused.is_passing else MENDED_WITHIN
    if not refused.is_passing and handover.campaign.status == CampaignStatus.RUNNING:
        pause_by_system(
            campaign_id=handover.campaign_id,
            code=PauseCode.INSTANTLY_REFUSED,
            message=f"{refused.message} Mend it, and resume the campaign.",
            now=now,
            error=refused.code,
        )
        wait = WAITS[0]  # that it is paused has to be told there, as soon as that can be done
    return _wait(handover, now + timedelta(seconds=wait), str(refused), attempts=tried + 1)


def _wait(handover: Handover, at: datetime, why: str, *, attempts: int) -> bool:
    _note(handover, retry_at=at, last_error=why[:2000], attempts=attempts, queued_at=None)
    return False


def _note(handover: Handover, **fields: Any) -> None:
    Handover.objects.filter(pk=handover.pk).update(**fields)
    for name, value in fields.items():
        setattr(handover, name, value)


def note_failure(*, campaign_id: int, message: str, now: datetime) -> None:
    """Say why a turn broke off; it is tried again after a while."""
    at = now + timedelta(seconds=WAITS[-1])
    rows = Handover.objects.filter(campaign=campaign_id)
    rows.update(last_error=message, retry_at=at, queued_at=None, attempts=F("attempts") + 1)


@contextmanager
def _held(campaign_id: int) -> Iterator[bool]:
    is_ours = take_for_session(Lock.HANDOVER, campaign_id % 2**31)
    try:
        yield is_ours
    finally:
        if is_ours:
            let_go(Lock.HANDOVER, campaign_id % 2**31)
