"""The admin: who may enter, and what the frame around every page shows."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.urls import get_script_prefix, path, reverse
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

from campaigns_project.accounts.login_form import LoginForm
from campaigns_project.accounts.shown_for import told_who_it_is_now
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.palette import look_up
from campaigns_project.settings.unfold import KEYS, SEARCHED, SIDEBAR

FOUND_SHOWN = 100  # in the command search, which has no second page
NOT_KEPT = "You were logged out before this arrived, so nothing of it was saved. Log in, and do it once more."


class FairleadAdminSite(UnfoldAdminSite):
    """Open to people with `is_staff`; what each sees is told by the roles of their memberships."""

    site_header = site_title = "Fairlead"
    index_title = "Home"
    login_form = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and user.is_staff and not hasattr(user, "service_account")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """As Django's; but a fragment that is fetched after the session ended leads the whole page to the login.

        The redirect that a page gets would put the login form into the middle of the page. And who sent a form is told
        that it was for nothing, rather than finding it empty after the login. What the page of another person asks for
        is not done.
        """
        page = super().admin_view(view, cacheable)

        def page_or_fragment(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                if request.headers.get("HX-Request"):
                    return HttpResponse(status=401, headers={"HX-Redirect": _login_url(request)})
                if request.method == "POST" and request.user.is_anonymous:
                    messages.warning(request, NOT_KEPT)
            elif told := told_who_it_is_now(request):
                return told
            return page(request, *args, **kwargs)

        return page_or_fragment

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """As Django's, but made only for a page that shows it: it costs more than the rest of many a page's frame."""
        made: Any = SimpleLazyObject(partial(super().get_app_list, request, app_label))
        return made

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What our template shows as it is; Unfold would copy all of it, and work out again which item is lit."""
        return navigation(request)

    def get_urls(self) -> list[Any]:
        pages = [path(page.address, self.admin_view(page.view), name=page.name) for page in _pages.values()]
        return [*pages, *super().get_urls()]

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As Django's, and on record with the change itself; a form that is shown again was refused."""
        with transaction.atomic():
            answer = super().password_change(request, extra_context)
            if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
                actor = Actor.of_request(request, via="admin")
                record(action="user.password_changed", entity=request.user, organization_id=None, actor=actor)  # type: ignore[arg-type]
        return answer

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As Django's, called as what it says."""
        return super().password_change_done(request, {"title": "Password changed", **(extra_context or {})})

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """As Django's; and other tabs see by the new token that it was done, before they send what is typed there."""
        answer = super().logout(request, extra_context)
        rotate_token(request)
        return answer

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The command search. Not Unfold's own, which reads every row that matches and keeps what it found a while."""
        began, typed = time.monotonic(), request.GET.get("s", "")
        found = Paginator(look_up(request, typed, pages=navigation(request), models=SEARCHED), FOUND_SHOWN)
        context = {
            "search_term": typed,
            "page_obj": found,
            "results": found.page(1),
            "page_counter": 0,
            "execution_time": time.monotonic() - began,
        }
        answer = render(request, "unfold/helpers/command_results.html", context)
        answer["HX-Trigger"] = "search"
        answer["Cache-Control"] = "no-store"
        return answer

    def may_view(self, request: HttpRequest, label: str) -> bool:
        """True when the model is in the admin and this user may see its list; or, by its name, a page without one."""
        if label in _pages:
            return _pages[label].may_view(request)
        model_admin = self._registry.get(apps.get_model(label))
        return model_admin is not None and model_admin.has_view_permission(request)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar for this user. Every item has all its keys: a template looks for a missing one in four places."""
    site: Any = admin.site
    home = _linked(request, "Home", "home", _address("admin:index", get_script_prefix()))
    groups: list[dict[str, Any]] = [{"title": "", "separator": False, "items": [home]}]
    for title, items in SIDEBAR:
        seen = _lit_once([_item(request, *item) for item in items if site.may_view(request, item[2])])
        groups.append({"title": title, "separator": True, "items": seen})
    groups.append({"title": "Help", "separator": True, "items": _links(request)})
    return [group for group in groups if group["items"]]


def environment(_request: HttpRequest) -> list[str]:
    """The chip at the top: what kind of installation this is, so that nobody mistakes one for another."""
    if not settings.SANDBOX:
        return ["Live mail", "danger"]
    return ["Sandbox", "warning"] if settings.DATABASE_URL else ["Demo", "info"]


def title_prefix(_request: HttpRequest) -> str:
    """In front of the window's title, unless mail is real."""
    return "[Sandbox]" if settings.SANDBOX else ""


@dataclass(frozen=True)
class Banner:
    """A line above every page: what everybody here has to know before anything else, and where it is dealt with."""

    text: str
    link: str
    url: str


