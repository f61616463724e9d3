"""How numbers, times and states look on our pages."""

import re
from datetime import datetime
from typing import Any

from django import template
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.contrib.messages.storage.base import Message
from django.db.models import Model
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from campaigns_project.accounts.admin.undo import Undo, undo_of
from campaigns_project.audit.reading import act, said, words

register = template.Library()

# State to (icon, tone). Never a color alone: the icon and the word say the same.
CHIPS = {
    "draft": ("edit", "quiet"),
    "scheduled": ("schedule", "info"),
    "running": ("play_arrow", "good"),
    "paused": ("pause", "warn"),
    "completed": ("check", "quiet"),
    "stopped": ("stop", "quiet"),
    "failed": ("error", "bad"),
    "archived": ("inventory_2", "quiet"),
    "queued": ("hourglass_empty", "info"),
    "succeeded": ("check", "good"),
    "canceled": ("cancel", "quiet"),
    "stalled": ("running_with_errors", "bad"),
    "pending": ("hourglass_empty", "quiet"),
    "claimed": ("sync", "info"),
    "sending": ("sync", "info"),
    "sent": ("send", "good"),
    "settled": ("check", "quiet"),
    "quarantined": ("inventory", "warn"),
    "deferred": ("update", "warn"),
    "skipped": ("skip_next", "quiet"),
    "uncertain": ("help", "warn"),
    "replied": ("reply", "good"),
    "bounced": ("undo", "bad"),
    "unsubscribed": ("unsubscribe", "quiet"),
    "complained": ("report", "bad"),
    "halted": ("front_hand", "bad"),
    "ok": ("check", "good"),
    "warn": ("warning", "warn"),
    "fail": ("error", "bad"),
    "note": ("info", "quiet"),
    "unknown": ("help", "quiet"),
    "active": ("check", "good"),
    "open": ("drafts", "quiet"),
    "click": ("ads_click", "info"),
    "bounce": ("undo", "bad"),
    "reply": ("reply", "good"),
    "forward": ("forward", "info"),
    "unsubscribe": ("unsubscribe", "quiet"),
    "complain": ("report", "bad"),
    "to_do": ("flag", "info"),
    "in_touch": ("forum", "info"),
    "interested": ("thumb_up", "good"),
    "not_now": ("snooze", "warn"),
    "not_interested": ("thumb_down", "quiet"),
    "done": ("check", "quiet"),
    "enrolled": ("group_add", "quiet"),
    "imported": ("upload_file", "quiet"),
    "changed": ("edit", "quiet"),
    "merged": ("call_merge", "quiet"),
    "annotation": ("edit_note", "info"),
    "suppressed": ("block", "bad"),
    "machine": ("smart_toy", "quiet"),
    "act": ("person", "quiet"),
}
UNKNOWN = ("circle", "quiet")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# What stands in a page and is not read in it.
_UNSEEN = re.compile(r"<(style|title|script)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
EXCERPT = 160  # characters of a body

_UNITS = ((365 * 86400, "years"), (30 * 86400, "months"), (86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@register.filter
def chip(state: str, label: str = "") -> SafeString:
    """A state as icon and word."""
    icon, tone = CHIPS.get(state, UNKNOWN)
    return format_html(
        '<span class="fl-chip fl-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        tone,
        icon,
        label or _said(state),
    )


def _said(state: str) -> str:
    return "OK" if state == "ok" else state.replace("_", " ").capitalize()


register.filter("audited", said)
register.filter("audited_act", act)
register.filter("audited_words", words)


@register.filter
def icon(state: str) -> SafeString:
    """A state as a colored icon, for a line whose words say the same; the word is there for who cannot see it."""
    name, tone = CHIPS.get(state, UNKNOWN)
    picture = format_html('<span class="material-symbols-outlined fl-text-{}" aria-hidden="true">{}</span>', tone, name)
    return picture + format_html('<span class="fl-unseen">{}:</span>', _said(state))


@register.filter
def number(value: int | None) -> str:
    """With thousands separators; a dash where there is none."""
    return "—" if value is None else str(intcomma(value))


@register.simple_tag
def share(part: int, whole: int) -> str:
    """A rate that shows its fraction: 4.1 % (17 of 412). A dash where there is nothing to divide by."""
    return f"{100 * part / whole:.1f} % ({intcomma(part)} of {intcomma(whole)})" if whole else "—"


@register.simple_tag
def undo(message: Message) -> Undo | None:
    """What takes back what this message tells of, if anything does."""
    return undo_of(message)


@register.filter
def percent(part: int, whole: int) -> str:
    """How wide a bar is, for CSS: always with a point, whatever the language of the page."""
    return f"{100 * part / whole:.3f}" if whole else "0"


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """How long ago or ahead, with the full time for whoever points at it or asks for the source."""
    if at is None:
        return "—"
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        at.isoformat(timespec="seconds"),
        local.strftime("%d %b %Y %H:%M:%S"),
        timezone.get_current_timezone_name(),
        relative(at, timezone.now()),
    )


@register.filter
def seconds(value: float) -> str:
    """A duration in a word or two: 4 s, 12 min, 3 h."""
    size, unit = next(((size, unit) for size, unit in _UNITS if value >= 2 * size), _UNITS[-1])
    return f"{int(value // size)} {unit}"


@register.inclusion_tag("unfold/helpers/header_title.html", takes_context=True)
def place(context: RequestContext) -> dict[str, Any]:
    """The title of a page, with the way to it: what the sidebar opens, the row, and what is done to it (`doing`)."""
    opts, title = context.get("opts"), context.get("title")
    if not opts:
        return {"way": [], "here": title}
    row = next((each for name in ("original", "object") if isinstance(each := context.get(name), Model)), None)
    way = [admin.site.get_model_admin(opts.model).stands_under]  # type: ignore[attr-defined]
    here = context.get("doing") or (title if row is None or context.get("add") else "")
    if row is None:
        return {"way": way, "here": here} if here else {"way": [], "here": way[0][0]}
    if not here:
        return {"way": way, "here": row}
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return {"way": [*way, (row, reverse(name, args=[row.pk]))], "here": here}


def relative(at: datetime, now: datetime) -> str:
    """`at` seen from `now`: just now, 5 min ago, in 3 h. Two of a unit before the next larger one takes over."""
    seconds = int((now - at).total_seconds())
    if abs(seconds) < 5:
        return "just now"
    size, unit = next((size, unit) for size, unit in _UNITS if abs(seconds) >= 2 * size)
    amount = f"{abs(seconds) // size} {unit}"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


@register.filter
def days(chosen: list[int]) -> str:
    """Days of the week by their numbers, 1 for Monday: Mon-Fri, or Mon, Wed."""
    if not chosen or len(chosen) == 7:
        return "every day"
    ordered = sorted(chosen)
    names = [WEEKDAYS[day - 1] for day in ordered]
    is_run = len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1))
    return f"{names[0]} to {names[-1]}" if is_run else ", ".join(names)


@register.filter
def wait(step: Any) -> str:
    """How long a step waits, and after what."""
    after = "enrollment" if step.position == 1 else "the mail before"
    if not step.wait_amount:
        return f"at once after {after}"
    unit = step.wait_unit.rstrip("s") if step.wait_amount == 1 else step.wait_unit
    if step.wait_unit == "days" and step.campaign.counts_sending_days:
        unit = f"sending {unit}"
    return f"{step.wait_amount:,} {unit} after {after}"


@register.filter
def excerpt(wording: Any) -> str:
    """The beginning of a body, as text."""
    html = _UNSEEN.sub(" ", wording.body_html)
    text = strip_tags(html.replace("<", " <")) or wording.body_text
    return Truncator(" ".join(text.split())).chars(EXCERPT)
