"""The enums that give reasons, by what they are reasons for."""

from enum import Enum
from typing import NamedTuple

from django.db import models

from campaigns.deletion.errors import BlockerCode, DeletionCode
from campaigns.delivery.outcomes import Kind
from campaigns.enrollment.take_in import SkipReason
from campaigns.errors import AdviceCode, FailCode, PauseCode, StartCode
from campaigns.health import HealthCheck, HealthStatus
from campaigns.models import ExitReason
from campaigns.persons.errors import ErasureCode
from campaigns.sending.gate import GateRefusal
from campaigns.sending.limits import LimitCode
from campaigns.sending.reasons import MessageReason, SenderReason
from campaigns.sending.trial import TrialCode
from campaigns.why.codes import GateCode, WhyCode
from campaigns_project.commands import Exit
from leads.models import SuppressionReason
from leads.providers.values import FetchEnd, RecordProblem, UnmappedReason
from leads.segments.errors import RuleCode
from leads.suppression import EntryState, ErasedCode
from tracking.bounce_kind import BounceKind
from tracking.inbound.receive import HookCode
from tracking.inbox.faults import MailboxFault
from tracking.machines import MachineReason
from tracking.models import MatchedBy, QuarantineCode
from tracking.reporting import ReportCode
from tracking.sources import Source


class Subject(NamedTuple):
    """One table of the page: what the codes are about, where they are met, and the enum."""

    title: str
    where: str
    codes: type[Enum]


SUBJECTS = (
    Subject(
        "Why a campaign cannot start",
        "Pre-flight: `start`, `schedule` and `resume` are refused (409, exit code 4) with the first of these as their "
        "code and all of them in `problems`.",
        StartCode,
    ),
    Subject(
        "What pre-flight says besides",
        "Problems of the levels `warn` and `info`. None keeps a campaign from starting, unless a start names the "
        "warnings it accepts (`accept_warnings`) and there is another.",
        AdviceCode,
    ),
    Subject(
        "Why the system paused a campaign", "`status_code` of a paused campaign; empty where a person did.", PauseCode
    ),
    Subject("Why a campaign failed", "`status_code` of a failed campaign. `status_error` has the details.", FailCode),
    Subject(
        "What a mail has to pass",
        "`code` of a gate in the sending status of a campaign or recipient, in the order in which they are asked.",
        GateCode,
    ),
    Subject(
        "Why it sends or does not",
        "`code` of the sending status and `why` of a gate that is shut. Of several that are shut the first decides "
        "that a person has to mend, else the first.",
        WhyCode,
    ),
    Subject("Why a test mail was not sent", "The code of the refusal.", TrialCode),
    Subject(
        "Why a lead was not enrolled",
        "`skipped` in the answer to an enrollment and in the result of its job, each with a count.",
        SkipReason,
    ),
    Subject(
        "Why a recipient left",
        "`exit_reason` of a recipient. Mails that were still to come are skipped for the same reason.",
        ExitReason,
    ),
    Subject(
        "Why a claimed mail was not let through",
        "The gate, asked just before the mail server. A recipient who left gives the exit reason instead. A campaign "
        "that does not run, an emergency stop and a blackout day keep the mail waiting; the other skips it.",
        GateRefusal,
    ),
    Subject(
        "Which limit keeps a mail waiting",
        "`reason` of a message that found it full at the gate. The mail leaves when there is room again.",
        LimitCode,
    ),
    Subject(
        "Why a message waits, failed or is uncertain",
        "`reason` of a message, where neither the gate nor the mail server gives it.",
        MessageReason,
    ),
    Subject(
        "Why a mail server refused a mail for good",
        "`reason` of a failed message, read from the server's answer.",
        Kind,
    ),
    Subject(
        "Why a sender paused itself, or waits",
        "The first word of a sender's `status_reason`; what the other side said follows it.",
        SenderReason,
    ),
    Subject("What is looked at when a sender is checked", "`code` of a check in a sender's `health`.", HealthCheck),
    Subject("How such a check ended", "`status` of a check, and of all of them.", HealthStatus),
    Subject(
        "Why something is not deleted",
        "The code of a refused deletion of a campaign or erasure of an organization.",
        DeletionCode,
    ),
    Subject("What has to end before a deletion", "`code` of each of the `blockers` of its preview.", BlockerCode),
    Subject(
        "What has to end before a person is erased", "`code` of each of the `blockers` of its preview.", ErasureCode
    ),
    Subject("What a bounce means", "`kind` in the data of a bounce event.", BounceKind),
    Subject("Why an address is suppressed", "`reason` of a suppression.", SuppressionReason),
    Subject("What becomes of an entry of a list of suppressions", "Told before the list is added.", EntryState),
    Subject("Why no lead is made of an address", "The code of the refusal, and of a row of an import.", ErasedCode),
    Subject(
        "Why a person that a provider found becomes no lead",
        "The problem of a record that was fetched; see [providers.md](providers.md).",
        RecordProblem,
    ),
    Subject("Why a fetch ended", "The end of the last page of a search.", FetchEnd),
    Subject(
        "Why a part of a search address is not asked",
        "`why` of what could not be mapped; each such part has to be acknowledged.",
        UnmappedReason,
    ),
    Subject(
        "Why an event does not count as a person's",
        "`machine_reason` of an event. Such events are kept and shown, but open no mail and count nowhere.",
        MachineReason,
    ),
    Subject("Where an event came from", "`source` of an event.", Source),
    Subject("By what an incoming mail was matched", "`matched_by` of an incoming mail.", MatchedBy),
    Subject(
        "Why a mailbox was not read",
        "In brackets behind the words of a mailbox's `last_error` and `status_reason`, and the code of a failed test.",
        MailboxFault,
    ),
    Subject("Why an event that is told is not taken", "The code of the refusal of `POST /events`.", ReportCode),
    Subject(
        "Why a report of an e-mail service is not taken",
        "The answer of `/hooks/esp/…`, shown in the service's own list of deliveries; nothing is stored. See "
        "[esp-webhooks.md](esp-webhooks.md).",
        HookCode,
    ),
    Subject(
        "Why a report of an e-mail service was put aside",
        "`reason` of a quarantined inbound webhook; *Try again* tries it again.",
        QuarantineCode,
    ),
    Subject(
        "Why a rule of a segment or ranking cannot be asked",
        "`code` of the refusal; its sentence and `path` name the place of the rule.",
        RuleCode,
    ),
    Subject("How a command ended", "The exit code of every `manage.py` command of ours.", Exit),
)

