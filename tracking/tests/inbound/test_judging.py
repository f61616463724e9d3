"""What a report means: hard only where the address is dead."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.bounce_kind import BounceKind
from tracking.inbound.judge import meaning_of
from tracking.models import EventType


def judged(service, part, *, event_type="bounced", reject_reason="bounced", mta_response=None, description=None):
    event = SimpleNamespace(
        event_type=event_type, reject_reason=reject_reason, mta_response=mta_response, description=description
    )
    found = meaning_of(service, part, event)
    return found and (found.kind or found.event_type)


HARD, SOFT, SENDER = BounceKind
COMPLAIN, UNSUBSCRIBE = EventType.COMPLAIN, EventType.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("service", "part", "event", "kind"),
    [
        ("mailgun", {}, {"mta_response": "550 5.1.1 no such user here"}, HARD),
        ("mailgun", {}, {"mta_response": "550 5.7.1 blocked, see our policy"}, SENDER),
        ("mailgun", {}, {"mta_response": "552 5.2.2 mailbox full"}, SOFT),
        ("mailgun", {}, {"mta_response": "451 4.1.1 user unknown at this time"}, SOFT),
        ("mailgun", {}, {"mta_response": "Message rejected"}, SOFT),  # permanent, but nobody says why
        ("mailgun", {"event-data": {"reason": "suppress-bounce"}}, {}, HARD),
        ("mailgun", {"event-data": {"reason": "suppress-complaint"}}, {}, COMPLAIN),
        ("mailgun", {"event-data": {"reason": "suppress-unsubscribe"}}, {}, UNSUBSCRIBE),
        ("postmark", {"Type": "HardBounce"}, {"mta_response": "smtp;550 5.7.1 spam"}, SENDER),
        ("postmark", {"Type": "HardBounce"}, {}, HARD),
        ("postmark", {"Type": "SoftBounce"}, {"mta_response": "550 5.1.1 user unknown"}, SOFT),
        ("postmark", {"Type": "Blocked"}, {"event_type": "rejected", "reject_reason": "blocked"}, SENDER),
        ("postmark", {}, {"event_type": "unsubscribed", "reject_reason": "unsubscribed"}, UNSUBSCRIBE),
        ("sendgrid", {"reason": "Bounced Address"}, {"event_type": "rejected"}, HARD),
        ("sendgrid", {"reason": "Spam Reporting Address"}, {"event_type": "rejected"}, COMPLAIN),
        ("sendgrid", {}, {"event_type": "rejected", "reject_reason": "unsubscribed"}, UNSUBSCRIBE),
        ("sendgrid", {}, {"event_type": "rejected", "reject_reason": "invalid"}, HARD),
        ("sparkpost", {"msys": {"message_event": {"bounce_class": "51"}}}, {"reject_reason": "spam"}, SENDER),
        ("sparkpost", {"msys": {"message_event": {"bounce_class": "22"}}}, {}, SOFT),
        ("sparkpost", {"msys": {"message_event": {"bounce_class": "10"}}}, {"reject_reason": "invalid"}, HARD),
        ("amazon_ses", {"bounce": {"bounceType": "Transient", "bounceSubType": "General"}}, {}, SOFT),
        ("amazon_ses", {"bounce": {"bounceType": "Permanent", "bounceSubType": "NoEmail"}}, {}, HARD),
        ("amazon_ses", {"bounce": {"bounceType": "Permanent", "bounceSubType": "Suppressed"}}, {}, SOFT),
        ("resend", {"data": {"bounce": {"type": "Permanent", "subType": "Suppressed"}}}, {}, SOFT),
        ("resend", {"data": {"bounce": {"type": "Permanent", "subType": "General"}}}, {}, HARD),
        ("brevo", {"event": "soft_bounce"}, {"mta_response": "550 5.1.1 unknown user"}, SOFT),
        ("brevo", {"event": "error"}, {"event_type": "failed", "reject_reason": None}, SENDER),
        ("mailjet", {"error": "user unknown"}, {}, HARD),
        ("mailjet", {"error": "spam reporter"}, {"event_type": "rejected", "reject_reason": "spam"}, COMPLAIN),
        ("mandrill", {"event": "soft_bounce"}, {"reject_reason": None}, SOFT),
        ("postal", {}, {"event_type": "failed", "mta_response": "550 5.1.1 unknown user"}, HARD),
        ("brevo", {}, {"reject_reason": "timed_out"}, SOFT),
    ],
)
def test_a_bounce_is_whose_fault_the_answer_says(service, part, event, kind):
    assert judged(service, part, **event) == kind


@pytest.mark.parametrize("event_type", ["delivered", "sent", "queued", "deferred", "opened", "clicked", "unknown"])
def test_nothing_follows_from_what_only_went_on(event_type):
    assert judged("postmark", {}, event_type=event_type, reject_reason=None) is None


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["bounce", "data", "msys", "msg"]), inner)
    ),
    max_leaves=4,
)


@given(part=SHAPES, words=st.none() | st.text(max_size=200))
def test_a_report_of_any_shape_is_judged(part, words):
    for service in ("amazon_ses", "mandrill", "resend", "sparkpost", "sendgrid"):
        assert judged(service, part, mta_response=words) in {*BounceKind, COMPLAIN, UNSUBSCRIBE}


@given(words=st.text(max_size=200))
def test_words_about_our_own_sending_never_kill_an_address(words):
    assert judged("postmark", {"Type": "HardBounce"}, mta_response=f"550 5.7.1 {words}") != HARD
