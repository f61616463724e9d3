"""The files and the terminal of `import_leads`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, TextIO

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaigns_project.commands import Exit


def name_of(file: str) -> str:
    """What the import is called: the file's name, without its folders."""
    return "standard input" if file == "-" else Path(file).name


def opened(file: str) -> AbstractContextManager[BinaryIO]:
    """The file to read, or standard input; CommandError with exit code 2 where it cannot be."""
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=Exit.USAGE) from None


def refuse_unwritable(path: Path | None) -> None:
    """Before the import, not after it: the file of errors is all that tells which rows are missing."""
    if path is None:
        return
    target = path if path.exists() else path.absolute().parent
    if path.is_dir() or not os.access(target, os.W_OK):
        message = f"{path} cannot be written: name a file in a folder you may write to."
        raise CommandError(message, returncode=Exit.USAGE)


def errors_file(path: Path) -> TextIO:
    """The file of errors, as csv wants to write it."""
    return path.open("w", encoding="utf-8", newline="")


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal, where there is one; else nothing, so that logs stay readable."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Importing" if total else "Checking", total=total)
        yield lambda done: bar.update(task, completed=done)
