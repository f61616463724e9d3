"""An equal copy of a campaign's tables, where every rule is in Python as Django has it by default.

The same columns, indexes, checks and rows, in a schema of their own; the foreign keys are those that Django makes for
`on_delete=CASCADE`: no rule in the database, checked at the end of the transaction. Triggers are not copied.
"""

from django.db import connection, models

from bench.deletion.chain import chain, references
from campaigns.models import Campaign

SCHEMA = "by_python"
INSTALLED = Campaign._meta.app_label  # Django looks for what refers to a model in installed apps alone


def copy_tables() -> None:
    """Make the tables, fill them, index them and let the planner look at them."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for model in chain():
            table = model._meta.db_table
            cursor.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE {table} INCLUDING ALL EXCLUDING INDEXES)")
            cursor.execute(
                f"INSERT INTO {SCHEMA}.{table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}"  # noqa: S608 - our names
            )
            for statement in _indexes(table):
                cursor.execute(statement)
        for statement in _foreign_keys():
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


def copied_models() -> dict[type[models.Model], type[models.Model]]:
    """A model for each table of the copy, by the model it is a copy of."""
    copies: dict[type[models.Model], type[models.Model]] = {}
    for model in chain():
        fields = {field.name: _plain(field) for field in model._meta.concrete_fields}
        fields |= {field.name: _reference(field) for field in references(model)}
        table = f'{SCHEMA}"."{model._meta.db_table}'
        meta = type("Meta", (), {"db_table": table, "managed": False, "app_label": INSTALLED})
        copies[model] = type(_name(model), (models.Model,), {**fields, "Meta": meta, "__module__": __name__})
    return copies


def _name(model: type[models.Model]) -> str:
    return f"Copied{model.__name__}"


def _reference(field: models.ForeignKey) -> models.Field:
    rule = models.SET_NULL if field.remote_field.on_delete is models.DB_SET_NULL else models.CASCADE
    return models.ForeignKey(
        f"{INSTALLED}.{_name(field.remote_field.model)}",
        on_delete=rule,
        null=field.null,
        db_column=field.column,
        related_name="+",
    )


def _plain(field: models.Field) -> models.Field:
    """The field without what it says about other tables, which are not copied."""
    if isinstance(field, models.ForeignKey):
        return models.BigIntegerField(null=field.null, db_column=field.column)
    return field.clone()


def _indexes(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass", [f"public.{table}"]
        )
        return [definition.replace(" ON public.", f" ON {SCHEMA}.", 1) for (definition,) in cursor.fetchall()]


def _foreign_keys() -> list[str]:
    return [
        f"ALTER TABLE {SCHEMA}.{model._meta.db_table} ADD FOREIGN KEY ({field.column})"
        f" REFERENCES {SCHEMA}.{field.remote_field.model._meta.db_table} (id) DEFERRABLE INITIALLY DEFERRED"
        for model in chain()
        for field in references(model)
    ]
