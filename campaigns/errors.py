"""Refusals of campaigns: each with the code that admin, API, commands and docs share."""

from typing import Any

from django.db import models

from campaigns.models.verbs import verbs_from
from campaigns_project.errors import StateRefused, state_of


class StartCode(models.TextChoices):
    """Why a campaign cannot start."""

    NO_STEPS = "no_steps", "The campaign has no step"
    NO_VARIANT = "no_variant", "A step has no active variant"
    NO_RECIPIENTS = "no_recipients", "Nobody is enrolled"
    NO_SENDER = "no_sender", "No sender can be used"
    SENDER_UNUSABLE = "sender_unusable", "A sender cannot be used as it is set up"
    POSTAL_ADDRESS_MISSING = "postal_address_missing", "The organization has no postal address"
    TEMPLATE_INVALID = "template_invalid", "A template cannot be read"
    UNKNOWN_MERGE_FIELD = "unknown_merge_field", "A merge field does not exist"
    MERGE_VALUE_MISSING = "merge_value_missing", "A merge field has no value for somebody"
    LEAD_SOURCE_UNUSABLE = (
        "lead_source_unusable",
        "Its leads are to come from a provider that has no key here, or refuses it",
    )
    TIMEZONE_UNKNOWN = "timezone_unknown", "Its time zone is not known on this machine"
    DISCOVERED = "discovered", "It was made at Instantly, and is only looked at from here"
    INSTANTLY_NO_KEY = "instantly_no_key", "There is no key for Instantly, or it is refused or paused"
    INSTANTLY_SANDBOX = "instantly_sandbox", "The sandbox is on: nothing is handed over to Instantly"
    INSTANTLY_NO_MAILBOX = "instantly_no_mailbox", "No mailbox at Instantly is named that its mails leave from"
    INSTANTLY_LOGIC = "instantly_logic", "A wording has logic ({% %}), for which Instantly has no words"
    INSTANTLY_SENDER_FIELD = "instantly_sender_field", "A wording names its sender, whom Instantly chooses"
    INSTANTLY_WEIGHTS = "instantly_weights", "Variants of a step have different shares; Instantly knows equal ones"
    INSTANTLY_FIRST_WAIT = "instantly_first_wait", "The first step waits; at Instantly the first mail does not"
    INSTANTLY_SENDING_DAYS = "instantly_sending_days", "Its waits count sending days; Instantly counts all days"
    INSTANTLY_LEAD_ZONE = "instantly_lead_zone", "Its window follows each lead's clock; Instantly has one clock"
    INSTANTLY_HOLIDAYS = "instantly_holidays", "It has holidays; Instantly has none"
    INSTANTLY_THREAD = "instantly_thread", "A follow-up answers another mail than the first; Instantly cannot"
    MAIL_IMPOSSIBLE = "mail_impossible", "A mail cannot be made for somebody, by what their values are"


class PauseCode(models.TextChoices):
    """Why the system paused a campaign."""

    NO_SENDER = "no_sender", "None of its senders can be used"
    MISSED_SCHEDULE = "missed_schedule", "The system was down at its hour, and for more than a day after"
    START_REFUSED = "start_refused", "At its hour, pre-flight found what blocks the start"
    INSTANTLY_REFUSED = "instantly_refused", "Instantly refused the campaign, or its key"
    TIMEZONE_UNKNOWN = "timezone_unknown", "Its time zone is not known on this machine"
    SENDING_ERROR = "sending_error", "Sending broke off by a fault of the system"


class FailCode(models.TextChoices):
    """Why a campaign failed: its start waited for people who did not come. Resume tries again."""

    FETCH_FAILED = "fetch_failed", "The lead provider said no, or could not be reached"
    NOBODY_FOUND = "nobody_found", "The lead provider found nobody for the search"
    NOBODY_ENROLLED = "nobody_enrolled", "Nobody of those who came could be enrolled"
    START_REFUSED = "start_refused", "Pre-flight found what blocks, in the mails for those who came"


