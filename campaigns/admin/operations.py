"""What the pages of plans, calendar, tasks and metrics have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns.ops.switch import is_on
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.models import Organization, User
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused

NOBODY_YET = "campaigns/admin/no_organization.html"
CHOSEN = "fairlead_operations"  # the cookie that says whose were looked at last: a GET writes no session
MOST_OFFERED = 200  # organizations to choose from; whoever runs more of them names one in the address


class OperationsPages:
    """Mixed into model admins: nobody has any right to pages that are switched off."""

    def allowed(self, request: HttpRequest, act: str, obj: Any = None) -> bool:
        return is_on() and super().allowed(request, act, obj)  # type: ignore[misc]


class MembersChoice:
    """Mixed into model admins: a person in a form is a member of an organization one may act in."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is User:
            kwargs["queryset"] = members(held_organizations(request, Role.VIEWER))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


def members(organizations: Any) -> Any:
    """People of these organizations, by name."""
    return User.objects.filter(memberships__organization__in=organizations, is_active=True).distinct().order_by("email")


def held_organizations(request: HttpRequest, needed: Role = Role.VIEWER) -> Any:
    """Where the user holds the role, by name."""
    return held_roles(request).scope(Organization.objects.order_by("name", "pk"), needed)


def may_view(request: HttpRequest) -> bool:
    """Members of any organization, where the pages are switched on."""
    return is_on() and held_roles(request).covers(Role.VIEWER)


def operations_page(
    title: str,
) -> Callable[[Callable[[HttpRequest, Organization], Any]], Callable[[HttpRequest], HttpResponse]]:
    """A page about one organization: `?organization=SLUG`, or the one chosen last, or the first of the user's.

    `view` answers a template with its context, or an address to go to. What it refuses is shown above the page.
    """

    def around(view: Callable[[HttpRequest, Organization], Any]) -> Callable[[HttpRequest], HttpResponse]:
        @wraps(view)
        def page(request: HttpRequest) -> HttpResponse:
            if not is_on():
                raise Http404
            if not may_view(request):
                raise PermissionDenied
            mine = held_organizations(request)
            organization = _chosen(request, mine)
            answer = _answered(view, request, organization) if organization else (NOBODY_YET, {})
            if isinstance(answer, str):
                return HttpResponseRedirect(answer)
            template, context = answer
            around = {**_around(request, organization, mine), "title": title, **context}
            return _remembering(TemplateResponse(request, template, around), request, organization)

        return never_cache(require_http_methods(["GET", "HEAD", "POST"])(page))

    return around


def _chosen(request: HttpRequest, mine: Any) -> Organization | None:
    """None for somebody who is in none. What is chosen on one page holds for the others, till the browser is closed."""
    slug = request.GET.get("organization", "")
    if not slug:
        last = request.COOKIES.get(CHOSEN)
        return (mine.filter(slug=last).first() if last else None) or mine.first()
    organization = mine.filter(slug=slug).first()
    if organization is None:
        raise Http404
    return organization


def _remembering(answer: HttpResponse, request: HttpRequest, organization: Organization | None) -> HttpResponse:
    """The answer, with the choice kept in the browser where one was made."""
    if organization and request.GET.get("organization") and request.COOKIES.get(CHOSEN) != organization.slug:
        secure = settings.SESSION_COOKIE_SECURE
        answer.set_cookie(CHOSEN, organization.slug, httponly=True, secure=secure, samesite="Lax")
    return answer


def _answered(
    view: Callable[[HttpRequest, Organization], Any], request: HttpRequest, organization: Organization
) -> Any:
    try:
        return view(request, organization)
    except Refused as refused:
        messages.error(request, str(refused))
        return request.get_full_path()


def _around(request: HttpRequest, organization: Organization | None, mine: Any) -> dict[str, Any]:
    offered = list(mine[:MOST_OFFERED])
    asked = request.GET.copy()
    if organization:
        asked["organization"] = organization.slug
    return {
        **admin.site.each_context(request),
        # Where its forms go: another may be chosen in another tab meanwhile, and what is sent here is for this one.
        "here": f"{request.path}?{asked.urlencode()}",
        "organization": organization,
        "organizations": offered if len(offered) > 1 else [],
        "may_work": may_here(request, Role.OPERATOR, organization),
        "may_manage": may_here(request, Role.MANAGER, organization),
    }


def require_role(request: HttpRequest, needed: Role, organization: Organization) -> None:
    """PermissionDenied unless the user holds the role there."""
    if not may_here(request, needed, organization):
        raise PermissionDenied
