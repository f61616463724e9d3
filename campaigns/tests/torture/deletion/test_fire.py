"""A campaign deleted under fire. The long form is `make torture`."""

import pytest

from campaigns.tests.torture.deletion.fire import Plan, delete_under_fire


@pytest.mark.django_db(transaction=True)
def test_a_deletion_disturbs_nobody_else_and_leaves_nothing(tmp_path, capsys):
    figures = delete_under_fire(Plan(people=150, events_each=250, seed=20261121), folder=tmp_path)

    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.violations == []
    assert figures.removed["events"] > 5_000
    assert {"enrollment", "import succeeded", "open 200", "drain"} <= set(figures.did)
