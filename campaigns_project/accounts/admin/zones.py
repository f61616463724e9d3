"""A choice of time zones: nobody types their names right."""

from functools import lru_cache
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns_project.accounts.timezones import known_zones


class ZoneField(forms.ChoiceField):
    """One of the zones people know by region and city."""

    def __init__(self, *, empty_label: str = "", **kwargs: Any):
        blank = [("", empty_label)] if empty_label else []
        super().__init__(
            choices=lambda: [*blank, *zones()], widget=UnfoldAdminSelectWidget, label="Time zone", **kwargs
        )


@lru_cache(maxsize=1)
def zones() -> tuple[tuple[str, str], ...]:
    """Every zone as value and words, UTC first."""
    named = sorted(name for name in known_zones() if "/" in name and not name.startswith(("Etc/", "System")))
    return (("UTC", "UTC"), *((name, name.replace("_", " ")) for name in named))
