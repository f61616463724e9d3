"""What /imports takes and answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns_project.rest.serializers import KeptJSONField, LineField, StrictSerializer
from campaigns_project.states import ProgressStatus
from leads.imports.matching import UNKNOWN_COLUMNS
from leads.imports.opt_outs import IN, OUT
from leads.imports.options import HEADER_ROW_MAX, LEGAL_BASIS_MAX, ON_EXISTING
from leads.models import LeadImport, StagedLead

_KEPT_OPTIONS = ("on_existing", "unknown_columns", "tags", "enroll_into", "legal_basis", "words")


class ImportSerializer(serializers.ModelSerializer):
    """One file: how it was read, how far it is, what became of its rows."""

    mapping = serializers.DictField(
        child=serializers.CharField(allow_null=True),
        read_only=True,
        help_text="Header to field, as it was matched or asked for.",
    )
    problem_codes = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, help_text="Problems by code, counted at the end."
    )
    options = serializers.SerializerMethodField(help_text="What is done with its people.")
    marks = serializers.SerializerMethodField(
        help_text="Of a draft: the columns that say who must not be written to, or may say it, each with its words and "
        "how many rows have them. undecided is true while nobody has said what the column is; it cannot be committed."
    )
    dry_run = serializers.SerializerMethodField(
        help_text="What importing would do, once dry_run_status is succeeded: rows, created, updated, unchanged, "
        "problems, do_not_contact, do_not_contact_reasons (the same by the reason that was understood), problem_codes, "
        "field_changes, samples of differences, first_problems."
    )

    class Meta:
        model = LeadImport
        fields = [
            "id", "source", "file_name", "file_size", "encoding", "delimiter", "mapping", "options", "marks", "status",
            "total_rows", "rows_done", "created_count", "updated_count", "unchanged_count", "problem_count",
            "do_not_contact_count", "problem_codes", "error_message", "dry_run_status", "dry_run_at", "dry_run",
            "undo_status", "undone_at", "undone_count", "created_by", "created_at", "started_at", "heartbeat_at",
            "finished_at", "rows_removed_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_options(self, lead_import: LeadImport) -> dict[str, Any]:
        return {name: lead_import.options[name] for name in _KEPT_OPTIONS if name in lead_import.options}

    def get_marks(self, lead_import: LeadImport) -> dict[str, dict[str, Any]]:
        undecided = lead_import.options.get("undecided", {})
        return {
            column: {"words": words, "undecided": column in undecided}
            for column, words in lead_import.options.get("words_found", {}).items()
        }

    def get_dry_run(self, lead_import: LeadImport) -> dict[str, Any] | None:
        ended = lead_import.dry_run_status in ProgressStatus.ended
        return lead_import.dry_run if ended else None


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class ColumnMap(KeptJSONField):
    """Header to field; as JSON text in a form, since a form has no objects."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        mapping = super().to_internal_value(data)
        if not isinstance(mapping, dict) or not all(isinstance(target, str) for target in mapping.values()):
            raise serializers.ValidationError('Write a JSON object of texts: {"E-mail": "email", "Notes": "ignore"}.')
        return mapping


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "enum": [OUT, IN]}})
class DecidedWords(KeptJSONField):
    """Word to what it says; as JSON text in a form."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        words = super().to_internal_value(data)
        if not isinstance(words, dict) or not all(said in (OUT, IN) for said in words.values()):
            raise serializers.ValidationError('Write a JSON object such as {"Do not contact": "out", "*": "in"}.')
        return words


class WishesSerializer(StrictSerializer):
    """What to do with the people, whatever they came as."""

    tags = serializers.ListField(child=LineField(max_length=60), required=False, help_text="Repeat the field for more.")
    on_existing = serializers.ChoiceField(
        ON_EXISTING,
        required=False,
        help_text="For a lead that is there: fill what is empty (default), overwrite with what came, or skip.",
    )
    unknown_columns = serializers.ChoiceField(
        UNKNOWN_COLUMNS,
        required=False,
        help_text="Columns that match no field: refuse (default), keep them as custom fields, or ignore them.",
    )
    mapping = ColumnMap(
        required=False,
        help_text="Header to field, do_not_contact (of any number of columns), custom.NAME or ignore; wins over what "
        "is matched.",
    )
    words = DecidedWords(
        required=False,
        help_text="What the words of do_not_contact columns say: out or in, over what is known of them. * is every "
        "word that nobody knows, whose rows are problems otherwise.",
    )
    enroll_into = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="The number of a draft campaign to put them into."
    )
    legal_basis = serializers.CharField(
        required=False, allow_blank=True, max_length=LEGAL_BASIS_MAX, help_text="Why they may be written to."
    )


class ReadingSerializer(WishesSerializer):
    """And how to read a file."""

    encoding = LineField(required=False, allow_blank=True, max_length=40, help_text="Detected unless given.")
    delimiter = serializers.CharField(
        required=False, allow_blank=True, max_length=1, trim_whitespace=False, help_text="Detected unless given."
    )

    sheet = LineField(
        required=False, allow_blank=True, max_length=100, help_text="Of a workbook; else the first with addresses."
    )
    header_row = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=HEADER_ROW_MAX, help_text="Detected unless given."
    )


class CommitSerializer(StrictSerializer):
    """Going ahead with a draft."""

    confirm_repeat = serializers.BooleanField(default=False, help_text="Import the very same file once more.")


class NewImportSerializer(ReadingSerializer, CommitSerializer):
    """A file and how to take it."""

    file = serializers.FileField(allow_empty_file=True)  # an empty one gets the import's own answer
    commit = serializers.BooleanField(default=True, help_text="Off: a draft, which imports nothing yet.")
    dry_run = serializers.BooleanField(default=False, help_text="Count what an import would do, and write nothing.")


@extend_schema_field({"type": "object", "additionalProperties": {}})
class RecordField(serializers.JSONField):
    """One person, by name of the column."""


class NewRowsSerializer(WishesSerializer, CommitSerializer):
    """People as records: their names are the columns, the first of them is row 1."""

    rows = serializers.ListField(child=RecordField(), allow_empty=False)
    name = LineField(default="API rows", max_length=200, help_text="What the import is called in lists.")
    commit = serializers.BooleanField(default=True, help_text="Off: a draft, which imports nothing yet.")


class FixedRowSerializer(StrictSerializer):
    """Every cell of one row, in the order of the file."""

    row_number = serializers.IntegerField(min_value=1)
    cells = serializers.ListField(child=serializers.CharField(allow_blank=True, trim_whitespace=False))


class ImportChangesSerializer(ReadingSerializer):
    """What to change of a draft; what is not named stays."""

    rows = FixedRowSerializer(many=True, required=False, help_text="Corrected rows, kept beside the file.")


class PreviewSerializer(serializers.Serializer):
    """What an import of the file would give now."""

    dry_run = serializers.BooleanField()
    encoding = serializers.CharField()
    delimiter = serializers.CharField()
    mapping = serializers.DictField(child=serializers.CharField(allow_null=True))
    total_rows = serializers.IntegerField()
    created_count = serializers.IntegerField()
    updated_count = serializers.IntegerField()
    unchanged_count = serializers.IntegerField()
    problem_count = serializers.IntegerField()
    do_not_contact_count = serializers.IntegerField(
        help_text="Rows that say not to write to their person; importing suppresses them."
    )
    problem_codes = serializers.DictField(child=serializers.IntegerField(), help_text="Problems by code.")


class UndoPreviewSerializer(serializers.Serializer):
    """What undoing would do now; with is_all the numbers are exact, else those of the first leads looked at."""

    looked_at = serializers.IntegerField()
    removable = serializers.IntegerField()
    kept = serializers.DictField(child=serializers.IntegerField(), help_text="Leads that stay, by why.")
    is_all = serializers.BooleanField()
    do_not_contact = serializers.IntegerField(help_text="Rows whose people stay suppressed: out means out.")


@extend_schema_field({"type": ["array", "object"], "items": {}, "additionalProperties": {}})
class CellsField(serializers.JSONField):
    """The cells in the order of the file, or the record."""


class ImportProblemSerializer(serializers.ModelSerializer):
    """A row that became no lead. `row_number` counts as a spreadsheet does: the header is row 1."""

    column = serializers.CharField(source="problem_column")
    code = serializers.CharField(source="problem_code")
    message = serializers.CharField(source="problem_message")
    row = CellsField(source="raw_lead.payload", help_text="The cells as they came.")

    class Meta:
        model = StagedLead
        fields = ["row_number", "column", "code", "message", "row"]
        read_only_fields = fields
