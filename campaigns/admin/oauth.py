"""Connecting senders and mailboxes with an account at Microsoft, Google or another provider, from their pages."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.models import Sender, SenderKind
from campaigns.oauth.connecting import (
    HOLDS_FOR,
    OF_KIND,
    Attempt,
    Owner,
    applications_for,
    begin,
    disconnect,
    finish,
)
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip, moment
from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.encryption import decrypt, encrypt
from campaigns_project.errors import Refused
from campaigns_project.faults import told_as_faults

CALLBACK = "oauth_callback"
ATTEMPTS = "oauth_attempts"  # in the session, by their state; encrypted, since sessions stand in the database
MOST_ATTEMPTS = 5  # in one session: of more, begun in as many windows, the oldest is forgotten
MOST_SAID = 300  # characters of a provider's words that are shown
DENIED = frozenset({"access_denied", "consent_required"})


def redirect_address() -> str:
    """Where a provider sends people back to; every application has to be registered with it."""
    return settings.PUBLIC_URL.rstrip("/") + reverse(f"admin:{CALLBACK}")


class ShowsLogin:
    """What the page of something that logs in shows of how it does."""

    @display(description="Logs in by")
    def login(self, owner: Owner) -> SafeString | str:
        if owner.connected_at is None:
            return "Password. With “Connect” above, once this is saved: an account at Microsoft 365, Google or another."
        name = owner.oauth_application.provider_name if owner.oauth_application else "an application that is gone"
        if owner.connection_ended_at is not None:
            return format_html("{} {}, {}", chip("fail", "Connect again"), name, moment(owner.connection_ended_at))
        return format_html("{} {}, {}", chip("ok", "Connected"), name, moment(owner.connected_at))


class Connect(ActDialog):
    label = "Connect"
    icon = "link"
    submit_text = "Go on to the provider"

    application = forms.ChoiceField(
        label="OAuth application", widget=UnfoldAdminSelectWidget, help_text="Owners make them, under this name."
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._found = {str(each.pk): each for each in applications_for(self.object)}
        self._address = ""
        self.fields["application"].choices = [(key, str(each)) for key, each in self._found.items()]
        self.is_blocked = not self._found

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        """For whatever logs in at a mail server and is not connected, or not any more."""
        is_by_api = isinstance(obj, Sender) and obj.kind != SenderKind.SMTP
        return not is_by_api and not obj.is_connected and super().offered(request, obj)

    @property
    def title(self) -> str:
        return f"Connect {self.object}{' again' if self.object.connected_at else ''}?"

    @property
    def description(self) -> str:
        if self.is_blocked:
            where = f" for {self.object.host}" if self.object.host else ""
            return f"There is no OAuth application{where} yet. An owner makes one under OAuth applications."
        return (
            "You sign in at the provider and allow it there; then you come back to this page. No password is stored: "
            f"it logs in by tokens, until that is taken back. You have {HOLDS_FOR.seconds // 60} minutes."
        )

    def act(self) -> str:
        attempt, self._address = begin(
            owner=self.object,
            application=self._found[self.cleaned_data["application"]],
            person=self.request.user.pk,
            redirect=redirect_address(),
            now=self.now,
        )
        _keep(self.request, attempt)
        return ""

    def next_url(self) -> str:
        return self._address or super().next_url()


class Disconnect(ActDialog):
    label = "Disconnect"
    icon = "link_off"
    is_final = True
    title = "Forget the account?"
    description = (
        "Its tokens are deleted here and it logs in by password again. What was allowed at the provider is taken back "
        "there, in the settings of the account."
    )
    submit_text = "Disconnect"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.connected_at is not None and super().offered(request, obj)

    def act(self) -> str:
        disconnect(owner=self.object, actor=self.actor)
        return f"{self.object} is not connected any more. It logs in by password."


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """The provider sends the browser back here, with a code or with the reason why there is none.

    A GET that changes something, as OAuth has it: only for whoever began it in this session, once, within ten minutes.
    """
    now = timezone.now()
    attempt = _taken(request, request.GET.get("state", ""), now)
    if attempt is None:
        messages.error(
            request,
            "Nothing was connected: this was not begun in this browser, is over already, or took more than ten "
            "minutes. Begin again on the page of the sender or mailbox.",
        )
        return HttpResponseRedirect(reverse("admin:index"))
    pages: Any = admin.site.get_model_admin(OF_KIND[attempt.kind])
    owner = pages.object_or_404(request, str(attempt.owner), Role.MANAGER)
    try:
        with told_as_faults():
            _finish(request, owner, attempt, now)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _connected(owner))
    return HttpResponseRedirect(reverse(f"admin:campaigns_{attempt.kind}_change", args=[owner.pk]))


def _finish(request: HttpRequest, owner: Owner, attempt: Attempt, now: datetime) -> None:
    said = request.GET.get("error", "")
    if said:
        words = f"{said}: {request.GET.get('error_description', '')}"[:MOST_SAID].rstrip(": ")
        what = "was not allowed there" if said in DENIED else "did not work there"
        raise Refused("not_allowed", f"Nothing was connected: it {what} ({words}).", "Begin again to try once more.")
    actor = Actor.of_request(request, via="admin")
    code = request.GET.get("code", "")
    if not code:
        raise Refused("no_code", "Nothing was connected: the provider sent neither a code nor a reason.")
    finish(owner=owner, attempt=attempt, code=code, redirect=redirect_address(), actor=actor, now=now)


def _connected(owner: Owner) -> str:
    told = f"{owner} is connected. Test its login now: that its server takes the tokens is not tried yet."
    owner.refresh_from_db(fields=["status"])
    return f"{told} It is still paused." if owner.status == "paused" else told


def _keep(request: HttpRequest, attempt: Attempt) -> None:
    kept = request.session.get(ATTEMPTS, {})
    newest = dict([*kept.items(), (attempt.state, encrypt(attempt.as_text()))][-MOST_ATTEMPTS:])
    request.session[ATTEMPTS] = newest


def _taken(request: HttpRequest, state: str, now: datetime) -> Attempt | None:
    """What was begun with this state, which is used up by that; None where it is not this person's, or too old."""
    kept = request.session.get(ATTEMPTS, {})
    if state not in kept:
        return None
    attempt = Attempt.of_text(decrypt(kept.pop(state)))
    request.session[ATTEMPTS] = kept
    request.session.save()  # before the provider is asked: a second one who brings the same must not get this far
    return attempt if attempt.is_of(request.user.pk, now=now) else None


def may_view(request: HttpRequest) -> bool:
    """Whether the person may come back from a provider: whoever may be in the admin."""
    return request.user.is_authenticated


show_page(Page(CALLBACK, "oauth/callback", callback, may_view))
