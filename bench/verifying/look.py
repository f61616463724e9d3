"""Every check of rows in one snapshot. Prints seconds by check, findings and memory as JSON.

python -m bench.verifying.look
"""

import json
import time

from django.db import connection, transaction

from bench.sending.worker import peak_memory
from bench.verifying.memory import watched
from campaigns_project.verification.registry import row_checks


def main() -> None:
    seconds: dict[str, float] = {}
    findings: list[dict] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with watched() as most:
            for check in row_checks():
                began = time.monotonic()
                findings += [finding.as_json() for finding in check.run(cursor)]
                seconds[check.name] = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "findings": findings, "ours": peak_memory(), "server": most.bytes}))


if __name__ == "__main__":
    main()
