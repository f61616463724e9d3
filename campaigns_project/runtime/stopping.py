"""How our processes are asked to stop, and how they notice that whoever started them is gone."""

import os
import signal

SUPERVISOR_VARIABLE = "FAIRLEAD_SUPERVISOR_PID"


def stop_on_signals() -> None:
    """From now on SIGTERM and SIGINT raise KeyboardInterrupt in the main thread, whatever it waits for."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def orphaned() -> bool:
    """Whether the supervisor that started this process has ended (killed, say, so that it could not stop us)."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    return supervisor is not None and os.getppid() != int(supervisor)
