"""The sum rule, pair by pair: one step to one recipient is in one place."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns.models import MessageStatus
from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import BY_HAND, Fault, scan

_PLACES = ", ".join(f"'{status}'" for status in MessageStatus.values)

# A pair without a row is in one place by itself: waiting or skipped, as its recipient is in or out. So the sum of a
# recipient is right if and only if each of its rows is the only one of its step and in a state that is a place. (A row
# of another campaign's step, which would be counted nowhere, is a parent_mismatch.)
_SOURCE = f"""(
    SELECT recipient_id, count(*) AS messages, count(*) FILTER (WHERE status = 'sent') AS sent,
        count(*) FILTER (WHERE status NOT IN ({_PLACES})) AS nowhere
    FROM campaign_messages GROUP BY recipient_id, step_id
) AS pair"""  # noqa: S608 - a text of our own

_FAULTS = [
    Fault(
        id="sent_twice",
        where="campaign_messages.step_id",
        message="These recipients were sent one step more than once.",
        condition="sent > 1",
        fix="Nothing takes a mail back. Find out how a second row came in, then delete the one that counts for less.",
    ),
    Fault(
        id="ledger_broken",
        where="campaign_messages.recipient_id",
        message="Planned mails and what became of them do not add up for these recipients:"
        " a step has several messages, or one in a state that is none.",
        condition="messages > 1 OR nowhere > 0",
        fix=BY_HAND,
    ),
]


def check_pairs(cursor: CursorWrapper) -> Iterable[Finding]:
    """Planned = waiting + in flight + sent + failed + skipped + uncertain, for every recipient."""
    return scan(cursor, source=_SOURCE, key="recipient_id", faults=_FAULTS)
