"""The mailbox in the browser, for staff and only in the sandbox. Looking at a mail never fires what is in it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csp import get_nonce
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.html import format_html
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from campaigns.content.html import links
from campaigns.models import Message
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.runtime.mailbox.answering import answer, message_of
from campaigns_project.runtime.mailbox.answers import Answer
from campaigns_project.runtime.mailbox.store import Mail, MailStore

PAGE_SIZE = 50
WORDS = "Thanks, that sounds useful. Could you call me on Thursday after two?"  # unless other ones are typed
MOST_WORDS = 5_000  # characters of an answer
SOURCE_SHOWN = 200_000  # bytes; the rest is there to download
TABS = ("html", "text", "headers", "source")
POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.NONCE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# Inside the frame, on top of `sandbox`: no scripts, no remote images, so our own open pixel stays unfired.
FRAME_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
FRAME_HEAD = f"""<meta http-equiv="Content-Security-Policy" content="{FRAME_POLICY}">
<meta name="referrer" content="no-referrer">
"""

View = Callable[..., HttpResponse]


def _in_sandbox(view: View, method: Callable[[View], View] = require_safe) -> View:
    """For staff, and 404 where mails really go out: then there is no mailbox here to look into."""
    for_staff = csp_override(POLICY)(method(staff_member_required(view, login_url="admin:login")))

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if not settings.SANDBOX:
            raise Http404("There is no local mailbox: SANDBOX is off.")
        return for_staff(request, **arguments)

    return guarded


@_in_sandbox
def mail_list(request: HttpRequest) -> HttpResponse:
    """Newest first, with search and pages; the first page renews itself."""
    query = request.GET.get("q", "").strip()
    page = _store().page(_page_number(request), PAGE_SIZE, query)
    context = {"page": page, "query": query, "nonce": get_nonce(request), "smtp": _smtp_address()}
    return render(request, "mailbox/list.html", context)


@_in_sandbox
def mail_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One mail: as it looks, its text, its headers, its source. Which one is in the address."""
    mail = _mail(key)
    tab = request.GET.get("view", "")
    message = message_of(mail)
    context = {
        "mail": mail,
        "message": message if message and _may_answer(request, message) else None,
        "words": WORDS,
        "tabs": TABS,
        "tab": tab if tab in TABS else ("html" if mail.html else "text"),
        "frame": FRAME_HEAD + mail.html,
        "links": links(mail.html) if mail.html else [],
        "source": mail.raw[:SOURCE_SHOWN].decode("utf-8", "replace"),
        "source_is_cut": len(mail.raw) > SOURCE_SHOWN,
    }
    return render(request, "mailbox/detail.html", context)


@_in_sandbox
def mail_raw(request: HttpRequest, key: str) -> HttpResponse:
    """The mail as it came, to save or to open elsewhere."""
    headers = {"Content-Disposition": f'attachment; filename="{key}.eml"'}
    return HttpResponse(_mail(key).raw, content_type="message/rfc822", headers=headers)


def mail_answer(request: HttpRequest, key: str) -> HttpResponse:
    """Answer it as its recipient, or as that one's mail server; who may work on the campaign may do so."""
    mail, kind = _mail(key), request.POST.get("kind", "")
    message = message_of(mail)
    if kind not in Answer or message is None or not _may_answer(request, message):
        raise Http404("There is no such answer to this mail.")
    words = request.POST.get("words", "").strip()[:MOST_WORDS] or WORDS
    actor = Actor.of_request(request, via="admin")
    try:
        done = answer(mail=mail, kind=Answer(kind), words=words, actor=actor, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        page = reverse("admin:campaigns_recipient_change", args=[done.recipient.pk])
        told = 'It was read as {}. In “{}” {} is now: <a href="{}">{}</a>.'
        who, status = done.recipient.email_address, done.recipient.get_status_display().lower()
        kind_in_words = done.kind.replace("_", " ")
        messages.success(request, format_html(told, kind_in_words, done.recipient.campaign, who, page, status))
    return HttpResponseRedirect(reverse("mailbox:detail", args=[key]))


mail_answer = _in_sandbox(mail_answer, require_POST)


def _may_answer(request: HttpRequest, message: Message) -> bool:
    return held_roles(request).covers(Role.OPERATOR, message.recipient.campaign.organization_id)


def _store() -> MailStore:
    return MailStore(settings.MAILBOX_DIR)


def _mail(key: str) -> Mail:
    mail = _store().get(key)
    if mail is None:
        raise Http404("There is no such mail in the mailbox.")
    return mail


def _page_number(request: HttpRequest) -> int:
    given = request.GET.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 1


def _smtp_address() -> str:
    return f"{settings.SANDBOX_SMTP_HOST}:{settings.SANDBOX_SMTP_PORT}"