class AdviceCode(models.TextChoices):
    """What pre-flight says besides: warnings first, then notes. None of it keeps a campaign from starting."""

    ROLE_ADDRESSES = "role_addresses", "Some addresses are a role's, such as info@: they complain more often"
    DISPOSABLE_ADDRESSES = "disposable_addresses", "Some addresses are of throw-away services"
    ADDRESS_UNUSABLE = "address_unusable", "Somebody's address cannot be written to; that mail alone will fail"
    CAPACITY = "capacity", "At its limits and its senders' the campaign takes more than ten sending days"
    WINDOW_CLOSED = "window_closed", "The sending window does not open within the next 14 days"
    SENDER_UNHEALTHY = "sender_unhealthy", "The last look at a sender found something wrong"
    SENDER_UNHEARD = "sender_unheard", "An e-mail service has taken mails and never reported what became of one"
    SENDER_PAUSED = "sender_paused", "One of several senders is paused; the others do its share"
    LINK_NOT_HTTPS = "link_not_https", "A link leads to an address without https"
    FALSE_REPLY = "false_reply", "The first mail's subject begins as if it were an answer"
    SHOUTING = "shouting", "A subject in capitals or with several exclamation marks, which filters dislike"
    FOREIGN_PLACEHOLDER = "foreign_placeholder", "A text holds a placeholder of another tool, which stays as it stands"
    SENDER_UNLIMITED = "sender_unlimited", "A sender without a limit or a gap sends as fast as its server takes it"
    LINK_NOWHERE = "link_nowhere", "A link has no address yet"
    MAIL_CUT_OFF = "mail_cut_off", "The HTML is so big that Gmail shows only the beginning of it"
    SUBJECT_LONG = "subject_long", "A subject is longer than mail programs show"
    FIRST_MAIL_HEAVY = "first_mail_heavy", "The first mail has many links, or pictures, which filters trust less"
    IMAGE_WITHOUT_ALT = "image_without_alt", "A picture has no alt text to stand in its place"
    HALF_A_FOOTER = "half_a_footer", "A wording has one of postal address and opt-out itself, so that a footer is added"
    PUSHY_WORDS = "pushy_words", "A wording has words that advertisements are known by"
    TEXT_DIFFERS = "text_differs", "The text body of a wording says something else than its HTML body"
    SUBJECT_NOT_USED = "subject_not_used", "A follow-up in the thread has a subject of its own, which is not used"
    NO_TEST_YET = "no_test_yet", "No test mail was sent since the content was changed last"
    REPLIES_NOT_READ = (
        "replies_not_read",
        "It is to stop on a reply, and replies to one of its senders are not read",
    )
    MAILBOX_NOT_READ = "mailbox_not_read", "A mailbox in which its replies arrive cannot be read at the moment"
    SANDBOX = "sandbox", "Mails go to the local mailbox and nowhere else; DNS is not checked"
    ZONE_NOT_EXACT = "zone_not_exact", "Instantly knows no time zone with the same clock; the nearest one is used"
    FETCHES_FIRST = "fetches_first", "The start fetches leads first, for credits of the provider"
    ENROLLS_BY_ITSELF = "enrolls_by_itself", "It is automatic: who newly belongs to its audience comes in as it runs"
    DURATION = "duration", "How many days it takes at its limits"


class StateConflict(StateRefused):
    """The campaign's state does not allow the verb.

    `details` name the verbs it does allow: those of its state unless `allowed` names others.
    """

    def __init__(self, verb: str, current: str, allowed: tuple[str, ...] = ()):
        verbs = allowed or verbs_from(current)
        possible = f"Possible now: {', '.join(verbs)}." if verbs else "Nothing more can be done with it."
        super().__init__(
            "state_conflict",
            f"A campaign that is {current} cannot be {PAST[verb]}.",
            possible,
            state_of(current, *verbs),
        )


class StartRefused(StateRefused):
    """Pre-flight found what blocks; nothing was changed. `details["problems"]` has them all."""

    def __init__(self, problems: list[dict[str, Any]]):
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first["code"], f"The campaign cannot start: {first['message']}{more}", first["hint"], {"problems": problems}
        )


class PreflightNeeded(StateRefused):
    """A large campaign starts only once a full check of its present state has been made."""

    def __init__(self, mails: int, job: int | None):
        running = f"Check {job} is on its way: start again when it has succeeded." if job else ""
        super().__init__(
            "preflight_needed",
            f"The campaign cannot start: its {mails:,} mails have not been checked as they are now.",
            running or "Run the pre-flight check first (POST .../preflight), and start when its job has succeeded.",
            {"mails": mails, "job": job},
        )


class SnapshotChanged(StateRefused):
    """What the caller saw when it checked is not what would be started now."""

    def __init__(self, what: str, snapshot: str):
        super().__init__(
            "snapshot_changed",
            f"The campaign cannot start: {what} changed since it was checked.",
            "Check again, and start with the new snapshot.",
            {"snapshot": snapshot},
        )


class WarningsNotAccepted(StateRefused):
    """The caller names the warnings it accepts, and there are others."""

    def __init__(self, problems: list[dict[str, Any]]):
        codes = ", ".join(sorted({problem["code"] for problem in problems}))
        super().__init__(
            "warnings_not_accepted",
            f"The campaign was not started: pre-flight warns of {codes}.",
            "Name them in accept_warnings, or mend them.",
            {"problems": problems},
        )


PAST = {
    "schedule": "scheduled",
    "unschedule": "unscheduled",
    "start": "started",
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
    "archive": "archived",
    "restore": "restored",
    "enroll": "given new recipients",
    "edit": "edited",
    "rank": "given other ranking rules",
}
