"""Under a page: the same as a request of the API and as a command, to be copied. What has neither gets no line."""

from collections.abc import Iterator
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from campaigns_project.admin_site import Copy, show_copies
from campaigns_project.keys import key_of

# Commands that tell or do what a page does, by the name of its address; `{}` is the number of its row.
COMMANDS = {
    "campaigns_campaign_change": "campaign_status {}",
    "system_health": "doctor",
    "audit_auditlog_changelist": "verify_audit",
}
ANY = "any-campaign"  # in the place of a campaign's number
# Pages of a row that the API has under another address than the row.
PARTS = {"results": "/analytics"}


def copies(request: HttpRequest) -> Iterator[Copy]:
    """The request, and the command where there is one; neither has a secret in it."""
    match = request.resolver_match
    if match is None or match.url_name is None:
        return
    row = key_of(match.kwargs.get("object_id", ""))
    address = _address(match.url_name, row, key_of(request.GET.get("campaign", "")))
    if address:
        url = f"{settings.PUBLIC_URL}{address}"
        yield Copy("curl", f"curl -H \"Authorization: Bearer $KEY\" '{url}'")
    if match.url_name in COMMANDS and ("{}" not in COMMANDS[match.url_name] or row is not None):
        yield Copy("command", f"manage.py {COMMANDS[match.url_name].format(row)}")


def _address(page: str, row: int | None, campaign: int | None) -> str:
    """The page's address in the API; nothing where the API has none."""
    app, _, rest = page.partition("_")
    model, *part = rest.split("_", 1)
    whole, narrowed = _routes().get(f"{app}.{model}", ("", ""))
    if part == ["changelist"]:
        return narrowed.format(campaign) if narrowed and campaign is not None else whole
    if row is None or not whole or part not in (["change"], *([each] for each in PARTS)):
        return ""
    return f"{whole}/{row}{PARTS.get(part[0], '')}"


@cache
def _routes() -> dict[str, tuple[str, str]]:
    """By model, where its rows are: all of them, and those of one campaign."""
    found: dict[str, tuple[str, str]] = {}
    for pattern in _patterns(get_resolver()):
        view, name = getattr(pattern.callback, "cls", None), pattern.name or ""
        rows = getattr(view, "queryset", None)
        if rows is None or not name.endswith("-list") or not hasattr(view, "retrieve"):
            continue
        label = rows.model._meta.label_lower
        whole, narrowed = found.get(label, ("", ""))
        asked = set(pattern.pattern.regex.groupindex)
        if not asked:
            found[label] = whole or reverse(name), narrowed
        elif asked == {"campaign"}:
            found[label] = whole, reverse(name, kwargs={"campaign": ANY}).replace(ANY, "{}")
    return found


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each)
        else:
            yield each


show_copies(copies)
