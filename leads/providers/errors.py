"""How a provider says no."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from campaigns_project.errors import Refused, StateRefused


class SourceRefused(Refused):
    """What to look for cannot be asked; nothing was sent to the provider."""


class ProviderRefused(StateRefused):
    """The provider cannot be used, or said no. Its key is in no message.

    True `is_passing`: the same may work later without anybody mending anything.
    """

    is_passing = False


class KeyRefused(ProviderRefused):
    """The key, or its plan, is not good for what was asked: somebody has to mend it at the provider or here."""


class ProviderUnreachable(ProviderRefused):
    """No answer that means anything: time-out, a fault over there, no connection."""

    is_passing = True


class LostAnswer(ProviderUnreachable):
    """The call may have been acted upon, and nobody knows what came of it: look before it is made again."""


class ProviderLimited(ProviderRefused):
    """Too many calls: nothing is wrong, and `retry_at` is when to go on from the same cursor."""

    is_passing = True

    def __init__(self, message: str, *, retry_at: datetime, details: Mapping[str, Any] | None = None):
        super().__init__(
            "provider_limited",
            message,
            f"It is asked again at {retry_at:%Y-%m-%d %H:%M:%S %Z}.",
            {"retry_at": retry_at.isoformat(), **(details or {})},
        )
        self.retry_at = retry_at


# Told after every answer whether the key is taken: None where it is.
Heard = Callable[[KeyRefused | None], None]
