"""What an import did, or would do, in one shape for programs and one for people."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from leads.imports.delimiters import name_of
from leads.imports.encodings import label_of
from leads.imports.opening import columns_of
from leads.imports.previewing import FilePreview
from leads.imports.problems import problems_of
from leads.models import LeadImport
from leads.suppression import in_words

SHOWN_PROBLEMS = 10  # the rest is counted by code


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every row of the file is in one of the four counts; `do_not_contact` are those of them that say so,
    `do_not_contact_reasons` the same by what was understood: of an import, what its dry run had
    understood, where it has done the same rows.

    `import_id` is None for a dry run, which has no import.
    """

    file_name: str
    import_id: int | None
    status: str
    message: str
    encoding: str
    delimiter: str
    columns: dict[str, str | None]
    rows: int
    created: int
    updated: int
    unchanged: int
    problems: int
    do_not_contact: int
    do_not_contact_reasons: Mapping[str, int]
    problem_codes: dict[str, int]
    first_problems: list[dict[str, str | int]]

    def as_dict(self) -> dict[str, object]:
        """For programs: names as in the API, columns as header to field (null for those left out)."""
        return asdict(self)

    def as_text(self) -> str:
        """For people: how the file was read, what became of its rows, and the first problems."""
        return "\n".join([*self._reading(), *self._outcome(), *self._problems()])

    def _reading(self) -> Iterable[str]:
        divided = f"{name_of(self.delimiter)}, " if self.delimiter else ""  # a workbook has no delimiter
        yield f"{self.file_name}: {label_of(self.encoding)}, {divided}{self.rows:,} row{'' if self.rows == 1 else 's'}"
        width = max(map(len, self.columns))
        for header, target in self.columns.items():
            yield f"  {header:<{width}}  {f'→ {target}' if target else 'left out'}"

    def _outcome(self) -> Iterable[str]:
        verb = "Would import" if self.import_id is None else f"Import {self.import_id} {self.status}"
        yield (
            f"{verb}: {self.created:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged, "
            f"{self.problems:,} with problems"
        )
        if self.do_not_contact:
            rows = "1 row" if self.do_not_contact == 1 else f"{self.do_not_contact:,} rows"
            why = f" ({in_words(self.do_not_contact_reasons)})" if self.do_not_contact_reasons else ""
            done = "to be suppressed" if self.import_id is None else "suppressed"
            yield f"Must not be written to: {rows}, {done}{why}"
        if self.message:
            yield self.message

    def _problems(self) -> Iterable[str]:
        for problem in self.first_problems:
            yield f"  row {problem['row']:,}  {problem['code']}: {problem['message']}"
        if self.problems > len(self.first_problems):
            listed = ", ".join(f"{count:,} {code}" for code, count in self.problem_codes.items())
            yield f"  … in all: {listed}"


def report_of_import(lead_import: LeadImport) -> Report:
    """The report of an import that has run."""
    first = problems_of(lead_import).values_list("row_number", "problem_code", "problem_message")[:SHOWN_PROBLEMS]
    return Report(
        file_name=lead_import.file_name,
        import_id=lead_import.pk,
        status=lead_import.status,
        message=lead_import.error_message,
        encoding=lead_import.encoding,
        delimiter=lead_import.delimiter,
        columns=columns_of(lead_import).matched,
        rows=lead_import.total_rows or 0,
        created=lead_import.created_count,
        updated=lead_import.updated_count,
        unchanged=lead_import.unchanged_count,
        problems=lead_import.problem_count,
        do_not_contact=lead_import.do_not_contact_count,
        do_not_contact_reasons=_reasons_of(lead_import),
        problem_codes=_by_frequency(lead_import.problem_codes),
        first_problems=[{"row": row, "code": code, "message": message} for row, code, message in first],
    )


def _reasons_of(lead_import: LeadImport) -> dict[str, int]:
    """Those that its dry run counted over the whole file; none while, or where, only some of these rows are done."""
    reasons: dict[str, int] = lead_import.dry_run.get("do_not_contact_reasons", {})
    return reasons if sum(reasons.values()) == lead_import.do_not_contact_count else {}


def _by_frequency(codes: dict[str, int]) -> dict[str, int]:
    """The database keeps an object without its order."""
    return dict(sorted(codes.items(), key=lambda item: (-item[1], item[0])))


def report_of_preview(preview: FilePreview, *, file_name: str) -> Report:
    """The report of a dry run."""
    layout = preview.inspection.layout
    return Report(
        file_name=file_name,
        import_id=None,
        status="dry_run",
        message="",
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        columns=preview.inspection.columns.matched,
        rows=preview.rows_done,
        created=preview.created,
        updated=preview.updated,
        unchanged=preview.unchanged,
        problems=preview.problems,
        do_not_contact=preview.do_not_contact,
        do_not_contact_reasons=dict(preview.do_not_contact_reasons),
        problem_codes=dict(preview.problem_codes.most_common()),
        first_problems=[
            {"row": row.number, "code": row.problem.code, "message": row.problem.message}
            for row in preview.first_problems[:SHOWN_PROBLEMS]
        ],
    )
