import pytest

from campaigns.delivery.base import Envelope
from campaigns.delivery.errors import EnvelopeRefused
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Accepted, NotSent, Stage, Uncertain

HOSTILE = [
    "",
    "nobody",
    "a b@example.org",
    "a@example.org>\r\nDATA",
    "a@example.org\n",
    "a@\0example.org",
    "<a@example.org>",
    "a@example.org\u0085",
    "a@b@example.org",
    "a@example.org\ud800",
    "\u2028a@example.org",
    "a" * 400 + "@example.org",
]


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("field", ["mail_from", "rcpt_to"])
def test_an_address_that_would_break_the_command_is_refused_by_name(address, field):
    fields = {"mail_from": "a@x.example", "rcpt_to": "b@y.example", field: address}

    with pytest.raises(EnvelopeRefused) as refusal:
        Envelope(**fields, data=b"")

    assert (refusal.value.code, refusal.value.field) == ("invalid_address", field)


def test_memory_keeps_what_it_accepts_and_answers_as_told(envelope):
    backend = MemoryBackend(answers=[Uncertain("dropped")])

    outcomes = [backend.deliver(envelope), backend.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Uncertain, Accepted]
    assert (backend.mails, backend.asked) == ([envelope], [envelope, envelope])


def test_memory_asks_the_gate_too(envelope):
    backend = MemoryBackend()

    outcome = backend.deliver(envelope, before_data=lambda: False)

    assert (outcome, backend.mails) == (NotSent("gate_expired", Stage.DATA), [])
