"""One turn of a worker in a process of its own, to be stopped or killed.

python -m campaigns.tests.faults.one_turn
"""

import django


def main() -> None:
    django.setup()
    from campaigns.sending.work import work

    print(work(lane=2), flush=True)


if __name__ == "__main__":
    main()
