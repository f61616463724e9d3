"""One cleanup of the whole database, or of one table: count, and unless it is a dry run, mend."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from django.db import Error, connection, transaction

from campaigns_project.cleanup.archive import Archive
from campaigns_project.cleanup.catalog import Catalog, is_read_only
from campaigns_project.cleanup.look import look
from campaigns_project.cleanup.queued import LOST
from campaigns_project.cleanup.references import Reference, references
from campaigns_project.cleanup.remove import remove
from campaigns_project.database import sessions
from campaigns_project.errors import Locked, Refused
from campaigns_project.faults import read_only

SWEEP_LOCK = 0x666C6F72  # "flor"
BATCH_SIZE = 5000  # rows: other writers wait for milliseconds
MOST_PASSES = 10  # a row removed without a constraint leaves its own children behind: so deep no chain of tables is


@dataclass
class Place:
    """What came of one reference: rows `found`, `mended` (removed, or cleared where `clears`), the first keys."""

    where: str
    parent: str
    clears: bool = False
    found: int = 0
    mended: int = 0
    samples: list[str] = field(default_factory=list)
    problem: str = ""


@dataclass
class Sweep:
    """Every place that was looked at, and what could not be."""

    places: list[Place]
    is_dry_run: bool

    @property
    def found(self) -> int:
        return sum(place.found for place in self.places)

    @property
    def mended(self) -> int:
        return sum(place.mended for place in self.places)

    @property
    def counts(self) -> dict[str, int]:
        """What was found, by table and column; nothing where nothing was."""
        return {place.where: place.found for place in self.places if place.found}

    @property
    def problems(self) -> list[str]:
        return [f"{place.where}: {place.problem}" for place in self.places if place.problem]


def _nothing() -> None:
    """Nobody has to know."""


def sweep(
    *,
    dry_run: bool,
    table: str = "",
    batch_size: int = BATCH_SIZE,
    archive: Archive | None = None,
    begin: Callable[[], None] = _nothing,
) -> Sweep:
    """Look at every reference (those of `table` alone, where one is named) and mend what has lost its parent.

    A table that is missing or fails is reported and the others go on. Run again it finds nothing. Raises Locked while
    another one is under way, DatabaseFault where the database only reads, Refused for a table that has no reference.
    """
    chosen = _chosen(table)
    if not dry_run:
        require_writable()
    with only_one():
        begin()
        places = _pass(chosen, dry_run=dry_run, batch_size=batch_size, archive=archive, with_queue=not table)
        swept = Sweep(places, dry_run)
        for _ in range(MOST_PASSES):
            if dry_run or not any(place.mended for place in places):
                break
            places = _pass(chosen, dry_run=False, batch_size=batch_size, archive=archive, with_queue=not table)
            _add(swept, places)
    return swept


def require_writable() -> None:
    """Raise DatabaseFault where the database only reads."""
    if is_read_only():
        raise read_only()


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of cleanups; Locked where another process does."""
    if not sessions.take(connection, SWEEP_LOCK):
        raise Locked("cleanup_runs", "Another cleanup is under way.", "Wait until it has ended.")
    try:
        yield
    finally:
        sessions.let_go(connection, SWEEP_LOCK)


def _chosen(table: str) -> list[Reference]:
    everything = references()
    chosen = [each for each in everything if not table or each.table == table]
    if not chosen:
        known = ", ".join(sorted({each.table for each in everything}))
        raise Refused("unknown_table", f"No model declares a reference of a table “{table}”.", f"There are: {known}.")
    return chosen


def _pass(
    chosen: list[Reference], *, dry_run: bool, batch_size: int, archive: Archive | None, with_queue: bool
) -> list[Place]:
    catalog, places = Catalog(), []
    for each in chosen:
        place = Place(str(each), each.parent, each.clears, problem=catalog.missing(each))
        if not place.problem:
            batches = () if dry_run else remove(each, batch_size=batch_size, archive=archive)
            _tried(place, partial(look, each), batches)
        places.append(place)
    for lost in LOST if with_queue else ():
        queue = Place(lost.where, lost.parent)
        _tried(queue, lost.look, () if dry_run else lost.clear(batch_size=batch_size))
        places.append(queue)
    return places


def _tried(place: Place, count: Callable[[], tuple[int, list[str]]], batches: Iterable[int]) -> None:
    """Count and mend; what goes wrong is kept in the place, in words. A savepoint keeps it from the next one."""
    try:
        with transaction.atomic():
            place.found, place.samples = count()
        if place.found:
            for mended in batches:
                place.mended += mended
    except (Error, OSError) as error:
        place.problem = str(error).strip().splitlines()[0]


def _add(swept: Sweep, later: list[Place]) -> None:
    """What a further pass found had lost its parent by what the one before removed."""
    for place, more in zip(swept.places, later, strict=True):
        place.found += max(0, more.found - (place.found - place.mended))
        place.mended += more.mended
        place.problem = place.problem or more.problem
