"""Two organizations with a large campaign each. Prints how many rows there are of what, as JSON.

python -m bench.verifying.fill RECIPIENTS EVENTS
"""

import argparse
import json

from bench.large import seed
from campaigns.models import Message, Recipient
from tracking.models import EmailEvent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recipients", type=int)
    options.add_argument("events", type=int)
    given = options.parse_args()
    for _ in range(2):
        seed(recipients=given.recipients // 2, events=given.events // 2)
    print(
        json.dumps(
            {
                "recipients": Recipient.objects.count(),
                "messages": Message.objects.count(),
                "events": EmailEvent.objects.count(),
            }
        )
    )


if __name__ == "__main__":
    main()
