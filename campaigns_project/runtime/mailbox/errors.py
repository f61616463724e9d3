from campaigns_project.errors import Refused


class MailboxUnavailable(Refused):
    """The local mailbox cannot take mails here."""
