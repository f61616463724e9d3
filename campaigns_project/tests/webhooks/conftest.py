from collections.abc import Iterator
from typing import Any

import pytest

from campaigns_project.tests.webhooks.receivers import Receiver, receiving


@pytest.fixture(autouse=True)
def this_machine_may_be_told(settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.1"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
