"""The command."""

import json
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from campaigns.tests.factories import SendingHaltFactory

pytestmark = pytest.mark.django_db


def doctor(*arguments: str) -> tuple[str, int]:
    """What it writes, and its exit code."""
    output = StringIO()
    try:
        call_command("doctor", *arguments, stdout=output, no_color=True)
    except SystemExit as end:
        return output.getvalue(), int(end.code or 0)
    return output.getvalue(), 0


def test_it_prints_one_json_object_and_exits_by_the_findings():
    output, code = doctor("--json")

    answer = json.loads(output)
    assert code == 8
    assert (answer["schema"], answer["healthy"]) == ("fairlead.doctor/1", False)
    assert {check["name"] for check in answer["checks"]} >= {"database", "workers", "queue", "mailbox"}


def test_the_lines_carry_a_mark_and_what_to_do():
    output, _code = doctor()

    assert "✓ database " in output
    assert "✗ workers " in output
    assert "Start one: manage.py run_worker" in output


def test_only_what_is_named_is_examined():
    assert doctor("--only", "queue, work") == (
        "✓ queue      0 tasks waiting, 0 in work.\n"
        "✓ work       No task and no job has failed in the last 24 hours.\n"
        "✓ work       0 mails left in the last minute.\n",
        0,
    )


def test_a_name_that_means_nothing_is_refused_with_those_that_do():
    with pytest.raises(CommandError, match=r"nonsense cannot be examined; there are settings, mailbox, database"):
        doctor("--only", "queue,nonsense")


def test_warnings_count_where_that_is_asked():
    SendingHaltFactory(organization=None)

    assert [doctor("--only", "sending")[1], doctor("--only", "sending", "--fail-on", "warn")[1]] == [0, 6]


def test_with_more_words_it_shows_what_is_behind_a_finding():
    assert "SECRET_KEY: set" not in doctor("--only", "settings")[0]
    assert "SECRET_KEY: set" in doctor("--only", "settings", "-v2")[0]


def test_a_bundle_is_written_for_its_owner_alone_and_over_nothing(tmp_path: Path):
    file = tmp_path / "bundle.json"

    doctor("--only", "queue", "--bundle", str(file))

    assert json.loads(file.read_text())["schema"] == "fairlead.support_bundle/1"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="Name a file that is not there yet"):
        doctor("--only", "queue", "--bundle", str(file))
