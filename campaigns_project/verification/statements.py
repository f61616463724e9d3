"""The statements that would make a database what it should be. They are printed for a person, and never run by us."""

from typing import Any

from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.names import literal, quoted

Entry = dict[str, Any]
CONSTRAINT_ORDER = "puxcf"  # keys before what refers to them


def create_table(name: str, expected: Catalogue) -> str:
    """The table with everything that stands on it."""
    columns = ",\n    ".join(_column(entry) for entry in of_table(expected, "columns", name))
    constraints = sorted(of_table(expected, "constraints", name), key=lambda each: CONSTRAINT_ORDER.index(each["kind"]))
    return "\n".join(
        [
            f"CREATE TABLE {quoted(name)} (\n    {columns}\n);",
            *(add_constraint(entry) for entry in constraints),
            *(create_index(entry, concurrently=False) for entry in of_table(expected, "indexes", name)),
            *(create_trigger(entry) for entry in of_table(expected, "triggers", name)),
        ]
    )


def of_table(catalogue: Catalogue, kind: str, table: str) -> list[Entry]:
    """What of this kind stands on the table."""
    return [entry for entry in catalogue[kind].values() if entry["table"] == table]


def add_column(entry: Entry) -> str:
    return f"ALTER TABLE {quoted(entry['table'])} ADD COLUMN {_column(entry)};"


def add_column_to_be_filled(entry: Entry) -> str:
    """One without a default, which cannot be NOT NULL before the rows that are there have a value."""
    added = add_column({**entry, "not_null": False})
    return f"{added}\n-- Give the rows that are there a value, then:\n-- {change_null(entry)}"


def _column(entry: Entry) -> str:
    parts = [quoted(entry["column"]), entry["type"]]
    if entry["collation"]:
        parts.append(f"COLLATE {quoted(entry['collation'])}")
    if entry["generated"]:
        parts.append(f"GENERATED ALWAYS AS ({entry['default']}) {'STORED' if entry['generated'] == 's' else 'VIRTUAL'}")
    elif entry["identity"]:
        parts.append(f"GENERATED {_identity(entry)} AS IDENTITY")
    elif entry["default"]:
        parts.append(f"DEFAULT {entry['default']}")
    return " ".join([*parts, *(["NOT NULL"] if entry["not_null"] else [])])


def _identity(entry: Entry) -> str:
    return "ALWAYS" if entry["identity"] == "a" else "BY DEFAULT"


def _alter_column(entry: Entry, change: str) -> str:
    return f"ALTER TABLE {quoted(entry['table'])} ALTER COLUMN {quoted(entry['column'])} {change};"


def change_type(entry: Entry) -> str:
    collation = f" COLLATE {quoted(entry['collation'])}" if entry["collation"] else ""
    return _alter_column(entry, f"TYPE {entry['type']}{collation} USING {quoted(entry['column'])}::{entry['type']}")


def change_null(entry: Entry) -> str:
    return _alter_column(entry, "SET NOT NULL" if entry["not_null"] else "DROP NOT NULL")


def change_default(entry: Entry) -> str:
    if entry["generated"]:
        return _alter_column(entry, f"SET EXPRESSION AS ({entry['default']})")
    return _alter_column(entry, f"SET DEFAULT {entry['default']}" if entry["default"] else "DROP DEFAULT")


def change_identity(entry: Entry, found: Entry) -> str:
    """Make the column number its rows itself, from the first free number on; or no longer."""
    if not entry["identity"]:
        return _alter_column(entry, "DROP IDENTITY")
    if found["identity"]:
        return _alter_column(entry, f"SET GENERATED {_identity(entry)}")
    table, column = quoted(entry["table"]), quoted(entry["column"])
    drop = [_alter_column(entry, "DROP DEFAULT")] if found["default"] else []
    place = f"pg_get_serial_sequence({literal(table)}, {literal(entry['column'])})"
    return "\n".join(
        [
            *drop,
            _alter_column(entry, f"ADD GENERATED {_identity(entry)} AS IDENTITY"),
            f"SELECT setval({place}, coalesce(max({column}), 0) + 1, false) FROM {table};",  # noqa: S608 - is not run
        ]
    )


def change_sequence(entry: Entry) -> str:
    cycle = "CYCLE" if entry["cycles"] else "NO CYCLE"
    return (
        f"ALTER SEQUENCE {quoted(entry['name'])} AS {entry['type']} INCREMENT BY {entry['increment']} "
        f"MINVALUE {entry['minimum']} MAXVALUE {entry['maximum']} {cycle};"
    )


def raise_sequence(sequence: str, value: int) -> str:
    return f"SELECT setval({literal(quoted(sequence))}::regclass, {value});"


def add_constraint(entry: Entry) -> str:
    return f"ALTER TABLE {quoted(entry['table'])} ADD CONSTRAINT {quoted(entry['name'])} {entry['definition']};"


def drop_constraint(entry: Entry) -> str:
    """That of one of our tables, or of a table in the schema that the entry names."""
    schema = f"{quoted(entry['schema'])}." if "schema" in entry else ""
    return f"ALTER TABLE {schema}{quoted(entry['table'])} DROP CONSTRAINT {quoted(entry['name'])};"


def rename_constraint(entry: Entry, name: str) -> str:
    return f"ALTER TABLE {quoted(entry['table'])} RENAME CONSTRAINT {quoted(entry['name'])} TO {quoted(name)};"


def validate_constraint(entry: Entry) -> str:
    return f"ALTER TABLE {quoted(entry['table'])} VALIDATE CONSTRAINT {quoted(entry['name'])};"


def heed_constraint(entry: Entry) -> str:
    tables = dict.fromkeys([entry["table"], entry["references"]])
    return "\n".join(f"ALTER TABLE {quoted(table)} ENABLE TRIGGER ALL;" for table in tables if table)


def create_index(entry: Entry, *, concurrently: bool = True) -> str:
    unique, how = "UNIQUE " if entry["unique"] else "", "CONCURRENTLY " if concurrently else ""
    return f"CREATE {unique}INDEX {how}{quoted(entry['name'])} ON {quoted(entry['table'])} {entry['definition']};"


def drop_index(entry: Entry) -> str:
    return f"DROP INDEX CONCURRENTLY {quoted(entry['name'])};"


def rebuild_index(entry: Entry) -> str:
    return f"REINDEX INDEX CONCURRENTLY {quoted(entry['name'])};"


def create_function(entry: Entry) -> str:
    return f"{entry['function'].rstrip()};"


def create_trigger(entry: Entry) -> str:
    return f"{create_function(entry)}\n{entry['definition']};"


def drop_trigger(entry: Entry) -> str:
    return f"DROP TRIGGER {quoted(entry['name'])} ON {quoted(entry['table'])};"


def enable_trigger(entry: Entry) -> str:
    return f"ALTER TABLE {quoted(entry['table'])} ENABLE TRIGGER {quoted(entry['name'])};"


def drop_rule(entry: Entry) -> str:
    return f"DROP RULE {quoted(entry['name'])} ON {quoted(entry['table'])};"


def create_view(name: str, entry: Entry) -> str:
    return f"CREATE {_view_kind(entry)} {quoted(name)} AS {entry['definition'].strip()}"


def drop_view(name: str, entry: Entry) -> str:
    return f"DROP {_view_kind(entry)} {quoted(name)};"


def _view_kind(entry: Entry) -> str:
    return "MATERIALIZED VIEW" if entry["materialized"] else "VIEW"
