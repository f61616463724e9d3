"""Pages of our own about one row, besides its form."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest


def row_context(model_admin: ModelAdmin, request: HttpRequest, row: Any, *, title: str, doing: str) -> dict[str, Any]:
    """What the frame of such a page shows: the sidebar, and the way to it: list, row, what one is `doing`."""
    return {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "doing": doing,
        "opts": model_admin.opts,
        "original": row,
    }
