import io
from collections.abc import Callable

import pytest
from django.db import connection

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.models import AuditLog
from leads.imports import checking
from leads.imports.options import ImportOptions
from leads.imports.previewing import Preview, dry_run
from leads.models import Lead, LeadImport, RawLead, StagedLead, Tag

Files = Callable[..., LeadImport]
BEFORE = "email,first name,b\nana@acme.example,Ana,old\nbob@acme.example,,\neve@acme.example,Eve,x\n"
FILE = (
    "email,first name,b\nANA@acme.example,Anna,old\nbob@acme.example,Bob,y\neve@acme.example,Eve,\n"
    "new@acme.example,New,\nbad,,\nnew@acme.example,,\nshort@acme.example\n"
)


def preview(organization: Organization, on_existing: str = "fill") -> Preview:
    options = ImportOptions(unknown_columns="custom", on_existing=on_existing, tags=("new",))
    return dry_run(organization=organization, stream=io.BytesIO(FILE.encode()), file_name="people.csv", options=options)


@pytest.mark.parametrize("on_existing", ["fill", "overwrite", "skip"])
def test_dry_run_gives_the_numbers_that_the_import_then_gives(
    imported: Files, organization: Organization, on_existing: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checking, "CHUNK_ROWS", 2)
    imported(BEFORE, unknown_columns="custom")

    said = preview(organization, on_existing)
    done = imported(FILE, unknown_columns="custom", on_existing=on_existing)

    assert (said.rows_done, said.created, said.updated, said.unchanged, said.problems) == (
        done.rows_done,
        done.created_count,
        done.updated_count,
        done.unchanged_count,
        done.problem_count,
    )
    assert said.problem_codes == {"invalid_email": 1, "duplicate_in_file": 1, "too_few_columns": 1}
    assert said.created == 1


def test_dry_run_writes_nothing(organization: Organization):
    preview(organization)

    assert [model.objects.count() for model in (Lead, LeadImport, RawLead, StagedLead, Tag, AuditLog)] == [0] * 6


@pytest.mark.django_db(transaction=True)
def test_dry_run_leaves_no_table_behind(organization: Organization):
    preview(organization)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'import_rows'")
        assert cursor.fetchone() == (0,)
