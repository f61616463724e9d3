"""What an answer is written as: by the header Accept, and by `?format=` where an address takes it."""

from types import SimpleNamespace
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation


class ByHeader(DefaultContentNegotiation):
    """By the header alone. DRF would take `?format=` everywhere, and answer 404 to one that it does not know."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


class ByHeaderOrFormat(DefaultContentNegotiation):
    """By `?format=` first. One that there is not is left to the view: nobody is told before it is known who asks."""

    def filter_renderers(self, renderers: Any, asked: str) -> Any:
        return [renderer for renderer in renderers if renderer.format == asked] or renderers
