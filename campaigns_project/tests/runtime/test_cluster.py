"""The task cluster by itself, in a process of its own."""

from pathlib import Path

import pytest

from campaigns_project.tests.processes import started

pytestmark = pytest.mark.django_db(transaction=True)

# Interrupted at the very moment at which it has forked the first of its processes, and knows nothing of it yet.
INTERRUPTED_WHILE_FORKING = """
import os, signal, sys
import django

django.setup()
from campaigns_project.runtime import cluster

os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))
sys.exit(not cluster.run())
"""


def test_a_signal_while_it_forks_is_not_lost(tmp_path: Path):
    log = tmp_path / "log"
    with started("-c", INTERRUPTED_WHILE_FORKING, log=log) as cluster:
        assert cluster.wait(timeout=60) == 0, log.read_text()
