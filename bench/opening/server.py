"""The web as `make run` starts it, but with several processes.

python -m bench.opening.server PROCESSES
"""

import os
import sys

import django


def main() -> None:
    django.setup()
    from campaigns_project.runtime.serve import web_command  # noqa: PLC0415 - needs the settings

    command = web_command(processes=int(sys.argv[1]))
    os.execv(command[0], command)  # noqa: S606 - our own command


if __name__ == "__main__":
    main()
