"""References without a constraint, declared on the models that carry them, so that nothing has to guess.

Where a foreign key cannot be (bulk loads below the table they speak of, rows that come before their subject), the
database knows nothing of the relation. The model then says `loose_references = [LooseReference(...)]`: deletion removes
such rows, `cleanup_orphans` finds those left behind, `verify_schema` counts them and takes every other bigint column
named `campaign_id` without a constraint for a mistake.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LooseReference:
    """`column` of the declaring model's table holds the key of a row of `to` ("campaigns.Campaign"), or NULL.

    The row belongs to what it names and goes with it.
    """

    column: str
    to: str

    @property
    def target(self) -> type[Model]:
        """The model the column speaks of."""
        return apps.get_model(self.to)


def loose_references(to: type[Model] | None = None) -> Iterator[tuple[type[Model], LooseReference]]:
    """Every declared loose reference with the model that carries it, in the order of the models; or those to `to`."""
    for model in apps.get_models():
        for reference in getattr(model, "loose_references", ()):
            if to is None or reference.target is to:
                yield model, reference


def start_empty(row: Model) -> int:
    """Remove what already names the number that `row`, which was just made, has been given; how many rows.

    Nothing can belong to a row before there is one: these were left by one that had the number before, or are stray.
    """
    removed = 0
    for model, reference in loose_references(type(row)):
        strays = model._base_manager.filter(**{reference.column: row.pk})
        if strays.exists():
            removed += strays.delete()[0]
    if removed:
        log.warning("%s %s is new: %s rows that named its number were removed", row._meta.label, row.pk, removed)
    return removed
