"""The sum rule, looked at again and again from outside while workers die."""

import threading
from typing import Self

from django.db import Error, connection, transaction

from campaigns.ledger import ledger
from campaigns.models import Campaign

EVERY = 0.2  # seconds


class Sampler:
    """Samples in a thread of its own for the length of its `with` block."""

    def __init__(self, campaign: Campaign, *, planned: int | None = None):
        self.campaign = campaign
        self.planned = planned  # None: people come in meanwhile
        self.samples = 0
        self.wrong: list[str] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._enough.wait(EVERY):
            try:
                self._look()
            except Error:  # Postgres is being restarted
                connection.close()
        connection.close()

    def _look(self) -> None:
        """One snapshot for the rows and the counter, which must say the same."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            counts = ledger(self.campaign)
            counter = Campaign.objects.values_list("emails_sent", flat=True).get(pk=self.campaign.pk)
        self.samples += 1
        planned = counts.planned if self.planned is None else self.planned
        if not counts.adds_up or counts.planned != planned or counts.sent != counter:
            self.wrong.append(f"{counts}, emails_sent {counter}")