_banners: list[Callable[[HttpRequest], Iterable[Banner]]] = []


def show_banners(of: Callable[[HttpRequest], Iterable[Banner]]) -> None:
    """Ask `of` for banners at every page; for apps above this one, where they register their pages."""
    if of not in _banners:
        _banners.append(of)


_badges: dict[str, Callable[[HttpRequest], str]] = {}


def show_badge(title: str, of: Callable[[HttpRequest], str]) -> None:
    """Put what `of` answers (nothing: no badge) beside this item of the sidebar; for apps above this one."""
    _badges[title] = of


@dataclass(frozen=True)
class Page:
    """A page of the admin that belongs to no model. `name` is that of its URL, and in the sidebar's list."""

    name: str
    address: str
    view: Callable[..., HttpResponse]
    may_view: Callable[[HttpRequest], bool]


_pages: dict[str, Page] = {}


def show_page(page: Page) -> None:
    """Put a page into the admin; for apps above this one. Who may see it is asked by its view as well."""
    _pages[page.name] = page


_feet: list[Callable[[HttpRequest], str]] = []


def show_foot(of: Callable[[HttpRequest], str]) -> None:
    """Put what `of` answers (nothing: no line) under every page; for apps above this one."""
    if of not in _feet:
        _feet.append(of)


@dataclass(frozen=True)
class Copy:
    """What can be copied from a page: a text for a terminal, and what it is."""

    kind: str
    text: str


_copies: list[Callable[[HttpRequest], Iterable[Copy]]] = []


def show_copies(of: Callable[[HttpRequest], Iterable[Copy]]) -> None:
    """Offer what `of` answers under every page; for apps above this one."""
    if of not in _copies:
        _copies.append(of)


def shell(request: HttpRequest) -> dict[str, Any]:
    """What the templates around every page know."""
    if not request.user.is_authenticated:
        return {"is_sandbox": settings.SANDBOX, "banners": [], "feet": [], "copies": []}
    banners = [banner for of in _banners for banner in of(request)]
    feet = [line for of in _feet if (line := of(request))]
    copies = [copy for of in _copies for copy in of(request)]
    return {"is_sandbox": settings.SANDBOX, "banners": banners, "feet": feet, "copies": copies}


def _item(request: HttpRequest, title: str, icon: str, label: str, query: str = "") -> dict[str, Any]:
    name = label if label in _pages else f"{label.lower().replace('.', '_')}_changelist"
    link = _address(f"admin:{name}", get_script_prefix())
    item = _linked(request, title, icon, f"{link}?{query}" if query else link)
    if query:
        item["active"] = request.path == link and query in request.GET.urlencode()
    elif label in _pages:
        item["active"] = request.path.startswith((link, *_lists_of(label, get_script_prefix())))
    if title in _badges:
        item["badge"] = _badges[title](request)
    return item


def _linked(request: HttpRequest, title: str, icon: str, link: str) -> dict[str, Any]:
    """An item that is lit on its page and on those below it; Home, below which all stand, on its own alone."""
    active = request.path == link if title == "Home" else request.path.startswith(link)
    return {"title": title, "icon": icon, "link": link, "key": KEYS.get(title, ""), "active": active, "badge": ""}


@cache
def _address(name: str, prefix: str) -> str:
    """As Django finds it, once for every `prefix` of ours: half a hundred of them stand on each page."""
    return reverse(name)


@cache
def _lists_of(page: str, prefix: str) -> tuple[str, ...]:
    """Addresses of the lists whose rows are shown on a page of the sidebar: it is lit on their pages as well."""
    shown = [model for model, found in admin.site._registry.items() if getattr(found, "shown_on", "") == page]
    return tuple(_address(f"admin:{each._meta.app_label}_{each._meta.model_name}_changelist", prefix) for each in shown)


def _lit_once(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where a part of a list is open, its item is lit and not also the one of the whole list."""
    parts = {path for item in items if item["active"] for path, mark, _ in [item["link"].partition("?")] if mark}
    return [{**item, "active": False} if item["link"] in parts else item for item in items]


def _links(request: HttpRequest) -> list[dict[str, Any]]:
    mailbox = [_linked(request, "Mailbox", "inbox", "/mailbox/")] if settings.SANDBOX else []
    return [*mailbox, _linked(request, "API docs", "api", reverse("docs"))]


def _login_url(request: HttpRequest) -> str:
    """The login, and from there back to the page (not the fragment) that asked."""
    page = urlsplit(request.headers.get("HX-Current-URL", "")).path or reverse("admin:index")
    return f"{reverse('admin:login')}?{urlencode({'next': page})}"
