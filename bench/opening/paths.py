"""Mails whose pixels are loaded, and a script for wrk that goes through them by turns.

python -m bench.opening.paths MAILS FOLDER
"""

import sys
from pathlib import Path

import django

django.setup()

from bench.large import seed  # noqa: E402 - what knows models can be imported only from here on
from campaigns import tokens  # noqa: E402
from campaigns.models import Message  # noqa: E402

NAMES = {"pixel": "/t/{}/open", "constant": "/bench/{}/constant", "short": "/bench/{}/short", "orm": "/bench/{}/orm"}
_SCRIPT = """local paths = {{
{paths}
}}
local at = 0
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0"
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
function done(summary, latency)
  io.write(string.format('{{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "errors": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
      + summary.errors.timeout))
end
"""


def main() -> None:
    mails, folder = int(sys.argv[1]), Path(sys.argv[2])
    campaign = seed(recipients=mails, events=mails)
    messages = Message.objects.filter(recipient__campaign=campaign, status="sent").values_list("pk", flat=True)
    signed = [tokens.sign(tokens.Purpose.OPEN, pk) for pk in messages]
    for name, path in NAMES.items():
        lines = ",\n".join(f'"{path.format(token)}"' for token in signed)
        (folder / f"{name}.lua").write_text(_SCRIPT.format(paths=lines))
    print(len(signed))


if __name__ == "__main__":
    main()
