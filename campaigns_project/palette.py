"""What the command search (Ctrl+K) finds: pages by their name, rows, and acts on them, as in “pause autumn”.

Nothing is kept between two questions: a row that is gone, an act that is not offered any more and an organization that
one has left are not found a moment later. Of each kind only a few are read, however many match.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from campaigns_project.patience import TookTooLong, within

EACH = 6  # rows of one kind: a longer list is what the list's own search is for
LEAST = 2  # letters; one would find everybody
NEWEST = 50  # rows that an act named alone may be meant for
LONGEST = 200  # letters of a question
PATIENCE = 300  # milliseconds for one kind of rows


@dataclass(frozen=True)
class Found:
    """One line of the answer."""

    title: str
    description: str
    link: str
    icon: str


def look_up(request: HttpRequest, typed: str, *, pages: Iterable[dict[str, Any]], models: Iterable[str]) -> list[Found]:
    """What `typed` may mean, for this user: acts first, since whoever names one means it; then rows, then pages.

    `pages` are the groups of the sidebar, `models` the labels of what has rows worth finding.
    """
    words = " ".join(typed.split())[:LONGEST]
    if not words:
        return []
    searched = [found for found in map(_admin_of, models) if found is not None and found.has_view_permission(request)]
    acts = [each for model_admin in searched for each in _acts(request, model_admin, words)]
    rows = [each for model_admin in searched for each in _rows(request, model_admin, words)]
    return [*acts, *rows, *_pages(pages, words)]


def _admin_of(label: str) -> Any:
    return next((found for model, found in admin.site._registry.items() if model._meta.label_lower == label), None)


def _acts(request: HttpRequest, model_admin: Any, words: str) -> Iterator[Found]:
    """An act whose name begins with what was typed first, on the rows that the rest of it finds.

    One that is named alone is offered on the newest rows, if it is one that the list has at hand.
    """
    for action in model_admin._get_base_actions_detail():
        whom, rows = _after(action.description, words), []
        if whom:
            rows = _matching(request, model_admin, whom)
        elif _name(action) in model_admin.acts_at_hand and _begins(action.description, words):
            rows = model_admin.get_queryset(request).order_by("-pk")[:NEWEST]
        offered = (row for row in rows if action.method.offered(request, row))
        yield from (_act(model_admin, action, row) for row in islice(offered, EACH))


def _after(label: str, words: str) -> str:
    """What stands behind the name of the act, which may be cut short; nothing where it is another act or nobody."""
    named, asked = label.lower(), words.lower()
    if asked.startswith(f"{named} "):
        return words[len(named) + 1 :]
    verb, _, rest = words.partition(" ")
    return rest if _begins(label, verb) else ""


def _begins(label: str, words: str) -> bool:
    return len(words) >= LEAST and label.lower().startswith(words.lower())


def _rows(request: HttpRequest, model_admin: Any, words: str) -> Iterator[Found]:
    """Rows by their name, each with the acts that its list offers at hand."""
    at_hand = [each for each in model_admin._get_base_actions_detail() if _name(each) in model_admin.acts_at_hand]
    pages = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"
    kind = capfirst(model_admin.opts.verbose_name)
    found = _matching(request, model_admin, words)
    for row in found[:EACH]:
        state = row.get_status_display() if hasattr(row, "get_status_display") else ""
        said = ", ".join(filter(None, [kind, model_admin.told_apart_by(row), state.lower()]))
        yield Found(str(row), said, reverse(f"{pages}_change", args=[row.pk]), model_admin.row_icon)
        yield from (_act(model_admin, action, row) for action in at_hand if action.method.offered(request, row))
    if len(found) > EACH:
        everything = reverse(f"{pages}_changelist", query={SEARCH_VAR: words})
        yield Found(f"All {model_admin.rows_called} with “{words}”", "List", everything, "search")


def _name(action: Any) -> str:
    return action.action_name.rpartition("_")[2]


def _act(model_admin: Any, action: Any, row: Any) -> Found:
    link = reverse(f"admin:{action.action_name}", args=[row.pk])
    return Found(
        f"{action.description}: {row}", capfirst(model_admin.opts.verbose_name), link, action.icon or "arrow_forward"
    )


def _matching(request: HttpRequest, model_admin: Any, words: str) -> list[Any]:
    """A few rows that the list's own search would find, one more than are shown; none where they take too long."""
    if len(words) < LEAST:
        return []
    rows, is_twice = model_admin.get_search_results(request, model_admin.get_queryset(request), words)
    # In no order: by the list's own, a name that nobody has would be looked for in every row.
    rows = rows.order_by().distinct() if is_twice else rows.order_by()
    try:
        with within(PATIENCE):
            return list(rows[: EACH + 1])
    except TookTooLong:
        return []


def _pages(groups: Iterable[dict[str, Any]], words: str) -> Iterator[Found]:
    asked = words.lower()
    for group in groups:
        for item in group["items"]:
            if asked in item["title"].lower() or asked == group.get("title", "").lower():
                yield Found(item["title"], group.get("title") or "Page", item["link"], item["icon"])
