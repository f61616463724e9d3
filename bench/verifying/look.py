"""All of verify_schema in one snapshot. Prints seconds by check, findings and memory as JSON.

python -m bench.verifying.look
"""

import json
import time
from itertools import pairwise

from bench.sending.worker import peak_memory
from bench.verifying.memory import watched
from campaigns_project.verification.verify import verify


def main() -> None:
    marks: list[tuple[str, float]] = [("what it should be", time.monotonic())]
    with watched() as most:
        report = verify(told=lambda name: marks.append((name, time.monotonic())))
    marks.append(("", time.monotonic()))
    seconds = {name: then - began for (name, began), (_, then) in pairwise(marks)}
    findings = [finding.as_json() for finding in report.findings]
    print(json.dumps({"seconds": seconds, "findings": findings, "ours": peak_memory(), "server": most.bytes}))


if __name__ == "__main__":
    main()
