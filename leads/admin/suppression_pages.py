"""Pages beside the list of suppressions: a question, a list to be added, the list as a file."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from leads.admin.suppression_forms import CheckForm, ListForm
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import EntryState, Many, Outlook, check, held_back, in_words, look_at, suppress_many
from leads.suppression.exporting import export_suppressions

TILES_COUNT = 100_000  # entries: counting more takes longer than anybody waits for tiles
INVALID_SHOWN = 50


class SuppressionPages:
    """Mixed into the admin of suppressions."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        pages = {"check": self.check_view, "list": self.list_view, "export": self.export_view}
        own = [path(f"{name}/", view(page), name=f"leads_suppression_{name}") for name, page in pages.items()]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        more = {
            "tiles": _tiles(held_roles(request).scope(Suppression.objects.all())),
            "check_form": CheckForm(request),
            "may_add": may_here(request, Role.OPERATOR),
            "may_export": may_here(request, Role.MANAGER),
        }
        return super().changelist_view(request, {**more, **(extra_context or {})})  # type: ignore[misc]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Can we write to these? Asked by POST, so that no address stands in a URL; changes nothing."""
        if not may_here(request, Role.VIEWER):
            raise PermissionDenied
        form = CheckForm(request, request.POST or None)
        found: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            found = _found(form.cleaned_data["organization"], form.cleaned_data["addresses"])
        return self._page(request, "leads/admin/suppression_check.html", "Can we write to …?", form, **found)

    def list_view(self, request: HttpRequest) -> HttpResponse:
        """A list is looked at first, and suppressed by the second button."""
        if not may_here(request, Role.OPERATOR):
            raise PermissionDenied
        form = ListForm(request, request.POST or None, request.FILES or None)
        outlook, read = None, {}
        if request.method == "POST" and form.is_valid():
            if "confirmed" in request.POST:
                messages.success(request, _done(self._add(request, form.cleaned_data)))
                return HttpResponseRedirect(reverse("admin:leads_suppression_changelist"))
            outlook, read = _look(form.cleaned_data), form.cleaned_data
            form = _asked_again(request, form)
        told = {"outlook": outlook, **(_told(outlook, read) if outlook else {})}
        return self._page(request, "leads/admin/suppression_list.html", "Add a list of suppressions", form, **told)

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Every entry of the user's organizations, as a CSV that is safe to open in a spreadsheet."""
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:leads_suppression_changelist"))
        if not may_here(request, Role.MANAGER):
            raise PermissionDenied
        rows = held_roles(request).scope(Suppression.objects.all(), Role.MANAGER)
        lines = export_suppressions(rows=rows, actor=Actor.of_request(request, via="admin"))
        headers = {"Content-Disposition": f'attachment; filename="suppressions-{timezone.now():%Y%m%d-%H%M%S}.csv"'}
        return StreamingHttpResponse(_encoded(lines), content_type="text/csv; charset=utf-8", headers=headers)

    def _add(self, request: HttpRequest, asked: dict[str, Any]) -> Many:
        return suppress_many(
            organization=asked["organization"],
            texts=asked["lines"],
            reasons=asked["reasons"],
            reason=SuppressionReason(asked["reason"]),
            source=asked["source"] or "a list",
            campaign_id=asked["campaign_id"],
            expires_at=_end(asked["expires_on"]),
            actor=Actor.of_request(request, via="admin"),
            created_by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    def _page(self, request: HttpRequest, template: str, title: str, form: Any, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": title,
            "opts": self.opts,  # type: ignore[attr-defined]
            "form": form,
            "back": reverse("admin:leads_suppression_changelist"),
            **more,
        }
        return TemplateResponse(request, template, context)


def _tiles(rows: Any) -> list[dict[str, Any]]:
    """How many there are for each reason; of a very long list, among as many as are counted."""
    some = rows.order_by().values("pk")[:TILES_COUNT]
    counts = dict(Suppression.objects.filter(pk__in=some).order_by().values_list("reason").annotate(n=Count("pk")))
    is_cut = sum(counts.values()) == TILES_COUNT
    url = reverse("admin:leads_suppression_changelist")
    return [
        {"label": reason.label, "value": f"{counts[reason]:,}{'+' * is_cut}", "url": f"{url}?reason__exact={reason}"}
        for reason in SuppressionReason
        if reason in counts
    ]


def _found(organization: Organization, asked: list[str]) -> dict[str, Any]:
    """For each address the answer, its lead, and what forbids it in single campaigns; a fixed number of queries."""
    now = timezone.now()
    answers = check(organization=organization, addresses=asked, now=now)
    targets = {each.target for each in answers if each.target}
    only = held_back(organization=organization, targets=targets, now=now)
    people = Lead.objects.for_organization(organization).filter(email_normalized__in=targets)
    leads = dict(people.order_by().values_list("email_normalized", "pk"))
    allowed = [each.asked for each in answers if each.is_allowed]
    addresses = [each.asked for each in answers if each.is_allowed and not each.is_domain]
    return {
        "answers": [
            {"answer": each, "lead": leads.get(each.target), "only": only.get(each.target, ())} for each in answers
        ],
        "allowed_count": len(allowed),
        "to_copy": "\n".join(addresses),
    }


def _look(asked: dict[str, Any]) -> Outlook:
    return look_at(
        organization=asked["organization"],
        texts=asked["lines"],
        reasons=asked["reasons"],
        campaign_id=asked["campaign_id"],
        reason=SuppressionReason(asked["reason"]),
        now=timezone.now(),
    )


def _asked_again(request: HttpRequest, form: ListForm) -> ListForm:
    """The same form with the lines of the file in the box: a browser does not send a file twice."""
    data = request.POST.copy()
    data["entries"] = form.cleaned_data["text"]
    return ListForm(request, data)


def _told(outlook: Outlook, read: dict[str, Any]) -> dict[str, Any]:
    without = outlook.count(EntryState.NEW) - sum(outlook.reasons.values())
    return {
        "columns": read["columns"],
        "reason_columns": read["reason_columns"],
        "reasons": in_words(outlook.reasons),
        "other_reason": in_words({read["reason"]: without}) if without else "",
        "counts": [(outlook.count(state), state.label) for state in EntryState if outlook.count(state)],
        "new": outlook.count(EntryState.NEW),
        "stops": outlook.stops,
        "domains": [entry.target for entry in outlook.of(EntryState.NEW) if "@" not in entry.target][:INVALID_SHOWN],
        "invalid": outlook.of(EntryState.INVALID)[:INVALID_SHOWN],
    }


def _done(done: Many) -> str:
    more = [
        f"{number:,} {words}"
        for number, words in ((done.known, "were there already"), (len(done.invalid), "were left out"))
        if number
    ]
    left = f" {done.active:,} {'person' if done.active == 1 else 'people'} left their campaigns." if done.active else ""
    return f"{done.added:,} added{', ' if more else ''}{', '.join(more)}.{left}"


def _end(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _encoded(lines: Iterator[str]) -> Iterator[bytes]:
    for line in lines:
        yield line.encode()
