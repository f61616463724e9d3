"""The page on which everybody sets up, renews and switches off the second factor of their own account."""

from base64 import b32encode
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from campaigns_project.accounts.models import SecondFactor
from campaigns_project.accounts.second_factors import begin, confirm, replace_recovery_codes, switch_off
from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused

ISSUER = "Fairlead"
WRONG = "This code is not right, was used before, or came too soon after a wrong one. Wait for the next."


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
        help_text="What the app shows now, or a recovery code.",
    )


class ConfirmForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code"}),
        help_text="What the app shows now: six digits.",
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
        help_text="Wherever else you are logged in, you will be logged out.",
    )


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """What there is; by POST one of the acts. Key and recovery codes are shown in the answer to the act alone."""
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        return _page(request, form=CodeForm())
    try:
        return act(request)
    except Refused as refused:
        messages.error(request, str(refused))
        return _back()


def _begin(request: HttpRequest) -> HttpResponse:
    return _page(request, begun=begin(user=request.user), form=ConfirmForm())  # type: ignore[arg-type]


def _confirm(request: HttpRequest) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data
        # Asked as at the login: wrong ones are counted into the same lock-out.
        user = authenticate(request, username=request.user.email, password=typed["password"])  # type: ignore[union-attr]
        if user is None:
            form.add_error("password", "This is not your password.")
        elif codes := confirm(user=user, actor=_actor(request), **typed):
            update_session_auth_hash(request, user)
            return _page(request, codes=codes)
        else:
            form.add_error("code", WRONG)
    begun = SecondFactor.objects.filter(user=request.user.pk, confirmed=False).first()
    return _page(request, begun=begun, form=form) if begun else _back()


def _renew(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        if codes := replace_recovery_codes(user=request.user, actor=_actor(request), **form.cleaned_data):  # type: ignore[arg-type]
            return _page(request, codes=codes)
        form.add_error("code", WRONG)
    return _page(request, form=form)


def _switch_off(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        if switch_off(user=request.user, actor=_actor(request), **form.cleaned_data):  # type: ignore[arg-type]
            messages.success(request, "The second factor is switched off. Your password alone logs you in.")
            return _back()
        form.add_error("code", WRONG)
    return _page(request, form=form)


ACTS = {"begin": _begin, "confirm": _confirm, "renew": _renew, "switch_off": _switch_off}


def _page(
    request: HttpRequest,
    *,
    begun: SecondFactor | None = None,
    codes: list[str] | None = None,
    form: forms.Form | None = None,
) -> HttpResponse:
    factor = SecondFactor.objects.filter(user=request.user.pk, confirmed=True).first()
    context: dict[str, Any] = {"title": "Second factor", "factor": factor, "codes": codes, "form": form}
    if begun:
        context |= {"qr_code": _qr_code(begun), "key": _grouped(_letters(begun))}
    return TemplateResponse(
        request, "runtime/admin/second_factor.html", {**admin.site.each_context(request), **context}
    )


def _qr_code(factor: SecondFactor) -> str:
    """As an image in an address, which needs no second request for the key. Black on white, as cameras want it."""
    label = quote(f"{ISSUER}:{factor.user.email}")
    address = f"otpauth://totp/{label}?{urlencode({'secret': _letters(factor), 'issuer': ISSUER})}"
    return segno.make(address, error="m").svg_data_uri(scale=5, light="#fff", dark="#000")


def _letters(factor: SecondFactor) -> str:
    """The key as apps take it, which has no padding since its 20 bytes need none."""
    return b32encode(bytes.fromhex(factor.key)).decode()


def _grouped(letters: str) -> str:
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _actor(request: HttpRequest) -> Actor:
    return Actor.of_request(request, via="admin")


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:second_factor"))


def may_view(request: HttpRequest) -> bool:
    """Everybody who may enter the admin, for their own account."""
    return True


show_page(Page("second_factor", "second-factor/", second_factor_page, may_view))
