"""Measuring how old something is, on machines that sleep and whose clocks are set."""

import time

import pytest

from campaigns.sending.moment import Moment


@pytest.mark.parametrize(
    ("steady_passed", "wall_passed"),
    [(3600.0, 3600.0), (0.0, 3600.0), (3600.0, -7200.0)],
    ids=["time passed", "the machine slept", "its clock was set back meanwhile"],
)
def test_a_moment_of_an_hour_ago_is_an_hour_old(steady_passed, wall_passed):
    moment = Moment(time.monotonic() - steady_passed, time.time() - wall_passed)

    assert moment.age() == pytest.approx(3600, abs=5)
