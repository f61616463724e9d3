"""Secrets in forms: they go in and never come out, and whoever types nothing keeps what is there."""

from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

from campaigns_project.accounts.admin.meanwhile import MeanwhileForm
from campaigns_project.audit.models import AuditLog
from campaigns_project.encryption import UNREADABLE, Unreadable


class UnseenLines(UnfoldAdminTextareaWidget):
    """Several lines that no page shows, not even to who typed them."""

    def format_value(self, value: Any) -> str:
        return ""


class SecretField(forms.CharField):
    """A secret, for an encrypted field of a model; of `lines` where it is no single word.

    `missing` is said where none is set, and `hint` always. `given_for` is what it was given for, which may not become
    another without it: the form refuses that, the field says so.
    """

    def __init__(self, *, missing: str = "", hint: str = "", given_for: str = "", lines: int = 1, **kwargs: Any):
        widget = (
            UnseenLines(attrs={"rows": lines, "autocomplete": "off", "spellcheck": "false"})
            if lines > 1
            else UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"})
        )
        super().__init__(required=False, widget=widget, **kwargs)
        self.missing, self.hint, self.given_for = missing, hint, given_for

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data))

    def told_of(self, row: models.Model, name: str) -> str:
        """What stands below it: whether one is set and since when, and that it stays where nothing is typed."""
        secret = getattr(row, name)
        if isinstance(secret, Unreadable):
            words = [UNREADABLE]
        elif secret:
            again = f", which another {self.given_for} does not allow" if self.given_for else ""
            words = [f"Set{_when(row, name)}, and never shown. Leave empty to keep it{again}."]
        else:
            words = ["None is set yet." if row.pk else "", self.missing, "Kept encrypted, never shown again."]
        return " ".join(filter(None, [*words, self.hint]))


class KeepsSecrets(MeanwhileForm):
    """A form whose secrets stay as they are where nothing is typed."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._kept: set[str] = set()
        for name, field in self.fields.items():
            if isinstance(field, SecretField):
                self.initial.pop(name, None)
                field.help_text = field.told_of(self.instance, name)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, field in self.fields.items():
            if isinstance(field, SecretField) and cleaned.get(name) == "":
                self._kept.add(name)
                cleaned[name] = getattr(self.instance, name)
        return cleaned

    def keeps(self, name: str) -> bool:
        """Whether the secret in this field stays as it is, since none was typed."""
        return name in self._kept


def _when(row: models.Model, name: str) -> str:
    """When and by whom, as far as the audit log knows."""
    last = AuditLog.objects.about(row).filter(after__has_key=name).order_by("-pk").first()
    if last is None:
        return ""
    return f" on {date_format(timezone.localtime(last.created_at), 'DATE_FORMAT')} by {last.actor_name}"
