import pytest

from tracking.inbound.refusals import refusals


@pytest.fixture(autouse=True)
def _nothing_was_refused_before():
    refusals.forget()
