"""Why a message stands where it stands, and why a sender took itself out, where nobody else says it."""

from django.db import models

from campaigns.delivery.outcomes import Kind


class MessageReason(models.TextChoices):
    DEFERRED = "deferred", "the mail server asked to come back later"
    DEFERRED_TOO_LONG = "deferred_too_long", "the mail server put it off for four days"
    BROKEN_OFF = "broken_off", "the connection broke off before the last byte, again and again"
    POISON = "poison", "three workers ended while they worked on it"
    WORKER_LOST = "worker_lost", "the worker ended while the mail was at the mail server"


# Why a mail fails: what a mail server said, what became of it here, and why one could not be made.
OF_FAILED = frozenset(
    {
        *map(str, Kind),
        *map(str, (MessageReason.DEFERRED_TOO_LONG, MessageReason.BROKEN_OFF, MessageReason.POISON)),
        "template_invalid", "merge_value_missing", "subject_empty", "header_refused", "body_refused", "html_invalid",
        "invalid_address",
    }
)  # fmt: skip


class SenderReason(models.TextChoices):
    """The first word of a sender's `status_reason`; what the server said follows it."""

    AUTH = "auth", "the login or key was refused; paused"
    AUTH_UNAVAILABLE = "auth_unavailable", "the server offers no way to log in that is known here; paused"
    AUTH_REQUIRED = "auth_required", "the server takes no mail without a login, and got none; paused"
    TOKEN_REFUSED = "token_refused", "the server refuses the token of the account that was connected; paused"
    CONNECT_AGAIN = "connect_again", "what was allowed at the provider has ended, connect it again; paused"
    APPLICATION_REFUSED = "application_refused", "the provider refuses the OAuth application or its secret; paused"
    CERTIFICATE = "certificate", "the server's certificate is not valid for its name; paused"
    TLS_UNAVAILABLE = "tls_unavailable", "the server offers no encryption where it was asked for; paused"
    TLS_REQUIRED = "tls_required", "the server takes nothing that is not encrypted; paused"
    REFUSED_BY_POLICY = "refused_by_policy", "the receiver blocks the sender, and not the recipient; paused"
    REFUSED_AT_MAIL = "refused_at_mail", "the server takes nothing from its account or address; paused"
    REFUSED_BY_SERVICE = "refused_by_service", "the e-mail service refuses the account or its domain; paused"
    REDIRECTED = "redirected", "the e-mail service's address leads somewhere else; paused"
    SERVICE_SETTINGS = "service_settings", "the keys of the e-mail service cannot be used; paused"
    SECRET_UNREADABLE = "secret_unreadable", "its password or keys were stored under a key that is missing; paused"
    UNKNOWN_SERVICE = "unknown_service", "the e-mail service is not known; paused"
    ADDRESS_NOT_ALLOWED = "address_not_allowed", "its host is inside private networks; paused"
    INVALID_ADDRESS = "invalid_address", "its own address cannot stand in a mail; paused"
    TIMEZONE_UNKNOWN = "timezone_unknown", "its time zone is not known on this machine; paused"
    BOUNCE_GUARD = "bounce_guard", "too many of its mails bounced or were refused; paused"
    HOST_UNKNOWN = "host_unknown", "its host has no address in DNS; tried again"
    DNS = "dns", "its host could not be looked up; tried again"
    CONNECT = "connect", "its server does not take connections; tried again"
    TIMEOUT = "timeout", "its server did not answer in time; tried again"
    DROPPED = "dropped", "its server hung up before it could be used; tried again"
    GARBAGE = "garbage", "its server does not speak the protocol; tried again"
    GREETING = "greeting", "its server greets with a refusal; tried again"
    EHLO = "ehlo", "its server refuses our greeting; tried again"
    TLS = "tls", "encryption could not be agreed on; tried again"
    ASKED_TO_WAIT = "asked_to_wait", "its server takes no more mails for now; tried again"
    BROKEN_OFF = "broken_off", "its server hung up in the middle of several mails in a row; tried again"
    UNANSWERED = "unanswered", "nobody knows of several mails in a row whether its server took them; tried again"
    TOKEN_SERVICE = "token_service", "the provider gave no access token; tried again"
    SERVICE_TROUBLE = "service_trouble", "the e-mail service has trouble of its own; tried again"


def in_words(status_reason: str) -> str:
    """A sender's `status_reason` for people, to stand within a sentence: a code it begins with is spelled out."""
    code, colon, said = status_reason.rstrip(".").partition(":")
    if code not in SenderReason.values:
        return status_reason.rstrip(".")
    if code == SenderReason.BOUNCE_GUARD and said:
        return said.strip()  # its figures say it all
    words = SenderReason(code).label.partition(";")[0]
    return f"{words}{colon}{said}"
