"""What a worker was about to send and what came of it, on its own disk: it survives the worker's death.

A line is written *before* what it says is begun, so that after a kill it is known of every mail but the one in hand
whether the server can have it. The file is mapped into memory and a line is a copy, which costs no system call: what a
process stored in a shared mapping is in the file when it is killed. Nothing is flushed to the disk; after a power loss
the journal is not believed (its machine was booted anew). It is believed only by who holds the lock its owner held: a
stopped process may wake.
"""

import errno
import fcntl
import logging
import mmap
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]
from django.conf import settings

from campaigns.delivery.outcomes import Accepted, Outcome, Uncertain
from campaigns.sending.claim import Claim
from campaigns_project.database import identity
from campaigns_project.faults import is_of_the_database

KEPT_SECONDS = 14 * 24 * 3600.0  # a journal of another boot is of no use; so long it may lie beside the others
ROOM = 65_536  # bytes: about what a full chunk takes; more is made where it is not enough
SET_ASIDE = ".broken"  # behind the name of a journal that could not be settled
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

logger = logging.getLogger(__name__)


class Fate(StrEnum):
    """What a journal says of a claimed message."""

    CLAIMED = "C"  # taken, and nothing of it said to a server
    MAKING = "M"  # in the chunk that was being made when the worker ended: one of them may have ended it
    BEGUN = "S"  # its content may have gone out
    ACCEPTED = "A"  # the server took it
    NOT_SENT = "N"  # the server surely has not got it


# The lines that every mail writes.
_BEGUN = f"{Fate.BEGUN} %d %d\n".encode()
_ACCEPTED = f"{Fate.ACCEPTED} %d %d %d %d\n".encode()
_NOT_SENT = f"{Fate.NOT_SENT} %d %d\n".encode()


@dataclass(frozen=True, slots=True)
class Entry:
    """The last word on a message under this fence; `code` and `at` (seconds since 1970) where a server took it."""

    message: int
    fence: int
    fate: Fate
    code: int = 0
    at: int = 0


