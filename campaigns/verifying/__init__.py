"""What `verify_schema` asks of the rows of campaigns. Each module tells what must never be so, and what mends it.

Of a campaign that is being deleted nothing is asked but that its rows hang together: it goes piece by piece.
"""

from campaigns.verifying.blackouts import check_blackouts
from campaigns.verifying.counters import check_counters
from campaigns.verifying.messages import check_messages
from campaigns.verifying.pairs import check_pairs
from campaigns.verifying.recipients import check_recipients
from campaigns.verifying.tombstones import check_tombstones
from campaigns.verifying.values import check_values

__all__ = [
    "check_blackouts",
    "check_counters",
    "check_messages",
    "check_pairs",
    "check_recipients",
    "check_tombstones",
    "check_values",
]
