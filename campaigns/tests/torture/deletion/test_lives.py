"""Campaigns by every path, into being and out of it. The long form, ten thousand of them, is `make torture`."""

import pytest

from campaigns.tests.torture.deletion.lives import Plan, live_and_die


@pytest.mark.django_db(transaction=True)
@pytest.mark.long
def test_no_id_and_no_campaign_id_is_ever_used_twice(capsys):
    figures = live_and_die(Plan(campaigns=84, rounds=1, seed=20261121))

    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.violations == []
    assert figures.tombstones >= 84
