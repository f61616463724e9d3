"""What a person can do where a login by token fails, by the code of the reason."""

from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    "connect_again": "Somebody who may use the account connects it again, on this page.",
    "application_refused": "Compare client ID, secret and addresses of the OAuth application with what the provider "
    "shows; a secret there may have ended and be replaced by a new one.",
    "token_service": "It is tried again by itself; see whether the provider reports trouble.",
    "token_refused": "See that the user name is the account that was connected, or one it may use, and that its "
    "provider allows it IMAP and authenticated SMTP. If it is another one, disconnect it and connect the right one.",
    "secret_unreadable": "Put the missing key back, or enter the secret of the application and connect again.",
}