# For enums that carry no words of their own.
WORDS: dict[Enum, str] = {
    Kind.ADDRESS_DEAD: "there is no such mailbox; the address is suppressed",
    Kind.MAILBOX_FULL: "the mailbox is full; the address stays good",
    Kind.POLICY: "the fault is the sender's own (blocked, not authenticated, bad reputation); in answer to the "
    "recipient's address it pauses the sender, and the mail waits",
    Kind.CONTENT: "the server does not take this mail (too big, malformed, an attachment)",
    Kind.OTHER: "refused for good, and the answer does not say why",
    BounceKind.HARD: "the address is dead; it is suppressed and the recipient is out",
    BounceKind.SOFT: "full, expired, network, too big: nothing follows",
    BounceKind.SENDER: "the sender's own fault: nothing follows for the recipient",
    Source.OPEN: "the pixel of a mail",
    Source.CLICK: "a link of a mail",
    Source.UNSUBSCRIBE_PAGE: "the button on the opt-out page",
    Source.ONE_CLICK: "the one-click button of a mail program (RFC 8058)",
    Source.API: "`POST /events` of the API",
    Source.INBOX: "a mailbox that is read, or a mail that was handed in",
    Source.INSTANTLY: "Instantly, by a webhook or by being asked",
    Source.BY_HAND: "*They replied* on the page of a lead",
    Exit.OK: "done",
    Exit.UNEXPECTED: "a fault of ours, or numbers that do not agree",
    Exit.USAGE: "an option, a file or a value that cannot be used; nothing was changed",
    Exit.NOT_FOUND: "there is no such thing",
    Exit.REFUSED_BY_STATE: "the present state does not allow it; nothing was changed",
    Exit.SOME_FAILED: "done, but some rows have problems",
    Exit.UNHEALTHY: "something is not well",
    Exit.CONFIRMATION_MISSING: "the act must be confirmed",
    Exit.DEPENDENCY_DOWN: "the database, a mail server or a port cannot be used",
    Exit.LOCKED: "another run holds the lock",
    Exit.INTERRUPTED: "stopped with Ctrl-C",
    Exit.UNREAD: "the program that read the output went away, as `head` does",
}


def meaning(code: Enum) -> str:
    """What the code says, in words; KeyError for one that has none."""
    return str(code.label) if isinstance(code, models.TextChoices) else WORDS[code]
