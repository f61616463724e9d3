"""How delivery refuses what must not reach a socket."""

from campaigns_project.errors import Refused


class EnvelopeRefused(Refused):
    """An envelope address that cannot be written into an SMTP command; nothing was opened for it."""

    def __init__(self, field: str, address: str):
        super().__init__(
            "invalid_address",
            f"{field}: {address[:80]!a} cannot be used as an SMTP address.",
            "Write it as name@example.com, the domain in ASCII.",
            details={"field": field},
        )
        self.field = field
