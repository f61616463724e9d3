"""A deletion whose worker is killed in the middle. The long form is `make torture`."""

import pytest

from campaigns.tests.torture.deletion.kills import Plan, kill_in_mid_deletion


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_was_killed_is_completed_and_its_counts_are_right(tmp_path, capsys):
    plan = Plan(recipients=8_000, kills=8, seconds=25, seed=20261121)

    figures = kill_in_mid_deletion(plan, folder=tmp_path)

    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.violations == []
    assert figures.halfway >= 3
