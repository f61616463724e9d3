"""Why a mailbox could not be read."""

from django.db import models

from campaigns.oauth import hints


class MailboxFault(models.TextChoices):
    """The first word of what a mailbox says of its last look; what the server said follows."""

    HOST_UNKNOWN = "host_unknown", "DNS has no address for its host"
    ADDRESS_NOT_ALLOWED = "address_not_allowed", "Its host is inside private networks and is not connected to"
    CONNECT = "connect", "The server cannot be connected to"
    TIMEOUT = "timeout", "The server does not answer in time"
    CERTIFICATE = "certificate", "The server's certificate is not trusted, or is for another name"
    TLS = "tls", "Encryption failed"
    TLS_UNAVAILABLE = "tls_unavailable", "The server does not offer STARTTLS"
    DROPPED = "dropped", "The connection broke off"
    GARBAGE = "garbage", "What answers there does not speak IMAP"
    TOO_BIG = "too_big", "The server sent more than was asked for"
    AUTH = "auth", "The login was refused"
    AUTH_UNAVAILABLE = "auth_unavailable", "The server takes no login of this kind"
    TOKEN_REFUSED = "token_refused", "The server refuses the token of the account that was connected"
    CONNECT_AGAIN = "connect_again", "What was allowed at the provider has ended"
    APPLICATION_REFUSED = "application_refused", "The provider refuses the OAuth application or its secret"
    TOKEN_SERVICE = "token_service", "The provider gave no access token"
    SECRET_UNREADABLE = "secret_unreadable", "The stored password or token cannot be decrypted"
    FOLDER_MISSING = "folder_missing", "A folder that is to be read is not there"
    REFUSED = "refused", "The server refused a command"


# A person has to mend these: looking again soon only annoys the server, or locks the account.
FINAL = frozenset(
    {
        MailboxFault.SECRET_UNREADABLE,
        MailboxFault.AUTH_UNAVAILABLE,
        MailboxFault.CONNECT_AGAIN,
        MailboxFault.APPLICATION_REFUSED,
    }
)
# Not at once: a server that is in trouble may say the same.
REFUSES_LOGINS = frozenset({MailboxFault.AUTH, MailboxFault.TOKEN_REFUSED})
HINTS = {
    **hints.HINTS,
    MailboxFault.AUTH: "Enter the password again. Gmail and others want one made for programs (an app password).",
    MailboxFault.AUTH_UNAVAILABLE: "Where the provider wants OAuth, connect the mailbox with the account on its page.",
    MailboxFault.CERTIFICATE: "Use the host name that the certificate is made for.",
    MailboxFault.TLS: "Choose the encryption that this port offers: TLS on 993, STARTTLS on 143.",
    MailboxFault.TLS_UNAVAILABLE: "Choose the encryption that this port offers: TLS on 993, STARTTLS on 143.",
    MailboxFault.TIMEOUT: "Check host and port.",
    MailboxFault.CONNECT: "Check host and port, and that the server runs.",
    MailboxFault.GARBAGE: "Check the port: what answers there is no IMAP server, or wants TLS from the first byte.",
    MailboxFault.HOST_UNKNOWN: "Check how the host is spelled.",
    MailboxFault.ADDRESS_NOT_ALLOWED: "If it is meant, an administrator adds it to OUTBOUND_ALLOW_HOSTS.",
    MailboxFault.SECRET_UNREADABLE: "Enter the password again, or connect it again.",
    MailboxFault.FOLDER_MISSING: "Write the folder as the server names it: the login test lists them.",
}


class NotRead(Exception):
    """The mailbox could not be read, or not to the end. `said` is what the other side said."""

    def __init__(self, fault: MailboxFault, said: str = "", *, is_final: bool = False):
        super().__init__(f"{fault}: {said}" if said else str(fault))
        self.fault = fault
        self.said = said
        self.is_final = is_final or fault in FINAL

    @property
    def sentence(self) -> str:
        """What is wrong, as a person is told it."""
        return f"{self.fault.label} ({self.fault})" + (f": {self.said}" if self.said else ".")

    @property
    def hint(self) -> str:
        return HINTS.get(self.fault, "")
