"""One turn of a worker in a process of its own, to be stopped or killed.

    python -m campaigns.tests.faults.one_turn [BYTES_IN_A_FILE [BYTES_OF_MEMORY]]

With a disk that is full after BYTES_IN_A_FILE of each file (-1: never), and BYTES_OF_MEMORY more than it has at first.
"""

import resource
import sys

import django
import psutil


def main(file_bytes: str = "-1", memory_bytes: str = "-1") -> None:
    django.setup()
    from campaigns.sending.work import work

    if int(memory_bytes) >= 0:
        most = psutil.Process().memory_info().vms + int(memory_bytes)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if int(file_bytes) >= 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(file_bytes), int(file_bytes)))
    work(lane=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
