"""How much memory this process holds, and held at most."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STATUS = Path("/proc/self/status")
FORGET_THE_PEAK = "5"  # see proc(5), clear_refs


def resident() -> int:
    """Bytes held now."""
    return _kilobytes("VmRSS") * 1024


@contextmanager
def peak_from_here() -> Iterator[Callable[[], int]]:
    """Forget what was held before; the answer, called in the block or behind it, is the most that was held since."""
    Path("/proc/self/clear_refs").write_text(FORGET_THE_PEAK)
    yield lambda: _kilobytes("VmHWM") * 1024


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    if not found:
        raise SystemExit(f"{STATUS} does not tell {name}: memory is measured on Linux alone")
    return int(found[1])
