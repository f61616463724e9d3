"""The sum rule, for any mixture of states."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.ledger import ledger
from campaigns.models import MessageStatus, RecipientStatus
from campaigns.tests.factories import NOON, CampaignFactory, MessageFactory, RecipientFactory, StepFactory

pytestmark = pytest.mark.django_db
STEPS = 2
PLACES = {
    "pending": "waiting", "deferred": "waiting", "claimed": "in_flight", "sending": "in_flight", "sent": "sent",
    "failed": "failed", "skipped": "skipped", "uncertain": "uncertain",
}  # fmt: skip
people = st.lists(
    st.tuples(
        st.sampled_from(RecipientStatus.values),
        st.lists(st.none() | st.sampled_from(MessageStatus.values), min_size=STEPS, max_size=STEPS),
    ),
    max_size=6,
)


def recipient(campaign, status):
    out = status in RecipientStatus.OUT
    exits = {"exit_reason": "de_enrolled", "exited_at": NOON} if out else {}
    return RecipientFactory(campaign=campaign, status=status, **exits)


def message(recipient, step, status):
    MessageFactory(
        recipient=recipient,
        step=step,
        in_hand=status in MessageStatus.IN_FLIGHT,
        status=status,
        sent_at=NOON if status == "sent" else None,
        claimed_at=NOON,
        reason="because",
    )


@given(people=people)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_pair_is_in_exactly_one_place(people):
    campaign = CampaignFactory()
    steps = [StepFactory(campaign=campaign, position=position + 1) for position in range(STEPS)]
    expected = dict.fromkeys(("waiting", "in_flight", "sent", "failed", "skipped", "uncertain"), 0)
    for status, messages in people:
        person = recipient(campaign, status)
        for step, state in zip(steps, messages, strict=True):
            if state is None:
                expected["skipped" if status in RecipientStatus.OUT else "waiting"] += 1
            else:
                message(person, step, state)
                expected[PLACES[state]] += 1

    counts = ledger(campaign)

    assert counts.as_dict() == {"planned": STEPS * len(people), **expected}
    assert counts.adds_up
