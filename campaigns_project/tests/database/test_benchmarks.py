"""What benchmarks fill their databases with fits the tables: they are run too seldom to be the first to notice."""

import json
import sys
from collections.abc import Callable

import pytest

from bench.deletion import fill as deletion
from bench.leads import fill as leads
from bench.sending.fill import due_campaign
from bench.verifying import fill as verifying
from campaigns.models import Recipient
from leads.models import Lead, StagedLead

pytestmark = pytest.mark.django_db(transaction=True)


def printed(main: Callable[[], None], arguments: list[str], monkeypatch, capsys) -> dict[str, int]:
    """What a filling says of itself."""
    monkeypatch.setattr(sys, "argv", ["fill", *arguments])
    main()
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_of_deletion(capsys):
    deletion.main("100", "300", "100")

    ids = json.loads(capsys.readouterr().out)
    assert Recipient.objects.filter(campaign=ids["doomed"]).count() == 100
    assert StagedLead.objects.filter(enrichments__isnull=False).count() == deletion.LOOSE


def test_of_verification(monkeypatch, capsys):
    rows = printed(verifying.main, ["200", "600"], monkeypatch, capsys)

    assert rows == {"recipients": 200, "messages": 2 * 97, "events": 600}


def test_of_leads(monkeypatch, capsys):
    printed(leads.main, ["1000"], monkeypatch, capsys)

    assert Lead.objects.count() == 1_000


def test_of_sending():
    campaign = due_campaign(100, port=25, senders=2)

    assert Recipient.objects.filter(campaign=campaign).count() == 100
