"""The three classes of bounces, in a module of its own: reading a mail asks for no database."""

from enum import StrEnum


class BounceKind(StrEnum):
    """Under `kind` in the data of a bounce. Only the first kills an address."""

    HARD = "hard"  # unknown user or host, moved, not accepting
    SOFT = "soft"  # full, expired, network, too big
    SENDER = "sender"  # our own fault: blocked, policy, authentication
