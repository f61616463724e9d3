"""Logging in by an access token in place of a password: what SMTP and IMAP have in common of XOAUTH2."""

from typing import Protocol


class NoToken(Exception):
    """There is none to be had. `permanent` where a person has to do something; `reason` is a fault's code."""

    def __init__(self, reason: str, said: str, *, permanent: bool):
        super().__init__(f"{reason}: {said}")
        self.reason = reason
        self.said = said
        self.permanent = permanent


class Tokens(Protocol):
    """Where the access tokens of one account come from."""

    def token(self, *, seconds: float, instead_of: str = "") -> str:
        """One that is good now, within about `seconds`; another one where that was refused. NoToken if there is none.

        Never asked inside a transaction: it may have to be fetched over the network.
        """
        ...


def xoauth2(username: str, token: str) -> str:
    """What the SASL mechanism XOAUTH2 shows, before it is written in base64."""
    return f"user={username}\1auth=Bearer {token}\1\1"
