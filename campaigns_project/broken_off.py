"""How a command line ends that is broken off: by Ctrl-C, or because nobody reads on. Loads in no time itself."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

# As shells say it of a program that a signal ended: 128 and its number.
INTERRUPTED = 130
UNREAD = 141


@contextmanager
def ended_in_a_word() -> Iterator[None]:
    """Turn a Ctrl-C into one line and exit code 130, and output that nobody reads any more into a silent 141.

    Signal handlers stay as they are: with SIGPIPE at its default a mail server that hangs up would end us too.
    """
    try:
        try:
            yield
        except SystemExit:
            _flush()
            raise
        _flush()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        unread = [stream for stream in (sys.stdout, sys.stderr) if stream is not None and _is_unread(stream)]
        if not unread:
            raise  # a connection that broke, and a fault of ours
        for stream in unread:
            _let_go(stream)
        raise SystemExit(UNREAD) from None


def _flush() -> None:
    """Now, while it can be dealt with: the interpreter flushes at its end, and complains."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _is_unread(stream: TextIO) -> bool:
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _let_go(stream: TextIO) -> None:
    """What is still in its buffer goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
