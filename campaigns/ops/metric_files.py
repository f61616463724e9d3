"""Values of metrics from a file with the columns metric, date, value and, where there are any, note."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import BinaryIO

from campaigns.models import MetricDefinition
from campaigns.ops.metrics import MOST_AT_ONCE, Value, read_number, record_values
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused, SeveralRefused
from leads.imports.options import ImportOptions
from leads.imports.reading import Row, open_table

NEEDED = ("metric", "date", "value")
NAMED = 20  # wrong rows that the answer lists


def import_values(
    *, organization: Organization, stream: BinaryIO, file_name: str, author: User | None, actor: Actor, today: date
) -> tuple[int, int]:
    """Enter every row of a CSV or workbook; answers how many were new and how many stood there before.

    All or none: SeveralRefused names the rows that are wrong.
    """
    with closing(open_table(stream, file_name=file_name, options=ImportOptions(header_row=1))) as table:
        columns = _columns(table.header)
        metrics = {metric.name.casefold(): metric for metric in MetricDefinition.objects.for_organization(organization)}
        values: list[Value] = []
        wrong: list[Refused] = []
        for row in table:
            if len(values) + len(wrong) >= MOST_AT_ONCE:
                message = f"The file has more than {MOST_AT_ONCE:,} rows."
                raise Refused("too_many_rows", message, "Send it in parts.", {"field": "file"})
            try:
                values.append(_value(row, columns, metrics))
            except Refused as refused:
                wrong.append(_in_row(row.number, refused))
    if wrong:
        raise SeveralRefused(wrong[:NAMED])
    if not values:
        raise Refused("no_rows", "The file has no row below its header.", "", {"field": "file"})
    return record_values(entered=values, author=author, actor=actor, today=today)


def _columns(header: Sequence[str]) -> Mapping[str, int]:
    columns = {name.strip().casefold(): place for place, name in enumerate(header)}
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        message = f"The file has no column “{missing[0]}”."
        raise Refused("column_missing", message, "Its columns: metric, date, value, note.", {"field": "file"})
    return columns


def _value(row: Row, columns: Mapping[str, int], metrics: Mapping[str, MetricDefinition]) -> Value:
    cells = {name: row.cells[place].strip() if place < len(row.cells) else "" for name, place in columns.items()}
    metric = metrics.get(cells["metric"].casefold())
    if metric is None:
        message = f"There is no metric “{cells['metric'][:100]}”."
        raise Refused("metric_not_found", message, "Make it first, or mend its name.", {"field": "metric"})
    try:
        day = date.fromisoformat(cells["date"])
    except ValueError:
        message = f"“{cells['date'][:40]}” is not a date."
        raise Refused("not_a_date", message, "Write it as 2026-12-25.", {"field": "date"}) from None
    return Value(metric, day, read_number(cells["value"]), cells.get("note"))


def _in_row(number: int, refused: Refused) -> Refused:
    details = {**refused.details, "row": number}
    return Refused(refused.code, f"Row {number}: {refused.message}", refused.hint, details)
