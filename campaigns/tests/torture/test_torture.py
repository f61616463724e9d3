"""Workers killed at random and at named points while they send; the mail server's log is the truth.

The long form is `make torture`.
"""

from pathlib import Path

import pytest

from campaigns.models import Message, Sender
from campaigns.tests.torture.fire import Plan, torture


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(240)
@pytest.mark.long
def test_workers_killed_in_mid_send_send_nothing_twice_and_lose_nothing(tmp_path, capsys):
    plan = Plan(people=150, steps=2, kills=25, seconds=75, seed=20261121)  # over with the last kill, in some 20

    figures = torture(plan, folder=tmp_path)

    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.violations == []
    assert figures.mails >= 300
    assert figures.kills.total() >= 5, _why(tmp_path)


def _why(folder: Path) -> str:
    """What kept mails from leaving for so long that hardly anybody could be killed over one."""
    senders = list(Sender.objects.values_list("pk", "status", "status_reason", "failed_tries"))
    waits = list(Message.objects.values_list("status", "reason", "smtp_reply").distinct()[:10])
    return f"{senders}\n{waits}\n{(folder / 'lanes.log').read_text()[-4000:]}"
