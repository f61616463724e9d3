"""What a request is called in its answer, in errors, in logs and in the audit log: `X-Request-ID`."""

import re
import uuid

HEADER = "X-Request-ID"
_GOOD = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(given: str) -> str:
    """The caller's own id where it is well formed, else a new one."""
    return given if _GOOD.fullmatch(given) else uuid.uuid4().hex
