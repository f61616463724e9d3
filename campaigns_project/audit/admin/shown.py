"""How an entry of the audit log looks on a page."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.reading import said


def named(entry: AuditLog) -> str:
    """What an entry is about, in words; the log kept the name, so this outlives the thing."""
    model = _model(entry.entity_type)
    kind = str(model._meta.verbose_name) if model else entry.entity_type
    return f"{kind} {entry.entity_id} {entry.entity_name}".strip()


def object_link(entry: AuditLog, request: HttpRequest) -> str | SafeString:
    """The same, as a link while there is something to see, and to the other entries about it."""
    about = f"{reverse('admin:audit_auditlog_changelist')}?" + urlencode(
        {"entity_type": entry.entity_type, "entity_id": entry.entity_id}
    )
    others = format_html('<a class="text-link" href="{}">all entries about it</a>', about)
    page = _page(entry, request)
    if page is None:
        return format_html("{} (not there any more, or not for you) · {}", named(entry), others)
    return format_html('<a class="text-link" href="{}">{}</a> · {}', page, named(entry), others)


def request_link(entry: AuditLog, label: str) -> SafeString:
    """To all that one request wrote."""
    address = f"{reverse('admin:audit_auditlog_changelist')}?{urlencode({'request_id': entry.request_id})}"
    return format_html('<a class="text-link" href="{}">{}</a>', address, label)


def changes(entry: AuditLog) -> str | SafeString:
    """Before and after, a line for each field."""
    before, after = entry.before or {}, entry.after or {}
    names = list(dict.fromkeys([*before, *after]))
    if not names:
        return "—"
    rows = format_html_join(
        "",
        '<tr><td data-label="Field">{}</td><td data-label="Before" class="fl-break">{}</td>'
        '<td data-label="After" class="fl-break">{}</td></tr>',
        ((name, _value(before, name), _value(after, name)) for name in names),
    )
    return format_html(
        '<table class="fl-table fl-stack"><thead><tr><th scope="col">Field</th><th scope="col">Before</th>'
        '<th scope="col">After</th></tr></thead><tbody>{}</tbody></table>',
        rows,
    )


def _value(values: dict[str, Any], name: str) -> str:
    return said(values[name]) if name in values else "—"


def _page(entry: AuditLog, request: HttpRequest) -> str | None:
    """The page of the thing, where it lives, and this user may see it."""
    model = _model(entry.entity_type)
    if model is None or not entry.entity_id.isascii() or not entry.entity_id.isdigit():
        return None
    rows = admin.site._registry[model].get_queryset(request)
    if not rows.filter(pk=entry.entity_id).exists():
        return None
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[entry.entity_id])


def _model(name: str) -> type[Model] | None:
    """The model the log calls by this name, if it has pages."""
    return next((model for model in admin.site._registry if model._meta.model_name == name), None)
