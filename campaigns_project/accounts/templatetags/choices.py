"""The options of a select, written in one go: a form may have half a thousand time zones."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.utils.formats import localize
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

type Options = Iterable[Mapping[str, Any]]


@register.filter
def as_options(groups: Iterable[tuple[str | None, Options, int]]) -> SafeString:
    """As Django's templates write them, of which it includes two for each option."""
    return format_html_join("\n", "{}", ((_group(name, options),) for name, options, _ in groups))


def _group(name: str | None, options: Options) -> SafeString:
    written = format_html_join("\n", '<option value="{}"{}>{}</option>', _parts(options))
    return format_html('<optgroup label="{}">\n{}\n</optgroup>', name, written) if name else written


def _parts(options: Options) -> Iterator[tuple[str, str, str]]:
    for each in options:
        yield escape(str(each["value"])), flatatt(each["attrs"]) if each["attrs"] else "", localize(each["label"])