class Journal:
    """One worker's journal; for one thread. Entered it is kept, else every call does nothing.

    Where it cannot be written, sending goes on, and nothing of it is believed later.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = folder or journal_folder()
        self._path = self._unborn = self._folder  # named when it is begun
        self._file: int | None = None
        self._map: mmap.mmap | None = None
        self._begin = self._end = 0  # of the lines behind the header
        self._open_claims = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave nothing behind but what is still to be settled."""
        self._end_it()

    def _start(self) -> None:
        self._path = self._folder / f"{uuid.uuid4().hex}.journal"
        self._unborn = self._path.with_suffix(".new")
        self._end = self._open_claims = 0
        header = f"fairlead 1 {boot_id()}\n".encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Locked before it gets the name under which others look for journals.
            self._file = os.open(self._unborn, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._append(header)
            self._unborn.rename(self._path)
            self._begin = self._end
        except OSError as error:
            self._distrust(error)

    def _end_it(self) -> None:
        if self._file is not None:
            if not self._open_claims:
                self._path.unlink(missing_ok=True)
            elif not os.fstat(self._file).st_nlink:
                self._put_back(self._file)
            self._close(keep=self._end)

    def _put_back(self, file: int) -> None:
        """Somebody removed it while it was written: what it says is still known."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._unborn.touch(mode=0o600)
            self._unborn.write_bytes(os.pread(file, self._end, 0))
            self._unborn.rename(self._path)
        except OSError as error:
            logger.warning("the journal was removed and cannot be put back: %s", error)

    def leave_behind(self) -> None:
        """Begin another one. What is not settled in this one is for who inherits from the dead, as if we had died."""
        if self._file is not None:
            self._end_it()
            self._start()

    def claimed(self, claims: Sequence[Claim]) -> None:
        """These were taken; to be said once their rows are committed."""
        self._open_claims += len(claims)
        self._write("".join(f"{Fate.CLAIMED} {claim.message} {claim.fence}\n" for claim in claims).encode())

    @contextmanager
    def making(self) -> Iterator[None]:
        """While mails are made of everything claimed: what ends the worker now is one of them.

        An error of the database is nobody's fault: it may be away. Any other is that of one of them, too.
        """
        is_ones_fault = False
        self._write(f"{Fate.MAKING} 1 0\n".encode())
        try:
            yield
        except Exception as error:
            is_ones_fault = not is_of_the_database(error)
            raise
        finally:
            if not is_ones_fault:
                self._write(f"{Fate.MAKING} 0 0\n".encode())

    def begin(self, claim: Claim) -> None:
        """Its content goes out next."""
        self._write(_BEGUN % (claim.message, claim.fence))

    def ended(self, claim: Claim, outcome: Outcome) -> None:
        """What came of a mail; one nobody knows of stays begun."""
        if isinstance(outcome, Accepted):
            self._write(_ACCEPTED % (claim.message, claim.fence, outcome.code, time.time()))
        elif not isinstance(outcome, Uncertain):
            self._write(_NOT_SENT % (claim.message, claim.fence))

    def settled(self) -> None:
        """Everything claimed so far is settled in the database: begin a new page."""
        self._open_claims = 0
        if self._map is not None:
            self._map[self._begin : self._end] = bytes(self._end - self._begin)
            self._end = self._begin

    def _write(self, lines: bytes) -> None:
        if self._map is None or not lines:
            return
        try:
            self._append(lines)
        except OSError as error:
            self._distrust(error)

    def _append(self, data: bytes) -> None:
        """OSError where the disk has no room for it."""
        if self._file is None:
            return
        room, end = self._map, self._end + len(data)
        while room is None or end >= len(room):
            room = self._map = self._roomier(self._file)
        room[self._end : end] = data
        self._end = end

    def _roomier(self, file: int) -> mmap.mmap:
        """The file, longer than it was, with room for it on the disk: a mapping without would end the process."""
        have = os.fstat(file).st_size
        size = 2 * have or ROOM
        # Written and not merely reserved, which not every system can do.
        if os.pwrite(file, bytes(size - have), have) != size - have:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._map is not None:
            self._map.close()
        return mmap.mmap(file, size)

    def _close(self, *, keep: int) -> None:
        """Close the file with its first `keep` bytes."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._file is not None:
            os.ftruncate(self._file, keep)
            os.close(self._file)
            self._file = None

    def _distrust(self, error: OSError) -> None:
        """A journal with a gap would call a mail unsent that was sent: better none at all."""
        logger.warning("no journal is kept (%s): a kill of this worker may leave more uncertain mails", error)
        if self._file is not None:
            # Both work on a full disk; should they fail, the error ends the turn before anything more is sent.
            self._close(keep=0)
            for path in (self._path, self._unborn):
                path.unlink(missing_ok=True)


def journal_folder() -> Path:
    """Where the journals of this database's workers are on this machine."""
    return Path(settings.VAR_DIR) / "journal" / identity.configured().instance


@cache
def boot_id() -> str:
    """Names this run of the machine's kernel."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else f"booted-{psutil.boot_time():.0f}"


@contextmanager
def bequest(path: Path) -> Iterator[list[Entry]]:
    """What the dead owner of a journal left, while its lock is ours; nothing where the owner lives.

    The journal is removed at the end unless an error says that its entries were not dealt with.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):  # another was faster
            logger.warning("the journal %s of another worker cannot be read: %s", path.name, error)
        yield []
        return
    try:
        if _is_ours(file):
            entries = _read(file)
            yield entries or []
            if entries is not None or time.time() - os.fstat(file).st_mtime > KEPT_SECONDS:
                path.unlink(missing_ok=True)
        else:
            yield []
    finally:
        os.close(file)


def left_behind(folder: Path | None = None) -> list[Path]:
    """The journals that are there; those of living workers too."""
    folder = folder or journal_folder()
    return sorted(folder.glob("*.journal")) if folder.is_dir() else []


def set_aside(folder: Path | None = None) -> list[Path]:
    """The journals that could not be settled; nothing looks at them any more."""
    folder = folder or journal_folder()
    return sorted(folder.glob(f"*{SET_ASIDE}")) if folder.is_dir() else []


def _is_ours(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # its owner lives, stopped perhaps
    return os.fstat(file).st_nlink > 0  # else another has dealt with it while we opened it


def _read(file: int) -> list[Entry] | None:
    """The last word on each message; None for a journal of which nothing is believed.

    That is one of another boot or machine, or with a line in it that no worker wrote.
    """
    size = os.fstat(file).st_size
    written, _, _room = os.pread(file, size, 0).partition(b"\0")
    *lines, _cut_off = written.decode("ascii", "replace").split("\n")
    if not lines:
        return []
    if lines[0].split() != ["fairlead", "1", boot_id()]:
        return None
    try:
        return _entries(lines[1:])
    except ValueError as error:
        logger.warning("a journal is damaged and not believed: %s", error)
        return None


def _entries(lines: Iterable[str]) -> list[Entry]:
    found: dict[int, Entry] = {}
    is_making = False
    for line in lines:
        fate, message, fence, *rest = line.split()
        if fate == Fate.MAKING:
            is_making = message == "1"
            continue
        code, at = map(int, rest or (0, 0))
        found[int(message)] = Entry(int(message), int(fence), Fate(fate), code, at)
    if is_making:
        return [_suspected(entry) for entry in found.values()]
    return list(found.values())


def _suspected(entry: Entry) -> Entry:
    return replace(entry, fate=Fate.MAKING) if entry.fate == Fate.CLAIMED else entry
