import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.imports.options import ImportOptions, read_mapping
from leads.imports.receiving import receive
from leads.imports.repeats import earlier_import
from leads.imports.running import run_import
from leads.imports.storing import PART_SIZE, fetch_parts
from leads.models import Lead, LeadImport, LeadImportPart, Tag
from leads.tests.imports.conftest import NOON

Received = Callable[..., LeadImport]


def test_file_is_stored_as_a_queued_import_with_all_that_reading_it_takes(received: Received):
    lead_import = received("sep=;\nCourriel;Prénom;Stand\nana@acme.example;Ana;x\n", unknown_columns="custom")

    lead_import.refresh_from_db()
    assert (lead_import.status, lead_import.total_rows, lead_import.encoding, lead_import.delimiter) == (
        "queued",
        1,
        "utf-8",
        ";",
    )
    assert lead_import.mapping == {"Courriel": "email", "Prénom": "first_name", "Stand": "custom.stand"}
    assert lead_import.options["header"] == ["Courriel", "Prénom", "Stand"]
    assert lead_import.options["layout"]["skip_lines"] == 1
    assert not Lead.objects.exists()


def test_file_is_kept_in_pieces_and_comes_back_byte_for_byte(received: Received):
    content = b"email,note\n" + b"".join(b"p%d@acme.example,%s\n" % (n, b"x" * 90) for n in range(25_000))

    lead_import = received(content, unknown_columns="ignore")

    assert LeadImportPart.objects.count() == -(-len(content) // PART_SIZE) > 2
    with fetch_parts(lead_import.pk) as stream:
        assert stream.read() == content


def test_a_file_is_taken_in_and_imported_where_every_statement_is_noted(received: Received):
    """As with DEBUG on: what then stands between us and the database takes fewer arguments than the database itself."""
    with CaptureQueriesContext(connection):
        done = run_import(lead_import_id=received("email\nana@acme.example\nbad\n").pk, now=NOON)

    assert (done.status, done.created_count, done.problem_count) == ("succeeded", 1, 1)


def test_stream_may_be_a_pipe(organization: Organization):
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *args: Any) -> int:
            raise io.UnsupportedOperation("seek")

    lead_import = receive(
        organization=organization,
        stream=Pipe(b"email\nana@acme.example\n"),
        file_name="standard input",
        options=ImportOptions(),
        actor=SYSTEM,
        now=NOON,
    )

    assert lead_import.total_rows == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"email,first name\n", "header_only"),
        (b"email,first name\n\n,\n", "header_only"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "binary_file"),
        (b"email,favorite color\nana@acme.example,red\n", "unknown_columns"),
        (b"email,e-mail\nana@acme.example,x\n", "unknown_columns"),
        (b"email,company\nana@acme.example," + b"x" * 50_000_000 + b"\n", "field_too_large"),
        (b'email,company\nana@acme.example,A\nbob@acme.example,"B\n', "unclosed_quote"),
    ],
)
def test_file_that_cannot_be_imported_changes_nothing(received: Received, content: bytes, code: str):
    with pytest.raises(Refused) as refused:
        received(content, tags=("new",))

    assert refused.value.code == code
    assert refused.value.hint
    kept = (LeadImport, LeadImportPart, Lead, Tag, AuditLog, OrmQ)
    assert [model.objects.count() for model in kept] == [0] * len(kept)


def test_work_is_queued_when_the_transaction_is_committed(
    organization: Organization, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        lead_import = receive(
            organization=organization,
            stream=io.BytesIO(b"email\nana@acme.example\n"),
            file_name="people.csv",
            options=ImportOptions(),
            actor=SYSTEM,
            now=NOON,
        )
        before = OrmQ.objects.count()

    (task,) = OrmQ.objects.all()
    assert before == 0
    assert (task.task["func"], task.task["args"]) == ("leads.imports.tasks.run_import_task", (lead_import.pk,))


def test_every_import_leaves_one_audit_row_without_personal_data(received: Received):
    lead_import = received("email\nana@acme.example\n", tags=("new",))

    (row,) = AuditLog.objects.all()
    assert (row.action, row.entity_id, row.organization_ref) == (
        "import.created",
        str(lead_import.pk),
        lead_import.organization_id,
    )
    assert "ana@" not in str(row.after)


def test_tags_are_found_in_any_case_and_made_where_missing(received: Received, organization: Organization):
    known = Tag.objects.create(organization=organization, name="Fair 2026")

    lead_import = received("email\nana@acme.example\n", tags=("fair 2026", " new ", "NEW"))

    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Fair 2026", "new"]
    assert known.pk in lead_import.options["tag_ids"]
    assert len(lead_import.options["tag_ids"]) == 2


def test_same_bytes_again_are_noticed_in_one_organization_only(received: Received):
    other = Organization.objects.create(name="Other", slug="other")
    content = "email\nana@acme.example\n"

    elsewhere, first, second = received(content, into=other), received(content), received(content)

    assert [earlier_import(found) for found in (elsewhere, first, second)] == [None, None, first]


def test_file_name_that_postgres_cannot_keep_does_no_harm(organization: Organization):
    lead_import = receive(
        organization=organization,
        stream=io.BytesIO(b"email\nana@acme.example\n"),
        file_name="x" * 300 + "\0\udcff.csv",
        options=ImportOptions(),
        actor=SYSTEM,
        now=NOON,
    )

    assert lead_import.file_name.endswith("xx\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.csv")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"on_existing": "replace"}, "bad_option"),
        ({"unknown_columns": "x"}, "bad_option"),
        ({"tags": (" ",)}, "bad_tag"),
        ({"tags": ("x" * 61,)}, "bad_tag"),
        ({"tags": ("a\nb",)}, "bad_tag"),
    ],
)
def test_options_that_do_not_exist_are_refused(options: dict[str, Any], code: str):
    with pytest.raises(Refused) as refused:
        ImportOptions(**options)

    assert refused.value.code == code


def test_mapping_is_read_from_pairs_and_the_last_equals_sign_counts():
    assert read_mapping(["a=b=company", " Mail = email "]) == {"a=b": "company", "Mail": "email"}


@pytest.mark.parametrize("pair", ["email", "=email", "Mail=", ""])
def test_pair_that_is_none_is_refused(pair: str):
    with pytest.raises(Refused) as refused:
        read_mapping([pair])

    assert refused.value.code == "bad_mapping"
