"""Those who go on working while a campaign is deleted: each in a thread of its own, none of whom may meet an error."""

import random
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Self
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.utils import timezone

from campaigns import tokens
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, Link, Message, Recipient
from campaigns.tests.factories import LeadFactory
from campaigns.tokens import Purpose
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.models import Lead
from tracking.consequences import record_event
from tracking.ingest import drain
from tracking.models import EventType

PAUSE = 0.002  # seconds between two acts of one of them
NEWS = 0.1  # of the acts, before which one looks who got a mail meanwhile
PEOPLE = 5  # in one import, and in one enrollment


@dataclass
class Crowd:
    """Works for the length of its `with` block. `did` counts what came of it, `errors` must stay empty."""

    campaigns: list[Campaign]
    seed: int
    did: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._enough = threading.Event()
        self._people, self._links = self._all_of_them(), self._links_of_them()
        acts = (self._open, self._click, self._unsubscribe, self._reply, self._drain, self._enroll, self._import)
        self._threads = [threading.Thread(target=self._work, args=(act,), daemon=True) for act in acts]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _work(self, act: Callable[[random.Random], str]) -> None:
        chance = random.Random(f"{self.seed} {act.__name__}")
        try:
            while not self._enough.wait(PAUSE):
                self.did[act(chance)] += 1
        except Exception:  # noqa: BLE001 - whatever it is, it is told
            self.errors.append(traceback.format_exc())
        finally:
            connection.close()

    def _all_of_them(self) -> list[tuple[int, int, int]]:
        messages = Message.objects.filter(recipient__campaign__in=self.campaigns)
        return list(messages.values_list("recipient__campaign", "pk", "recipient"))

    def _links_of_them(self) -> dict[int, int]:
        return dict(Link.objects.filter(campaign__in=self.campaigns).values_list("campaign_id", "pk"))

    def _somebody(self, chance: random.Random) -> tuple[int, int, int]:
        """Campaign, message and recipient of somebody who got a mail; of those who are gone too."""
        if chance.random() < NEWS:
            self._people = sorted({*self._people, *self._all_of_them()})
            self._links = {**self._links, **self._links_of_them()}
        return chance.choice(self._people)

    def _open(self, chance: random.Random) -> str:
        _campaign, message, _recipient = self._somebody(chance)
        return f"open {self._get(Purpose.OPEN, message)}"

    def _click(self, chance: random.Random) -> str:
        campaign, message, _recipient = self._somebody(chance)
        return f"click {self._get(Purpose.CLICK, message, self._links.get(campaign, 1))}"

    def _unsubscribe(self, chance: random.Random) -> str:
        _campaign, message, _recipient = self._somebody(chance)
        address = f"/t/{tokens.sign(Purpose.UNSUBSCRIBE, message)}/unsubscribe"
        return f"unsubscribe {Client().post(address, {'List-Unsubscribe': 'One-Click'}).status_code}"

    def _reply(self, chance: random.Random) -> str:
        _campaign, _message, pk = self._somebody(chance)
        recipient = Recipient.objects.select_related("campaign__organization", "lead").filter(pk=pk).first()
        if recipient is None:
            return "reply of somebody gone"
        record_event(recipient=recipient, event_type=EventType.REPLY, at=timezone.now(), source="torture")
        return "reply"

    def _drain(self, chance: random.Random) -> str:
        return "drain" if drain(now=timezone.now(), limit=chance.randint(1, 200)) else "drain of nothing"

    def _enroll(self, chance: random.Random) -> str:
        campaign = chance.choice(self.campaigns)
        try:
            leads = Lead.objects.bulk_create([_lead(campaign) for _ in range(PEOPLE)])
            selection = Selection(lead_ids=tuple(lead.pk for lead in leads))
            enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=timezone.now())
        except Refused as refusal:
            return f"enrollment {refusal.code}"
        return "enrollment"

    def _import(self, chance: random.Random) -> str:
        campaign = chance.choice(self.campaigns)
        rows = "\n".join(f"{uuid4().hex}@import.example,Ana" for _ in range(PEOPLE))
        received = receive(
            organization=campaign.organization,
            stream=BytesIO(f"email,first_name\n{rows}\n".encode()),
            file_name="people.csv",
            options=ImportOptions(),
            actor=SYSTEM,
            now=timezone.now(),
            in_background=False,
        )
        return f"import {run_import(lead_import_id=received.pk, now=timezone.now()).status}"

    def _get(self, purpose: Purpose, message: int, link: int = 0) -> int:
        token = tokens.sign(purpose, message, link)
        return int(Client().get(f"/t/{token}/{purpose.value}").status_code)


def _lead(campaign: Campaign) -> Lead:
    address = f"{uuid4().hex}@late.example"
    return LeadFactory.build(organization=campaign.organization, email=address, email_normalized=address)
