import io
import json

import pytest
from django.core.management import CommandError, call_command

from tracking.tests.inbox.reading.mails import mail, report


def test_it_says_how_mails_are_read_and_why(tmp_path, capsys):
    bounce, answer = tmp_path / "bounce.eml", tmp_path / "answer.eml"
    bounce.write_bytes(report())
    answer.write_bytes(mail("Yes, please."))

    call_command("read_mail", str(bounce), str(answer))

    said = capsys.readouterr().out
    assert f"{bounce}: bounce (hard)\n  why          a delivery report (RFC 3464) says failed, 5.1.1\n" in said
    assert f"{answer}: reply\n" in said
    assert "  text         Yes, please.\n" in said


def test_a_program_gets_all_of_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(report())))

    call_command("read_mail", "-", "--json")

    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "fairlead.read_mail/1"
    assert [(one["file"], one["kind"], one["bounce"], one["code"]) for one in told["mails"]] == [
        ("-", "bounce", "hard", 550)
    ]


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_a_file_that_holds_no_mail_is_refused(tmp_path, content):
    file = tmp_path / "mail.eml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(
        CommandError, match=r"mail\.eml (cannot be read: No such file|is empty: give a mail)"
    ) as refused:
        call_command("read_mail", str(file))

    assert refused.value.returncode == 2
